/* An entry crosses the wire as it was; one that lies in any field is refused, and never read beyond its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

/* Where the fields lie; docs/wire.md has the table. */
#define AT_TYPE 0
#define AT_FLAGS 1
#define AT_MODE 2
#define AT_SIZE 14
#define AT_MTIME_NS 30
#define AT_PATH 54 /* its length */

static const struct entry_xattr two[] = {
	{ "system.posix_acl_access", "\2\0\0\0\1\0\6\0\xff\xff\xff\xff", 12 },
	{ "user.empty", "", 0 },
	{ "user.x", "a\0b", 3 },
};

static const struct entry file = {
	.path = "a/b\n\xff c",
	.type = ENTRY_FILE,
	.flags = ENTRY_SPARSE,
	.mode = 06751,
	.uid = 4294967294,
	.gid = 1000,
	.size_bytes = INT64_MAX,
	.mtime_s = -5,
	.mtime_ns = 999999999,
	.inode = UINT64_MAX,
	.links = 3,
	.target = "",
	.xattrs = two,
	.n_xattrs = 3,
};

static const struct entry others[] = {
	{ .path = "", .type = ENTRY_FOLDER, .mode = 0755, .target = "" },
	{ .path = "l", .type = ENTRY_SYMLINK, .mode = 0777, .target = "../../etc/passwd" },
	{ .path = "dev/null", .type = ENTRY_CHAR_DEVICE, .rdev_major = 1, .rdev_minor = 3, .target = "" },
	{ .path = "dev/sda", .type = ENTRY_BLOCK_DEVICE, .rdev_major = 8, .rdev_minor = 1048575, .target = "" },
	{ .path = "f", .type = ENTRY_FIFO, .mtime_s = INT64_MIN, .target = "" },
	{ .path = "s", .type = ENTRY_SOCKET, .mtime_s = INT64_MAX, .target = "" },
	{ .path = "d", .type = ENTRY_FILE, .flags = ENTRY_DIGEST_ONLY, .target = "", .xattr_digest = { 1, 2, 255 } },
};

/* From a block that ends where the payload does. */
static int decode(const uint8_t *data, size_t len_bytes, struct entry_memory *memory, struct entry *entry)
{
	uint8_t *copy = malloc(len_bytes + (len_bytes == 0));
	struct decoder d;
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len_bytes);
	decoder_init(&d, copy, len_bytes);
	get_entry(&d, memory, entry);
	rc = codec_done(&d, "ENTRY", NULL);
	free(copy); /* nothing of the entry leads into the payload */
	return rc;
}

static void assert_same(const struct entry *a, const struct entry *b)
{
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->target, b->target);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_true(a->size_bytes == b->size_bytes);
	assert_true(a->mtime_s == b->mtime_s);
	assert_int_equal(a->mtime_ns, b->mtime_ns);
	assert_int_equal(a->rdev_major, b->rdev_major);
	assert_int_equal(a->rdev_minor, b->rdev_minor);
	assert_true(a->inode == b->inode);
	assert_int_equal(a->links, b->links);
	assert_int_equal(a->n_xattrs, b->n_xattrs);
	for (size_t i = 0; i < a->n_xattrs; i++) {
		assert_string_equal(a->xattrs[i].name, b->xattrs[i].name);
		assert_int_equal(a->xattrs[i].len_bytes, b->xattrs[i].len_bytes);
		assert_memory_equal(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len_bytes);
	}
}

static void every_kind_of_entry_crosses_as_it_was(void **state)
{
	struct entry_memory memory;
	struct encoder e;
	struct entry got;

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	put_entry(&e, &file);
	assert_int_equal(decode(e.data, e.len_bytes, &memory, &got), 0);
	assert_same(&got, &file);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		encoder_reset(&e);
		put_entry(&e, &others[i]);
		assert_int_equal(decode(e.data, e.len_bytes, &memory, &got), 0);
		assert_same(&got, &others[i]);
		assert_memory_equal(got.xattr_digest, others[i].xattr_digest, ENTRY_DIGEST_BYTES);
	}
	encoder_done(&e);
	entry_memory_done(&memory);
}

