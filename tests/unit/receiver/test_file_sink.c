#include "tests/unit/receiver/vault_lab.h"

#include <librsync.h>

#include "lib/sha256.h"
#include "receiver/apply.h"
#include "receiver/basis.h"
#include "receiver/file_sink.h"
#include "receiver/hash_tag.h"
#include "wire/entry_codec.h"

#define SIZE 100000

static struct incoming *incoming;
static struct file_sink *sink;

static int open_sink(void **state)
{
	enum incoming_how how;

	if (vault_lab_open(state) != 0)
		return -1;
	incoming = vault_lab_begin(*state, "run-1", &how);
	return file_sink_new(incoming, &sink, &((struct vault_lab *)*state)->err);
}

static int close_sink(void **state)
{
	file_sink_destroy(&sink);
	incoming_end(&incoming);
	return vault_lab_close(state);
}

static void fill(uint8_t *content, uint8_t seed)
{
	uint32_t x = seed + 1u;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		content[i] = (uint8_t)(x >> 24);
	}
}

static int begin_at(struct vault_lab *lab, const char *path, uint8_t basis, uint64_t at, uint8_t flags)
{
	struct entry entry = { .path = path,
		               .type = ENTRY_FILE,
		               .target = "",
		               .mode = 0640,
		               .size_bytes = SIZE,
		               .mtime_s = 7,
		               .flags = flags };
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_u8(&e, basis);
	put_u64(&e, at);
	put_entry(&e, &entry);
	rc = file_sink_begin(sink, e.data, e.len_bytes, &lab->err);
	encoder_done(&e);
	return rc;
}

static int begin(struct vault_lab *lab, const char *path, bool basis, uint8_t flags)
{
	return begin_at(lab, path, basis, 0, flags);
}

/* A delta of content against a basis (NULL: none), as rdiff writes it. Returns its bytes. */
static size_t delta_of(const uint8_t *content, const uint8_t *basis, uint8_t *out, size_t room)
{
	static uint8_t signature[SIZE];
	rs_signature_t *sums = NULL;
	rs_buffers_t b = { 0 };
	rs_job_t *job;

	if (basis != NULL) {
		union {
			const uint8_t *in;
			char *out;
		} bytes = { .in = basis };

		job = rs_sig_begin(4096, 8, RS_RK_BLAKE2_SIG_MAGIC);
		b = (rs_buffers_t){ .next_in = bytes.out,
			            .avail_in = SIZE,
			            .eof_in = 1,
			            .next_out = (char *)signature,
			            .avail_out = sizeof(signature) };
		assert_int_equal(rs_job_iter(job, &b), RS_DONE);
		(void)rs_job_free(job);
		job = rs_loadsig_begin(&sums);
		b = (rs_buffers_t){ .next_in = (char *)signature,
			            .avail_in = sizeof(signature) - b.avail_out,
			            .eof_in = 1 };
		assert_int_equal(rs_job_iter(job, &b), RS_DONE);
		(void)rs_job_free(job);
		assert_int_equal(rs_build_hash_table(sums), RS_DONE);
	}
	union {
		const uint8_t *in;
		char *out;
	} bytes = { .in = content };

	job = rs_delta_begin(sums);
	b = (rs_buffers_t){
		.next_in = bytes.out, .avail_in = SIZE, .eof_in = 1, .next_out = (char *)out, .avail_out = room
	};
	assert_int_equal(rs_job_iter(job, &b), RS_DONE);
	(void)rs_job_free(job);
	if (sums != NULL)
		rs_free_sumset(sums);
	return room - b.avail_out;
}

static void hash(const uint8_t *content, uint8_t sha256[32])
{
	sha256_of(content, SIZE, sha256);
}

/* Sends the delta in pieces of `piece`, and the end. */
static int send_all(struct vault_lab *lab, const uint8_t *delta, size_t n, size_t piece, const uint8_t sha256[32])
{
	for (size_t at = 0; at < n; at += piece)
		if (file_sink_delta(sink, delta + at, n - at < piece ? n - at : piece, &lab->err) != 0)
			return -1;
	return file_sink_finish(sink, sha256, &lab->err);
}

static void assert_content(const char *name, const uint8_t *content)
{
	static uint8_t have[SIZE + 1];
	uint8_t sha256[32];
	uint8_t tag[32];
	int fd = openat(incoming->tree_fd, name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, have, sizeof(have)), SIZE);
	assert_memory_equal(have, content, SIZE);
	hash(content, sha256);
	if (hash_tag_get(fd, tag)) /* a scratch file system may have no attributes */
		assert_memory_equal(tag, sha256, 32);
	assert_int_equal(close(fd), 0);
}

