/* What a restore writes: whole files under their names, never over something, never through a symlink. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/unpack.h"

struct unpack_lab {
	struct restore_lab lab;
	struct restore_work work;
	struct unpack *unpack;
};

static const struct restore_work_key key = { .pipeline = "p", .wanted = "" };

static void open_unpack(struct unpack_lab *u, bool replaces)
{
	struct unpack_options options = { .replaces = replaces, .tame.user_only = geteuid() != 0 };

	assert_int_equal(restore_work_open(&u->work, u->lab.target_fd, &key, NULL), 0);
	assert_int_equal(restore_work_begin(&u->work, &key, "2025-11-23T05-36-00Z", NULL), 0);
	assert_int_equal(unpack_new(&u->work, &options, &u->unpack, NULL), 0);
}

static void close_unpack(struct unpack_lab *u)
{
	unpack_destroy(&u->unpack);
	restore_work_close(&u->work);
}

static int set_up(void **state)
{
	static struct unpack_lab u;

	restore_lab_open(&u.lab);
	open_unpack(&u, false);
	*state = &u;
	return 0;
}

static int tear_down(void **state)
{
	struct unpack_lab *u = *state;

	close_unpack(u);
	restore_lab_close(&u->lab);
	return 0;
}

/* From byte `at` on, what is given; its end says that all of it is `whole`. */
static int give_entry(struct unpack_lab *u, const struct entry *entry, const char *whole, uint64_t at,
                      const char *given, struct error *err)
{
	uint8_t sha256[32];
	struct encoder e;
	struct frame frame;
	int rc;

	restore_lab_sha(whole, sha256);
	encoder_init(&e);
	frame = restore_lab_end_frame(&e, whole, strlen(whole));
	rc = unpack_file_begin(u->unpack, entry, sha256, at, err);
	if (rc == 0 && *given != '\0')
		rc = unpack_data(u->unpack, (const uint8_t *)given, strlen(given), err);
	if (rc == 0)
		rc = unpack_file_end(u->unpack, frame.payload, frame.len_bytes, err);
	encoder_done(&e);
	return rc;
}

static int give(struct unpack_lab *u, const char *path, const char *whole, uint64_t at, const char *given,
                struct error *err)
{
	struct entry entry = restore_lab_entry(path, ENTRY_FILE, whole);

	return give_entry(u, &entry, whole, at, given, err);
}

