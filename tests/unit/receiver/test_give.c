#include "tests/unit/receiver/vault_lab.h"

#include <sys/file.h>

#include "lib/sha256.h"
#include "receiver/give.h"
#include "receiver/hash_tag.h"
#include "tests/unit/wire/wire_pair.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

#define GENERATION "2025-11-23T05-36-00Z"
#define TREE ".aob/incoming/run/tree"
#define TEXT "what is in it"

struct give_lab {
	struct vault_lab *vault;
	struct pair pair;
	struct give *give;
	struct encoder e;
	struct error err;
};

static void tag(const struct vault_lab *lab, const char *path, const char *text)
{
	uint8_t sha256[SHA256_BYTES];
	int fd = openat(lab->vault->folder_fd, path, O_RDONLY);

	assert_true(fd >= 0);
	sha256_of(text, strlen(text), sha256);
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(close(fd), 0);
}

/* d/, d/tagged, link (a symlink), plain (without a hash): one generation. */
static void make_generation(struct vault_lab *lab)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run", &how);

	assert_int_equal(mkdirat(lab->vault->folder_fd, TREE "/d", 0755), 0);
	vault_lab_write(lab, TREE "/d/tagged", TEXT);
	tag(lab, TREE "/d/tagged", TEXT);
	vault_lab_write(lab, TREE "/plain", TEXT);
	assert_int_equal(symlinkat("d", lab->vault->folder_fd, TREE "/link"), 0);
	incoming->record.files = 2;
	assert_int_equal(publish_commit(incoming, &lab->ticker, &lab->err), 0);
	incoming_end(&incoming);
}

static int open_lab(void **state)
{
	struct give_lab *g = calloc(1, sizeof(*g));
	void *vault = NULL;

	if (g == NULL || vault_lab_open(&vault) != 0)
		return -1;
	g->vault = vault;
	make_generation(g->vault);
	open_pair(&g->pair, NULL);
	encoder_init(&g->e);
	*state = g;
	g->vault->ticker.wire = g->pair.receiver;
	return give_new(g->vault->vault, &g->vault->ticker, &g->give, &g->err);
}

static int close_lab(void **state)
{
	struct give_lab *g = *state;
	void *vault = g->vault;

	give_destroy(&g->give);
	close_pair(&g->pair);
	encoder_done(&g->e);
	free(g);
	return vault_lab_close(&vault);
}

static int ask_tree(struct give_lab *g, const char *generation, const char *path)
{
	struct frame frame = { .type = FRAME_TREE };

	encoder_reset(&g->e);
	put_string(&g->e, generation);
	put_bytes(&g->e, path, strlen(path));
	frame.payload = g->e.data;
	frame.len_bytes = g->e.len_bytes;
	error_clear(&g->err);
	return give_tree(g->give, &frame, &g->err);
}

static void begin_wishes(struct give_lab *g, unsigned n)
{
	encoder_reset(&g->e);
	put_u16(&g->e, (uint16_t)n);
}

static void put_wish_to(struct give_lab *g, const char *path, uint64_t from, uint64_t to)
{
	put_bytes(&g->e, path, strlen(path));
	put_u64(&g->e, from);
	put_u64(&g->e, to);
}

static void wish(struct give_lab *g, const char *path, uint64_t from)
{
	put_wish_to(g, path, from, UINT64_MAX);
}

static int ask_content(struct give_lab *g, size_t len_bytes)
{
	struct frame frame = { .type = FRAME_GIVE, .payload = g->e.data, .len_bytes = len_bytes };

	error_clear(&g->err);
	return give_content(g->give, &frame, &g->err);
}

static int ask_one(struct give_lab *g, const char *path, uint64_t from)
{
	begin_wishes(g, 1);
	wish(g, path, from);
	return ask_content(g, g->e.len_bytes);
}

static void hear(struct give_lab *g)
{
	assert_int_equal(wire_flush(g->pair.receiver, NULL), 0);
}

static void told_entry(struct give_lab *g, const char *path, enum entry_type type)
{
	struct entry_memory memory;
	struct entry entry;
	struct frame frame;
	struct decoder d;

	assert_int_equal(wire_receive(g->pair.client, &frame, NULL), 1);
	assert_int_equal(frame.type, FRAME_ENTRY);
	entry_memory_init(&memory);
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_entry(&d, &memory, &entry);
	assert_int_equal(codec_done(&d, "ENTRY", NULL), 0);
	assert_string_equal(entry.path, path);
	assert_int_equal(entry.type, type);
	assert_int_equal(entry.flags & ENTRY_DIGEST_ONLY, 0);
	entry_memory_done(&memory);
}