static void values_give_the_digest_that_a_listing_tells(void **state)
{
	struct entry_memory memory;
	struct encoder e;
	struct entry got;
	uint8_t digest[ENTRY_DIGEST_BYTES];

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	put_entry(&e, &file);
	assert_int_equal(decode(e.data, e.len_bytes, &memory, &got), 0);
	entry_digest(two, 3, digest);
	assert_memory_equal(got.xattr_digest, digest, sizeof(digest));
	encoder_done(&e);
	entry_memory_done(&memory);
}

static void a_payload_cut_anywhere_is_refused(void **state)
{
	struct entry_memory memory;
	struct encoder e;
	struct entry got;

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	put_entry(&e, &file);
	for (size_t n = 0; n < e.len_bytes; n++) {
		assert_int_equal(decode(e.data, n, &memory, &got), -1);
		assert_string_equal(got.path, "");
		assert_int_equal(got.n_xattrs, 0);
	}
	put_u8(&e, 0);
	assert_int_equal(decode(e.data, e.len_bytes, &memory, &got), -1);
	encoder_done(&e);
	entry_memory_done(&memory);
}

/* What it takes is so plausible that it can be sent on. */
static void damaged_bytes_never_give_an_implausible_entry(void **state)
{
	struct entry_memory memory;
	struct encoder e;
	struct encoder again;

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	encoder_init(&again);
	put_entry(&e, &file);
	for (size_t i = 0; i < e.len_bytes; i++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t was = e.data[i];
			struct entry got;

			e.data[i] = (uint8_t)value;
			if (decode(e.data, e.len_bytes, &memory, &got) == 0) {
				encoder_reset(&again);
				put_entry(&again, &got);
				assert_int_equal(again.len_bytes, e.len_bytes);
				assert_memory_equal(again.data, e.data, e.len_bytes);
			}
			e.data[i] = was;
		}
	}
	encoder_done(&again);
	encoder_done(&e);
	entry_memory_done(&memory);
}

static void a_field_that_lies_is_refused(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t bytes[8];
		size_t n;
	} lies[] = {
		{ "type 0", AT_TYPE, { 0 }, 1 },
		{ "type 8", AT_TYPE, { 8 }, 1 },
		{ "type 255", AT_TYPE, { 255 }, 1 },
		{ "a symlink without a target", AT_TYPE, { ENTRY_SYMLINK }, 1 },
		{ "an unknown flag", AT_FLAGS, { 0x10 }, 1 },
		{ "a digest that is none", AT_FLAGS, { ENTRY_DIGEST_ONLY }, 1 },
		{ "a mode with a type in it", AT_MODE, { 0, 0, 0x81, 0xa4 }, 4 },
		{ "a size over 2^63 - 1", AT_SIZE, { 0x80, 0, 0, 0, 0, 0, 0, 0 }, 8 },
		{ "10^9 nanoseconds", AT_MTIME_NS, { 0x3b, 0x9a, 0xca, 0x00 }, 4 },
		{ "a path of 4 GiB", AT_PATH, { 0xff, 0xff, 0xff, 0xff }, 4 },
		{ "a path with a NUL", AT_PATH + 4, { 0 }, 1 },
		{ "an absolute path", AT_PATH + 4, { '/' }, 1 },
		{ "a path through ..", AT_PATH + 4, { '.', '.', '/' }, 3 },
		{ "an empty name", AT_PATH + 6, { '/' }, 1 },
	};
	struct entry_memory memory;
	struct encoder e;
	struct entry got;

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		encoder_reset(&e);
		put_entry(&e, &file);
		memcpy(e.data + lies[i].at, lies[i].bytes, lies[i].n);
		if (decode(e.data, e.len_bytes, &memory, &got) == 0)
			fail_msg("%s was taken", lies[i].what);
	}
	encoder_done(&e);
	entry_memory_done(&memory);
}