static void a_file_stands_there_when_it_is_whole(void **state)
{
	struct unpack_lab *u = *state;
	struct entry entry = restore_lab_entry("d/f", ENTRY_FILE, "content");
	struct stat st;
	uint8_t sha256[32];

	restore_lab_sha("content", sha256);
	assert_int_equal(unpack_file_begin(u->unpack, &entry, sha256, 0, NULL), 0);
	assert_int_equal(unpack_data(u->unpack, (const uint8_t *)"cont", 4, NULL), 0);
	assert_null(restore_lab_text(&u->lab, "d/f"));
	assert_int_equal(unpack_part_bytes(&u->work, &entry, sha256), 4);
	close_unpack(u); /* the connection was cut */
	(void)close(u->lab.target_fd);
	u->lab.target_fd = open(u->lab.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	open_unpack(u, false);
	assert_int_equal(unpack_part_bytes(&u->work, &entry, sha256), 4);
	assert_int_equal(give(u, "d/f", "content", 4, "ent", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "d/f"), "content");
	assert_int_equal(unpack_totals(u->unpack).bytes, 3);
	assert_int_equal(fstatat(u->lab.target_fd, "d/f", &st, 0), 0);
	assert_int_equal(st.st_mtime, 1700000000);
	assert_int_equal(unpack_part_bytes(&u->work, &entry, sha256), 0);
}

static void a_beginning_that_was_of_no_use_is_asked_for_again(void **state)
{
	struct unpack_lab *u = *state;
	struct entry entry = restore_lab_entry("f", ENTRY_FILE, "content");
	uint8_t sha256[32];

	restore_lab_sha("content", sha256);
	assert_int_equal(unpack_file_begin(u->unpack, &entry, sha256, 0, NULL), 0);
	assert_int_equal(unpack_data(u->unpack, (const uint8_t *)"rots", 4, NULL), 0);
	close_unpack(u);
	(void)close(u->lab.target_fd);
	u->lab.target_fd = open(u->lab.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	open_unpack(u, false);
	assert_int_equal(give(u, "f", "content", 4, "ent", NULL), 1);
	assert_null(restore_lab_text(&u->lab, "f"));
	assert_int_equal(give(u, "f", "content", 0, "content", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "f"), "content");
	assert_int_equal(unpack_totals(u->unpack).damaged, 0);
}

static int is_f(void *context, const char *path, struct error *err)
{
	unsigned *n = context;

	(void)err;
	assert_string_equal(path, "f");
	(*n)++;
	return 0;
}

static void damage_is_counted_and_remembered(void **state)
{
	struct unpack_lab *u = *state;
	unsigned n = 0;

	assert_int_equal(give(u, "f", "content", 0, "rotten!", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "f"), "rotten!");
	assert_int_equal(unpack_totals(u->unpack).damaged, 1);
	assert_int_equal(restore_work_each_bad(&u->work, is_f, &n, NULL), 0);
	assert_int_equal(n, 1);
}

static void more_than_was_told_of_is_not_written(void **state)
{
	struct unpack_lab *u = *state;

	assert_int_equal(give(u, "f", "content", 0, "content and more", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "f"), "content");
	assert_int_equal(unpack_totals(u->unpack).damaged, 1);
}

static void what_is_there_stays(void **state)
{
	struct unpack_lab *u = *state;
	struct entry link = restore_lab_entry("mine", ENTRY_SYMLINK, "elsewhere");
	struct entry folder = restore_lab_entry("mine", ENTRY_FOLDER, "");
	struct error err = { 0 };

	restore_lab_file(&u->lab, "mine", "mine");
	assert_int_equal(give(u, "mine", "content", 0, "content", &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_int_equal(unpack_special(u->unpack, &link, NULL), -1);
	assert_int_equal(unpack_folder(u->unpack, &folder, NULL), -1);
	assert_string_equal(restore_lab_text(&u->lab, "mine"), "mine");
}

static void no_symlink_leads_out(void **state)
{
	struct unpack_lab *u = *state;
	struct entry folder = restore_lab_entry("way/new", ENTRY_FOLDER, "");
	struct entry way = restore_lab_entry("way", ENTRY_SYMLINK, "/tmp");
	struct entry over = restore_lab_entry("way", ENTRY_FOLDER, "");
	struct error err = { 0 };

	assert_int_equal(unpack_special(u->unpack, &way, NULL), 0);
	assert_int_equal(unpack_folder(u->unpack, &folder, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_int_equal(unpack_folder(u->unpack, &over, NULL), -1); /* a symlink to a folder is none */
	assert_int_equal(give(u, "way/aob-test-unpack", "content", 0, "content", NULL), -1);
	assert_int_not_equal(access("/tmp/aob-test-unpack", F_OK), 0);
}

static void a_link_may_be_made_again(void **state)
{
	struct unpack_lab *u = *state;
	struct stat a;
	struct stat b;

	assert_int_equal(give(u, "a", "content", 0, "content", NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(unpack_link(u->unpack, "b", "a", NULL), 0);
		assert_int_equal(fstatat(u->lab.target_fd, "a", &a, 0), 0);
		assert_int_equal(fstatat(u->lab.target_fd, "b", &b, 0), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		assert_int_equal(a.st_nlink, 2);
	}
	assert_int_equal(unpack_link(u->unpack, "c", "never", NULL), -1);
}

/* After a restart of the machine what is there may be less than it was. */
static void what_a_restart_left_is_replaced(void **state)
{
	struct unpack_lab *u = *state;

	restore_lab_file(&u->lab, "f", "");
	close_unpack(u);
	(void)close(u->lab.target_fd);
	u->lab.target_fd = open(u->lab.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	open_unpack(u, true);
	assert_int_equal(give(u, "f", "content", 0, "content", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "f"), "content");
}

/* Over a live folder: nor does it by another name. */
static void what_did_not_come_whole_takes_no_place(void **state)
{
	struct unpack_lab *u = *state;
	struct entry entry = restore_lab_entry("a", ENTRY_FILE, "content");
	struct unpack_options options = { .tame.user_only = geteuid() != 0, .discards = true };
	struct restore_aside *aside;

	entry.links = 3;
	assert_int_equal(restore_aside_new(u->lab.target_fd, "kept", &aside, NULL), 0);
	options.aside = aside;
	unpack_destroy(&u->unpack);
	assert_int_equal(unpack_new(&u->work, &options, &u->unpack, NULL), 0);
	restore_lab_file(&u->lab, "b", "mine");
	assert_int_equal(give_entry(u, &entry, "content", 0, "rotten!", NULL), 0);
	assert_int_equal(unpack_link(u->unpack, "b", "a", NULL), 0);
	assert_int_equal(unpack_link(u->unpack, "c", "a", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "a"), "rotten!");
	assert_string_equal(restore_lab_text(&u->lab, "b"), "mine");
	assert_string_equal(restore_lab_text(&u->lab, "c"), "rotten!");
	assert_int_equal(give(u, "b", "content", 0, "content", NULL), 0);
	assert_string_equal(restore_lab_text(&u->lab, "b"), "content");
	unpack_destroy(&u->unpack);
	restore_aside_destroy(&aside);
}

static void what_was_written_to_meanwhile_keeps_its_time(void **state)
{
	struct unpack_lab *u = *state;
	struct entry entry = restore_lab_entry("f", ENTRY_FILE, "mine");
	struct unpack_options options = { .tame.user_only = geteuid() != 0 };
	struct restore_aside *aside;
	struct stat st;

	assert_int_equal(restore_aside_new(u->lab.target_fd, "kept", &aside, NULL), 0);
	options.aside = aside;
	unpack_destroy(&u->unpack);
	assert_int_equal(unpack_new(&u->work, &options, &u->unpack, NULL), 0);
	restore_lab_file(&u->lab, "f", "mine");
	assert_int_equal(fstatat(u->lab.target_fd, "f", &st, 0), 0);
	entry.ctime_s = st.st_ctim.tv_sec - 1;
	entry.ctime_ns = (uint32_t)st.st_ctim.tv_nsec;
	assert_int_equal(unpack_meta(u->unpack, &entry, NULL), 0);
	assert_int_equal(fstatat(u->lab.target_fd, "f", &st, 0), 0);
	assert_int_not_equal(st.st_mtime, entry.mtime_s);
	entry.ctime_s++;
	assert_int_equal(unpack_meta(u->unpack, &entry, NULL), 0);
	assert_int_equal(fstatat(u->lab.target_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mtime, entry.mtime_s);
	unpack_destroy(&u->unpack);
	restore_aside_destroy(&aside);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = { TEST(a_file_stands_there_when_it_is_whole),
		                            TEST(a_beginning_that_was_of_no_use_is_asked_for_again),
		                            TEST(damage_is_counted_and_remembered),
		                            TEST(more_than_was_told_of_is_not_written),
		                            TEST(what_is_there_stays),
		                            TEST(no_symlink_leads_out),
		                            TEST(a_link_may_be_made_again),
		                            TEST(what_a_restart_left_is_replaced),
		                            TEST(what_did_not_come_whole_takes_no_place),
		                            TEST(what_was_written_to_meanwhile_keeps_its_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
