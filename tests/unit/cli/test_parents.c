/* The folders that lead to a place are made, and never through a symlink. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/parents.h"

static void what_is_missing_on_the_way_is_made(void **state)
{
	struct restore_lab lab;
	struct inside *inside;
	struct stat st;
	const char *leaf;
	int fd;

	(void)state;
	restore_lab_open(&lab);
	assert_int_equal(inside_new(lab.target_fd, &inside, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parents_locate(inside, "a/b/c", 0750, &fd, &leaf, NULL), 0);
		assert_string_equal(leaf, "c");
	}
	assert_int_equal(faccessat(lab.target_fd, "a/b/c", F_OK, 0), -1);
	assert_int_equal(fstatat(lab.target_fd, "a/b", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(parents_locate(inside, "a/b/d/e", 0700, &fd, &leaf, NULL), 0);
	assert_int_equal(fstatat(lab.target_fd, "a/b", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(parents_locate(inside, "top", 0700, &fd, &leaf, NULL), 0);
	assert_string_equal(leaf, "top");
	inside_destroy(&inside);
	restore_lab_close(&lab);
}

static void what_stands_in_the_way_is_told(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct restore_lab lab;
	struct inside *inside;
	const char *leaf;
	int fd;

	(void)state;
	restore_lab_open(&lab);
	restore_lab_file(&lab, "file", "");
	assert_int_equal(symlinkat("/tmp", lab.target_fd, "link"), 0);
	assert_int_equal(inside_new(lab.target_fd, &inside, NULL), 0);
	assert_int_equal(parents_locate(inside, "link/x/y", 0700, &fd, &leaf, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	error_clear(&err);
	assert_int_equal(parents_locate(inside, "file/x", 0700, &fd, &leaf, &err), -1);
	assert_int_not_equal(err.class, ERR_NONE);
	error_clear(&err);
	assert_int_equal(parents_locate(inside, "../x", 0700, &fd, &leaf, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	assert_int_equal(parents_locate(inside, "../x", 0700, &fd, &leaf, NULL), -1);
	assert_int_equal(restore_lab_count(&lab), 2);
	inside_destroy(&inside);
	restore_lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_missing_on_the_way_is_made),
		                            cmocka_unit_test(what_stands_in_the_way_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