/* Returns the size; hash_of NULL: zeros. */
static uint64_t told_file_end(struct give_lab *g, const char *hash_of)
{
	uint8_t sha256[SHA256_BYTES] = { 0 };
	struct frame frame;
	struct decoder d;

	assert_int_equal(wire_receive(g->pair.client, &frame, NULL), 1);
	assert_int_equal(frame.type, FRAME_FETCH_FILE_END);
	if (hash_of != NULL)
		sha256_of(hash_of, strlen(hash_of), sha256);
	decoder_init(&d, frame.payload, frame.len_bytes);
	assert_memory_equal(get_raw(&d, 32), sha256, 32);
	return get_u64(&d);
}

static void told_end(struct give_lab *g, uint64_t count)
{
	uint8_t payload[8] = { 0 };

	payload[7] = (uint8_t)count;
	assert_frame(g->pair.client, FRAME_FETCH_END, payload, sizeof(payload));
}

static void skip_tree(struct give_lab *g)
{
	struct frame frame;

	do
		assert_int_equal(wire_receive(g->pair.client, &frame, NULL), 1);
	while (frame.type != FRAME_FETCH_END);
}

static void a_tree_is_told_without_its_content(void **state)
{
	struct give_lab *g = *state;

	assert_int_equal(ask_tree(g, "", ""), 0);
	hear(g);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "d", ENTRY_FOLDER);
	told_entry(g, "d/tagged", ENTRY_FILE);
	assert_int_equal(told_file_end(g, TEXT) % 512, 0); /* the room it takes, in blocks */
	told_entry(g, "link", ENTRY_SYMLINK);
	told_entry(g, "plain", ENTRY_FILE);
	(void)told_file_end(g, NULL);
	told_end(g, 5);
}

static void a_part_has_its_paths_from_the_root(void **state)
{
	struct give_lab *g = *state;

	assert_int_equal(ask_tree(g, GENERATION, "d"), 0);
	assert_int_equal(ask_tree(g, GENERATION, "plain"), 0);
	assert_int_equal(ask_tree(g, GENERATION, "d/tagged"), 0);
	hear(g);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "d", ENTRY_FOLDER);
	told_entry(g, "d/tagged", ENTRY_FILE);
	(void)told_file_end(g, TEXT);
	told_end(g, 3);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "plain", ENTRY_FILE);
	(void)told_file_end(g, NULL);
	told_end(g, 2);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "d", ENTRY_FOLDER);
	told_entry(g, "d/tagged", ENTRY_FILE);
	(void)told_file_end(g, TEXT);
	told_end(g, 3);
}

static void content_comes_from_where_it_is_wanted(void **state)
{
	static const char *const files[] = { "d/tagged", "plain" };
	static const uint64_t from[] = { 0, 1, sizeof(TEXT) - 2, sizeof(TEXT) - 1 };
	struct give_lab *g = *state;

	assert_int_equal(ask_tree(g, "", "d/tagged"), 0);
	hear(g);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "d", ENTRY_FOLDER);
	told_entry(g, "d/tagged", ENTRY_FILE);
	(void)told_file_end(g, TEXT);
	told_end(g, 3);
	begin_wishes(g, 8);
	for (size_t i = 0; i < 8; i++)
		wish(g, files[i / 4], from[i % 4]);
	assert_int_equal(ask_content(g, g->e.len_bytes), 0);
	hear(g);
	for (size_t i = 0; i < 8; i++) {
		const char *rest = &TEXT[from[i % 4]];

		if (*rest != '\0')
			assert_frame(g->pair.client, FRAME_FETCH_DATA, rest, strlen(rest));
		assert_int_equal(told_file_end(g, TEXT), strlen(TEXT)); /* of all of it, whatever crossed */
	}
}

static void a_range_ends_where_it_is_wanted(void **state)
{
	struct give_lab *g = *state;

	assert_int_equal(ask_tree(g, "", ""), 0);
	hear(g);
	skip_tree(g);
	begin_wishes(g, 3);
	put_wish_to(g, "d/tagged", 2, 5);
	put_wish_to(g, "plain", 0, 4);
	put_wish_to(g, "plain", 3, 3);
	assert_int_equal(ask_content(g, g->e.len_bytes), 0);
	hear(g);
	assert_frame(g->pair.client, FRAME_FETCH_DATA, &TEXT[2], 3);
	assert_int_equal(told_file_end(g, TEXT), strlen(TEXT));
	assert_frame(g->pair.client, FRAME_FETCH_DATA, TEXT, 4);
	assert_int_equal(told_file_end(g, NULL), strlen(TEXT)); /* none was recorded, and not all was read */
	assert_int_equal(told_file_end(g, NULL), strlen(TEXT));
}

