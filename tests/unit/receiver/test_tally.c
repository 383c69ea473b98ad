/* What is counted while a tree is changed, held against what is measured afterwards. */
#include "tests/unit/receiver/braking_lab.h"

#include "receiver/mass_change.h"
#include "receiver/moves.h"

#define FILES 120
#define FOLDERS 6
#define ROUNDS 12
#define CHANGES 40

static unsigned random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static const char *some_path(char out[64])
{
	(void)snprintf(out, 64, "f%u/%u", below(FOLDERS), below(FILES / FOLDERS));
	return out;
}

static bool is_there(const struct incoming *incoming, const char *path)
{
	struct stat st;

	return fstatat(incoming->tree_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_folder(const struct incoming *incoming, const char *path)
{
	struct stat st;

	return fstatat(incoming->tree_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void move(struct vault_lab *lab, struct incoming *incoming, const char *from, const char *to)
{
	struct moves *moves;

	assert_int_equal(moves_new(incoming, &moves, &lab->err), 0);
	assert_int_equal(moves_add(moves, from, to, &lab->err), 0);
	if (moves_end(moves, 1, false, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	moves_destroy(&moves);
}

static void change_metadata(struct vault_lab *lab, struct incoming *incoming, const char *path)
{
	struct entry entry = { .path = path, .type = ENTRY_FILE, .mode = 0600, .target = "", .mtime_s = below(1000) };
	struct stat st;

	if (fstatat(incoming->tree_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return;
	if (apply_meta(incoming, &entry, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

static void change(struct vault_lab *lab, struct incoming *incoming)
{
	struct entry symlink = { .type = ENTRY_SYMLINK, .mode = 0777, .target = "x" };
	char a[64];
	char b[64];
	char folder[16];

	(void)some_path(a);
	(void)some_path(b);
	(void)snprintf(folder, sizeof(folder), "f%u", below(FOLDERS));
	for (unsigned i = 0; i < FOLDERS; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "f%u", i);
		if (!is_there(incoming, path))
			braking_lab_folder(lab, incoming, path);
	}
	switch (below(9)) {
	case 0:
		braking_lab_remove(lab, incoming, a);
		break;
	case 1:
		braking_lab_file(lab, incoming, a, below(5000), below(1000), 0);
		break;
	case 2: /* a new file with the content of another */
		braking_lab_file(lab, incoming, a, 1000, below(FILES), 0);
		break;
	case 3:
		if (is_there(incoming, b) && !is_folder(incoming, b) && apply_link(incoming, a, b, &lab->err) != 0)
			fail_msg("%s", lab->err.text);
		break;
	case 4:
		if (is_there(incoming, a) && strcmp(a, b) != 0)
			move(lab, incoming, a, b);
		break;
	case 5:
		change_metadata(lab, incoming, a);
		break;
	case 6:
		symlink.path = a;
		if (apply_make(incoming, &symlink, &lab->err) != 0)
			fail_msg("%s", lab->err.text);
		break;
	case 7: /* a folder in the place of a file, or the other way round */
		if (below(4) == 0)
			braking_lab_folder(lab, incoming, a);
		break;
	default:
		if (below(12) == 0)
			braking_lab_remove(lab, incoming, folder);
		break;
	}
}

static void measure(struct vault_lab *lab, const struct incoming *incoming, struct mass_change *measured)
{
	int base_fd = -1;

	assert_int_equal(incoming_base(incoming, &base_fd, &lab->err), 0);
	if (mass_change_measure(base_fd, incoming->tree_fd, &lab->ticker, measured, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	(void)close(base_fd);
}

static void how_many_there_are_is_exact_and_what_is_lost_never_too_little(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = braking_lab_begin(lab, "run-0");
	struct record record;

	for (unsigned i = 0; i < FOLDERS; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "f%u", i);
		braking_lab_folder(lab, incoming, path);
		for (unsigned k = 0; k < FILES / FOLDERS; k++) {
			(void)snprintf(path, sizeof(path), "f%u/%u", i, k);
			braking_lab_file(lab, incoming, path, 1000, i * FILES / FOLDERS + k, 0);
		}
	}
	record = braking_lab_publish(lab, incoming);
	assert_int_equal(record.own_files, FILES);
	assert_int_equal(record.own_bytes, FILES * 1000);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		struct mass_change measured;
		char run[16];

		random_state = round;
		(void)snprintf(run, sizeof(run), "run-%u", round);
		incoming = braking_lab_begin(lab, run);
		for (unsigned i = 0; i < CHANGES; i++)
			change(lab, incoming);
		assert_false(incoming->tally.unsure);
		assert_int_equal(incoming_finish(incoming, &lab->ticker, &lab->err), 0);
		measure(lab, incoming, &measured);
		assert_int_equal(incoming->base_record.own_files, measured.base_files);
		assert_int_equal(incoming->base_record.own_bytes, measured.base_bytes);
		assert_int_equal(incoming->tally.files, (int64_t)measured.files - (int64_t)measured.base_files);
		assert_int_equal(incoming->tally.bytes, (int64_t)measured.bytes - (int64_t)measured.base_bytes);
		assert_true(incoming->tally.lost_files >= measured.lost_files);
		assert_true(incoming->tally.lost_bytes >= measured.lost_bytes);
		incoming_end(&incoming);
		incoming = braking_lab_begin(lab, run);
		record = braking_lab_publish(lab, incoming);
		assert_int_equal(record.own_files, measured.files);
		assert_int_equal(record.own_bytes, measured.bytes);
	}
}

static void what_a_put_counts(void **state)
{
	static const struct {
		const char *what;
		int old_bytes; /* -1: nothing was there; -2: another kind */
		int new_bytes; /* -2: another kind */
		uint64_t kept_bytes;
		struct tally want;
	} rows[] = {
		{ "new", -1, 100, 0, { .files = 1, .bytes = 100 } },
		{ "rewritten", 100, 80, 0, { .bytes = -20, .lost_files = 1, .lost_bytes = 100 } },
		{ "a part of it", 100, 100, 60, { .lost_files = 1, .lost_bytes = 40 } },
		{ "appended to", 100, 130, 100, { .bytes = 30 } },
		{ "cut short", 100, 60, 60, { .bytes = -40, .lost_files = 1, .lost_bytes = 40 } },
		{ "the same again", 100, 100, 100, { .files = 0 } },
		{ "a symlink instead", 100, -2, 0, { .files = -1, .bytes = -100, .lost_files = 1, .lost_bytes = 100 } },
		{ "a file instead of a symlink", -2, 100, 0, { .files = 1, .bytes = 100 } },
		{ "a symlink for another", -2, -2, 0, { .files = 0 } },
		{ "an image, in places", 20 << 20, 20 << 20, (20 << 20) - 4096, { .lost_bytes = 4096 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stat old = { .st_ino = 1, .st_mode = rows[i].old_bytes == -2 ? S_IFLNK : S_IFREG };
		struct stat now = { .st_ino = 2, .st_mode = rows[i].new_bytes == -2 ? S_IFLNK : S_IFREG };
		struct tally tally = { .files = 0 };

		old.st_size = rows[i].old_bytes;
		now.st_size = rows[i].new_bytes;
		tally_put(&tally, rows[i].old_bytes == -1 ? NULL : &old, &now, rows[i].kept_bytes);
		if (memcmp(&tally, &rows[i].want, sizeof(tally)) != 0)
			fail_msg("%s", rows[i].what);
	}
}

static void another_name_of_the_same_file_changes_nothing(void **state)
{
	struct stat same = { .st_ino = 5, .st_mode = S_IFREG, .st_size = 100 };
	struct tally tally = { .files = 0 };

	(void)state;
	tally_put(&tally, &same, &same, 0);
	assert_int_equal(tally.lost_files, 0);
	assert_int_equal(tally.files, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(how_many_there_are_is_exact_and_what_is_lost_never_too_little),
		                            cmocka_unit_test(what_a_put_counts),
		                            cmocka_unit_test(another_name_of_the_same_file_changes_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