static void paths_that_lead_out_are_refused(void **state)
{
	static const char *const wrong[] = { "..",    "../x", "a/../../x", "a/..", ".",  "./a",
		                             "a/./b", "/",    "/etc",      "a//b", "a/", "a/." };
	struct entry_memory memory;
	struct encoder e;
	struct entry got;

	(void)state;
	entry_memory_init(&memory);
	encoder_init(&e);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct entry entry = file;

		entry.path = wrong[i];
		encoder_reset(&e);
		put_entry(&e, &entry);
		if (decode(e.data, e.len_bytes, &memory, &got) == 0)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	encoder_done(&e);
	entry_memory_done(&memory);
}

/* An entry without attributes, and behind it a count and what is given. */
static int with_xattrs(unsigned count, const struct entry_xattr *xattrs, size_t n, struct entry *got)
{
	struct entry plain = file;
	struct entry_memory memory;
	struct encoder e;
	int rc;

	plain.n_xattrs = 0;
	entry_memory_init(&memory);
	encoder_init(&e);
	put_entry(&e, &plain);
	e.len_bytes -= 2;
	put_u16(&e, (uint16_t)count);
	for (size_t i = 0; i < n; i++) {
		put_bytes(&e, xattrs[i].name, strlen(xattrs[i].name));
		put_bytes(&e, xattrs[i].value, xattrs[i].len_bytes);
	}
	rc = decode(e.data, e.len_bytes, &memory, got);
	encoder_done(&e);
	entry_memory_done(&memory);
	return rc;
}

static void attributes_that_lie_are_refused(void **state)
{
	static char long_name[257];
	const struct {
		const char *what;
		unsigned count;
		struct entry_xattr xattrs[2];
		size_t n;
	} lies[] = {
		{ "one more than there are", 2, { { "user.a", "1", 1 } }, 1 },
		{ "one less than there are", 1, { { "user.a", "1", 1 }, { "user.b", "2", 1 } }, 2 },
		{ "65535 of nothing", 65535, { { NULL, NULL, 0 } }, 0 },
		{ "4097", 4097, { { NULL, NULL, 0 } }, 0 },
		{ "not sorted", 2, { { "user.b", "1", 1 }, { "user.a", "2", 1 } }, 2 },
		{ "twice the same", 2, { { "user.a", "1", 1 }, { "user.a", "2", 1 } }, 2 },
		{ "without a name", 1, { { "", "1", 1 } }, 1 },
		{ "a name of 256 bytes", 1, { { long_name, "1", 1 } }, 1 },
	};
	static const struct entry_xattr right[] = { { "user.a", "1", 1 }, { "user.b", "", 0 } };
	struct entry got;

	(void)state;
	memset(long_name, 'n', 256);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (with_xattrs(lies[i].count, lies[i].xattrs, lies[i].n, &got) == 0)
			fail_msg("%s: was taken", lies[i].what);
	assert_int_equal(with_xattrs(2, right, 2, &got), 0);
	long_name[255] = '\0';
	assert_int_equal(with_xattrs(1, lies[7].xattrs, 1, &got), 0);
}

static void a_value_over_the_limit_is_refused(void **state)
{
	struct entry_xattr large = { "user.large", NULL, ENTRY_XATTRS_MAX_BYTES };
	void *value = calloc(1, ENTRY_XATTRS_MAX_BYTES + 1);
	struct entry got;

	(void)state;
	assert_non_null(value);
	large.value = value;
	assert_int_equal(with_xattrs(1, &large, 1, &got), 0);
	large.len_bytes++;
	assert_int_equal(with_xattrs(1, &large, 1, &got), -1);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_entry_crosses_as_it_was),
		cmocka_unit_test(values_give_the_digest_that_a_listing_tells),
		cmocka_unit_test(a_payload_cut_anywhere_is_refused),
		cmocka_unit_test(damaged_bytes_never_give_an_implausible_entry),
		cmocka_unit_test(a_field_that_lies_is_refused),
		cmocka_unit_test(paths_that_lead_out_are_refused),
		cmocka_unit_test(attributes_that_lie_are_refused),
		cmocka_unit_test(a_value_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