static void each_block_has_its_sum(void **state)
{
	static char text[3 * 4096 + 5];
	struct give_lab *g = *state;
	struct frame frame = { .type = FRAME_SUMS };

	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = (char)('a' + i / 4096);
	vault_lab_write(g->vault, "generations/" GENERATION "/plain", text);
	encoder_reset(&g->e);
	put_string(&g->e, "plain");
	put_u32(&g->e, 4096);
	frame.payload = g->e.data;
	frame.len_bytes = g->e.len_bytes;
	assert_int_equal(give_sums(g->give, &frame, &g->err), -1);
	assert_int_equal(g->err.class, ERR_PROTOCOL); /* no TREE came */
	assert_int_equal(ask_tree(g, "", ""), 0);
	hear(g);
	skip_tree(g);
	for (uint32_t block = 4096; block <= 8192; block += 4096) {
		encoder_reset(&g->e);
		put_string(&g->e, "plain");
		put_u32(&g->e, block);
		frame.payload = g->e.data;
		frame.len_bytes = g->e.len_bytes;
		assert_int_equal(give_sums(g->give, &frame, &g->err), 0);
		hear(g);
		for (size_t at = 0; at < strlen(text); at += block) {
			uint8_t sha256[SHA256_BYTES];
			size_t n = strlen(text) - at < block ? strlen(text) - at : block;

			sha256_of(text + at, n, sha256);
			assert_frame(g->pair.client, FRAME_SUMS_DATA, sha256, WIRE_SUM_BYTES);
		}
		assert_int_equal(told_file_end(g, text), strlen(text));
	}
	g->e.data[g->e.len_bytes - 3] = 0; /* blocks of 0 bytes */
	g->e.data[g->e.len_bytes - 2] = 0;
	assert_int_equal(give_sums(g->give, &frame, &g->err), -1);
	assert_int_equal(g->err.class, ERR_PROTOCOL);
}

static void what_has_rotted_is_told_with_the_hash_that_it_had(void **state)
{
	struct give_lab *g = *state;

	vault_lab_write(g->vault, "generations/" GENERATION "/d/tagged", "something else");
	assert_int_equal(ask_tree(g, "", "d"), 0);
	assert_int_equal(ask_one(g, "d/tagged", 0), 0);
	hear(g);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "d", ENTRY_FOLDER);
	told_entry(g, "d/tagged", ENTRY_FILE);
	(void)told_file_end(g, TEXT);
	told_end(g, 3);
	assert_frame(g->pair.client, FRAME_FETCH_DATA, "something else", 14);
	assert_int_equal(told_file_end(g, TEXT), 14);
}

static void what_went_meanwhile_is_told_and_the_others_come(void **state)
{
	struct give_lab *g = *state;

	assert_int_equal(ask_tree(g, "", "plain"), 0);
	assert_int_equal(unlinkat(g->vault->vault->folder_fd, "generations/" GENERATION "/d/tagged", 0), 0);
	begin_wishes(g, 2);
	wish(g, "d/tagged", 0);
	wish(g, "plain", 0);
	assert_int_equal(ask_content(g, g->e.len_bytes), 0);
	hear(g);
	told_entry(g, "", ENTRY_FOLDER);
	told_entry(g, "plain", ENTRY_FILE);
	(void)told_file_end(g, NULL);
	told_end(g, 2);
	assert_true(told_file_end(g, NULL) == WIRE_FETCH_UNREADABLE);
	assert_frame(g->pair.client, FRAME_FETCH_DATA, TEXT, strlen(TEXT));
	assert_int_equal(told_file_end(g, TEXT), strlen(TEXT));
}