static uint8_t old[SIZE], new[SIZE], delta[3 * SIZE];

static void a_new_file_takes_its_place_only_whole(void **state)
{
	struct vault_lab *lab = *state;
	uint8_t sha256[32];
	size_t n;

	fill(new, 1);
	hash(new, sha256);
	n = delta_of(new, NULL, delta, sizeof(delta));
	assert_int_equal(begin(lab, "file", false, 0), 0);
	assert_int_equal(file_sink_delta(sink, delta, n / 2, &lab->err), 0);
	assert_false(vault_lab_there(lab, ".aob/incoming/run-1/tree/file"));
	assert_int_equal(file_sink_delta(sink, delta + n / 2, n - n / 2, &lab->err), 0);
	assert_int_equal(file_sink_finish(sink, sha256, &lab->err), 0);
	assert_content("file", new);
}

static void a_changed_file_is_built_from_the_old_and_leaves_the_old_inode_alone(void **state)
{
	struct vault_lab *lab = *state;
	uint8_t sha256[32];
	size_t n;

	fill(old, 1);
	memcpy(new, old, SIZE);
	memcpy(new + 50000, "changed", 7);
	hash(old, sha256);
	assert_int_equal(begin(lab, "file", false, 0), 0);
	assert_int_equal(send_all(lab, delta, delta_of(old, NULL, delta, sizeof(delta)), 999, sha256), 0);
	assert_int_equal(linkat(incoming->tree_fd, "file", incoming->tree_fd, "older", 0), 0);
	n = delta_of(new, old, delta, sizeof(delta));
	assert_true(n < 10000);
	hash(new, sha256);
	assert_int_equal(begin(lab, "file", true, 0), 0);
	assert_int_equal(send_all(lab, delta, n, 1, sha256), 0);
	assert_content("file", new);
	assert_content("older", old);
}

static void content_with_another_hash_is_dropped(void **state)
{
	struct vault_lab *lab = *state;
	uint8_t sha256[32] = { 0 };

	fill(new, 3);
	assert_int_equal(begin(lab, "file", false, 0), 0);
	assert_int_equal(send_all(lab, delta, delta_of(new, NULL, delta, sizeof(delta)), 65536, sha256), -1);
	assert_int_equal(lab->err.class, ERR_DAMAGED);
	assert_false(vault_lab_there(lab, ".aob/incoming/run-1/tree/file"));
}

static void a_break_inside_a_file_costs_what_was_not_written(void **state)
{
	struct vault_lab *lab = *state;
	struct basis basis;
	uint8_t sha256[32];
	uint8_t *joined = malloc(SIZE);
	size_t n;

	fill(old, 1);
	fill(new, 2);
	hash(old, sha256);
	assert_int_equal(begin(lab, "file", false, 0), 0);
	assert_int_equal(send_all(lab, delta, delta_of(old, NULL, delta, sizeof(delta)), 65536, sha256), 0);
	/* Something over half of the new content arrives, then the connection breaks. */
	n = delta_of(new, NULL, delta, sizeof(delta));
	assert_int_equal(begin(lab, "file", true, 0), 0);
	assert_int_equal(file_sink_delta(sink, delta, n * 6 / 10, &lab->err), 0);
	file_sink_destroy(&sink);
	assert_int_equal(file_sink_new(incoming, &sink, &lab->err), 0);
	/* What the next connection is offered: the part, and the rest of the old content behind it. */
	assert_int_equal(basis_open(incoming, "file", &basis, &lab->err), 0);
	assert_int_equal(basis.size_bytes, SIZE);
	assert_true(basis.part_bytes > SIZE / 2 && basis.part_bytes < SIZE);
	assert_int_equal(basis_read(&basis, 0, joined, SIZE, &lab->err), SIZE);
	assert_memory_equal(joined, new, basis.part_bytes);
	assert_memory_equal(joined + basis.part_bytes, old + basis.part_bytes, SIZE - basis.part_bytes);
	basis_close(&basis);
	n = delta_of(new, joined, delta, sizeof(delta));
	assert_true(n < SIZE / 2);
	hash(new, sha256);
	assert_int_equal(begin(lab, "file", true, 0), 0);
	assert_int_equal(send_all(lab, delta, n, 1000, sha256), 0);
	assert_content("file", new);
	free(joined);
}