static void what_can_t_be_given_is_refused(void **state)
{
	static const struct {
		const char *path;
		uint64_t from;
		enum error_class class;
	} rows[] = {
		{ "plain", sizeof(TEXT), ERR_PROTOCOL },
		{ "plain", UINT64_MAX, ERR_PROTOCOL },
		{ "d", 0, ERR_PROTOCOL },
		{ "", 0, ERR_PROTOCOL },
		{ "../" GENERATION, 0, ERR_INPUT },
		{ "/etc/passwd", 0, ERR_INPUT },
		{ "link/tagged", 0, ERR_REFUSED },
		{ "none/file", 0, ERR_NOT_FOUND },
	};
	struct give_lab *g = *state;

	assert_int_equal(ask_one(g, "plain", 0), -1);
	assert_int_equal(g->err.class, ERR_PROTOCOL); /* no TREE came */
	assert_int_equal(ask_tree(g, "", ""), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(ask_one(g, rows[i].path, rows[i].from), -1);
		assert_int_equal(g->err.class, rows[i].class);
	}
}

static void what_is_not_there_can_t_be_told(void **state)
{
	static const struct {
		const char *generation, *path;
		enum error_class class;
	} rows[] = {
		{ "2020-11-23T05-36-00Z", "", ERR_NOT_FOUND },
		{ "../../x", "", ERR_INPUT },
		{ "", "../x", ERR_INPUT },
		{ "", "none", ERR_NOT_FOUND },
		{ "", "link/tagged", ERR_REFUSED },
	};
	struct give_lab *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(ask_tree(g, rows[i].generation, rows[i].path), -1);
		assert_int_equal(g->err.class, rows[i].class);
	}
	/* Nor is anything of what another TREE named before given. */
	assert_int_equal(ask_tree(g, "", "plain"), 0);
	assert_int_equal(ask_tree(g, "2020-11-23T05-36-00Z", ""), -1);
	assert_int_equal(ask_one(g, "plain", 0), -1);
	assert_int_equal(g->err.class, ERR_PROTOCOL);
}

static void a_generation_that_has_lost_a_file_is_not_said_to_be_whole(void **state)
{
	struct give_lab *g = *state;

	assert_int_equal(unlinkat(g->vault->vault->folder_fd, "generations/" GENERATION "/plain", 0), 0);
	assert_int_equal(ask_tree(g, "", ""), -1);
	assert_int_equal(g->err.class, ERR_DAMAGED);
	assert_int_equal(ask_tree(g, "", "d"), 0);
}

static void it_is_held_until_the_end(void **state)
{
	struct give_lab *g = *state;
	int fd = openat(g->vault->vault->folder_fd, "generations/" GENERATION, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(ask_tree(g, "", ""), -1);
	assert_int_equal(g->err.class, ERR_LOCKED);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(ask_tree(g, "", ""), 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	give_destroy(&g->give);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(close(fd), 0);
}

/* Cut at each byte, and with one too many. */
static void a_broken_question_is_refused(void **state)
{
	struct give_lab *g = *state;
	struct frame frame = { .type = FRAME_TREE };
	size_t whole;

	assert_int_equal(ask_tree(g, GENERATION, "d"), 0);
	whole = g->e.len_bytes;
	put_u8(&g->e, 0);
	frame.payload = g->e.data;
	for (size_t n = 0; n <= whole + 1; n++) {
		frame.len_bytes = n;
		assert_int_equal(give_tree(g->give, &frame, &g->err), n == whole ? 0 : -1);
		assert_true(n == whole || g->err.class == ERR_PROTOCOL);
		error_clear(&g->err);
	}
	assert_int_equal(ask_tree(g, GENERATION, ""), 0);
	begin_wishes(g, 2);
	wish(g, "plain", 3);
	wish(g, "d/tagged", 0);
	whole = g->e.len_bytes;
	put_u8(&g->e, 0);
	for (size_t n = 0; n <= whole + 1; n++) {
		assert_int_equal(ask_content(g, n), n == whole ? 0 : -1);
		assert_true(n == whole || g->err.class == ERR_PROTOCOL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_is_told_without_its_content),
		TEST(a_part_has_its_paths_from_the_root),
		TEST(content_comes_from_where_it_is_wanted),
		TEST(a_range_ends_where_it_is_wanted),
		TEST(each_block_has_its_sum),
		TEST(what_has_rotted_is_told_with_the_hash_that_it_had),
		TEST(what_went_meanwhile_is_told_and_the_others_come),
		TEST(what_can_t_be_given_is_refused),
		TEST(what_is_not_there_can_t_be_told),
		TEST(a_generation_that_has_lost_a_file_is_not_said_to_be_whole),
		TEST(it_is_held_until_the_end),
		TEST(a_broken_question_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