/* A delta put together by hand: [0, length) of the old content or new bytes, one behind the other. Returns its bytes. */
static size_t put_copy(uint8_t *out, uint32_t from, uint32_t len_bytes)
{
	struct encoder e;

	encoder_init(&e);
	put_u8(&e, 0x4f);
	put_u32(&e, from);
	put_u32(&e, len_bytes);
	memcpy(out, e.data, e.len_bytes);
	encoder_done(&e);
	return 9;
}

#define DELTA_MAGIC "rs\0026"

static void what_is_kept_of_the_old_content_is_counted(void **state)
{
	struct vault_lab *lab = *state;
	struct tally *tally = &incoming->tally;
	uint8_t sha256[32];
	uint64_t at;
	size_t n;

	fill(old, 1);
	hash(old, sha256);
	assert_int_equal(begin(lab, "file", false, 0), 0);
	assert_int_equal(send_all(lab, delta, delta_of(old, NULL, delta, sizeof(delta)), 65536, sha256), 0);
	assert_int_equal(tally->files, 1);
	assert_int_equal(tally->bytes, SIZE);
	assert_int_equal(tally->lost_files + tally->lost_bytes, 0);
	/* Seven bytes in the middle; and the connection breaks before them. */
	memcpy(new, old, SIZE);
	memcpy(new + 60000, "changed", 7);
	hash(new, sha256);
	memcpy(delta, DELTA_MAGIC, 4);
	n = 4 + put_copy(delta + 4, 0, 60000);
	assert_int_equal(begin_at(lab, "file", 2, 0, 0), 0);
	assert_int_equal(file_sink_delta(sink, delta, n, &lab->err), 0);
	file_sink_destroy(&sink);
	assert_int_equal(file_sink_new(incoming, &sink, &lab->err), 0);
	assert_int_equal(file_sink_part(sink, "file", &lab->ticker, &at, delta + 1000, &lab->err), 0);
	assert_int_equal(at, 60000);
	assert_int_equal(begin_at(lab, "file", 2, at, 0), 0);
	memcpy(delta + 4,
	       "\x07"
	       "changed",
	       8);
	n = 12 + put_copy(delta + 12, 60007, SIZE - 60007);
	delta[n++] = 0;
	assert_int_equal(send_all(lab, delta, n, 65536, sha256), 0);
	assert_content("file", new);
	assert_int_equal(tally->lost_files, 1);
	assert_int_equal(tally->lost_bytes, 7);
	/* The same bytes in another order are no old content any more, but for the first of them. */
	memcpy(new, old + SIZE / 2, SIZE / 2);
	memcpy(new + SIZE / 2, old, SIZE / 2);
	assert_int_equal(begin(lab, "other", false, 0), 0);
	hash(old, sha256);
	assert_int_equal(send_all(lab, delta, delta_of(old, NULL, delta, sizeof(delta)), 65536, sha256), 0);
	memcpy(delta, DELTA_MAGIC, 4);
	n = 4 + put_copy(delta + 4, SIZE / 2, SIZE / 2);
	n += put_copy(delta + n, 0, SIZE / 2);
	delta[n++] = 0;
	hash(new, sha256);
	assert_int_equal(begin_at(lab, "other", 2, 0, 0), 0);
	assert_int_equal(send_all(lab, delta, n, 65536, sha256), 0);
	assert_int_equal(tally->lost_files, 2);
	assert_int_equal(tally->lost_bytes, 7 + SIZE / 2);
}

static void holes_stay_holes(void **state)
{
	struct vault_lab *lab = *state;
	struct stat st;
	uint8_t sha256[32];

	memset(new, 0, SIZE);
	memcpy(new + 90000, "end", 3);
	hash(new, sha256);
	assert_int_equal(begin(lab, "sparse", false, ENTRY_SPARSE), 0);
	assert_int_equal(send_all(lab, delta, delta_of(new, NULL, delta, sizeof(delta)), 65536, sha256), 0);
	assert_content("sparse", new);
	assert_int_equal(fstatat(incoming->tree_fd, "sparse", &st, 0), 0);
	assert_true(st.st_blocks * 512 < SIZE);
}

static void hostile_deltas_end_the_conversation(void **state)
{
	struct vault_lab *lab = *state;
	uint8_t sha256[32] = { 0 };
	size_t n;

	assert_int_equal(file_sink_delta(sink, delta, 10, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_PROTOCOL);
	fill(new, 5);
	n = delta_of(new, NULL, delta, sizeof(delta));
	assert_int_equal(begin(lab, "a", false, 0), 0);
	assert_int_equal(begin(lab, "b", false, 0), -1);                 /* inside another */
	assert_int_equal(file_sink_finish(sink, sha256, &lab->err), -1); /* too early */
	file_sink_destroy(&sink);
	assert_int_equal(file_sink_new(incoming, &sink, &lab->err), 0);
	assert_int_equal(begin(lab, "a", false, 0), 0);
	assert_int_equal(file_sink_delta(sink, (const uint8_t *)"this is no delta", 16, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_PROTOCOL);
	file_sink_destroy(&sink);
	assert_int_equal(file_sink_new(incoming, &sink, &lab->err), 0);
	assert_int_equal(begin(lab, "a", false, 0), 0);
	delta[n] = 'x';
	assert_int_equal(file_sink_delta(sink, delta, n + 1, &lab->err), -1); /* behind the end */
	file_sink_destroy(&sink);
	assert_int_equal(file_sink_new(incoming, &sink, &lab->err), 0);
	assert_int_equal(begin(lab, "../out", false, 0), -1);
	assert_int_equal(symlinkat("/tmp", incoming->tree_fd, "link"), 0);
	assert_int_equal(begin(lab, "link/out", false, 0), 0);
	hash(new, sha256);
	assert_int_equal(send_all(lab, delta, n, 65536, sha256), -1);
	assert_int_equal(lab->err.class, ERR_REFUSED);
}

/* Not even where the sum of both would be small again. */
static void a_file_that_nobody_can_wait_for_is_refused_by_name(void **state)
{
	struct vault_lab *lab = *state;
	struct entry entry = { .path = "huge", .type = ENTRY_FILE, .target = "", .flags = ENTRY_SPARSE };
	struct encoder e;

	encoder_init(&e);
	for (int i = 0; i < 2; i++) {
		entry.size_bytes = i == 0 ? ENTRY_FILE_MOST_BYTES + 1 : INT64_MAX;
		encoder_reset(&e);
		put_u8(&e, 0);
		put_u64(&e, 0);
		put_entry(&e, &entry);
		assert_int_equal(file_sink_begin(sink, e.data, e.len_bytes, &lab->err), -1);
		assert_int_equal(lab->err.class, ERR_INPUT);
		assert_non_null(strstr(lab->err.text, "\"huge\" is larger than the 64 TiB"));
		assert_false(file_sink_busy(sink));
	}
	entry.size_bytes = ENTRY_FILE_MOST_BYTES;
	encoder_reset(&e);
	put_u8(&e, 0);
	put_u64(&e, 0);
	put_entry(&e, &entry);
	assert_int_equal(file_sink_begin(sink, e.data, e.len_bytes, &lab->err), 0);
	encoder_done(&e);
}

static void lengths_that_run_over_are_refused(void **state)
{
	static const uint64_t lengths[] = { SIZE - 99, UINT64_MAX, UINT64_MAX - 99, UINT64_MAX - 50 };
	struct vault_lab *lab = *state;
	const struct error none = { .class = ERR_NONE };

	fill(new, 6);
	assert_int_equal(begin(lab, "over", false, 0), 0);
	assert_int_equal(file_sink_data(sink, new, 100, &lab->err), 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct encoder e;

		encoder_init(&e);
		put_u64(&e, lengths[i]);
		lab->err = none;
		assert_int_equal(file_sink_hole(sink, e.data, e.len_bytes, NULL, &lab->err), -1);
		assert_int_equal(lab->err.class, ERR_PROTOCOL);
		encoder_done(&e);
	}
}

#define SINK_TEST(f) cmocka_unit_test_setup_teardown(f, open_sink, close_sink)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SINK_TEST(a_new_file_takes_its_place_only_whole),
		SINK_TEST(a_changed_file_is_built_from_the_old_and_leaves_the_old_inode_alone),
		SINK_TEST(content_with_another_hash_is_dropped),
		SINK_TEST(a_break_inside_a_file_costs_what_was_not_written),
		SINK_TEST(what_is_kept_of_the_old_content_is_counted),
		SINK_TEST(holes_stay_holes),
		SINK_TEST(a_file_that_nobody_can_wait_for_is_refused_by_name),
		SINK_TEST(hostile_deltas_end_the_conversation),
		SINK_TEST(lengths_that_run_over_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
