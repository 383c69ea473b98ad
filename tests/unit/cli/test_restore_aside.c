#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_aside.h"

static void begin(struct restore_lab *lab, struct restore_aside **aside)
{
	restore_lab_open(lab);
	assert_int_equal(mkdirat(lab->target_fd, "d", 0755), 0);
	restore_lab_file(lab, "d/file", "old");
	assert_int_equal(restore_aside_new(lab->target_fd, "kept", aside, NULL), 0);
}

static void finish(struct restore_lab *lab, struct restore_aside **aside)
{
	restore_aside_destroy(aside);
	assert_null(*aside);
	restore_lab_close(lab);
}

static void a_file_that_is_replaced_is_there_under_both_names(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;

	(void)state;
	begin(&lab, &aside);
	assert_null(restore_lab_text(&lab, "kept/d/file"));
	/* Twice: killed in between, it is done again. */
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "d/file"), "old");
	assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
	assert_null(restore_lab_text(&lab, "kept/again-1/d/file"));
	finish(&lab, &aside);
}

static void what_is_moved_is_gone_from_its_place(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;

	(void)state;
	begin(&lab, &aside);
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "d/file", NULL),
	                 0); /* it lies there already */
	assert_null(restore_lab_text(&lab, "d/file"));
	assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d", "elsewhere/d", NULL), 0);
	assert_int_equal(faccessat(lab.target_fd, "d", F_OK, 0), -1);
	assert_int_equal(faccessat(lab.target_fd, "kept/elsewhere/d", F_OK, 0), 0);
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "none", "none", NULL), 0);
	finish(&lab, &aside);
}

static void what_is_kept_is_never_written_over(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;

	(void)state;
	begin(&lab, &aside);
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	restore_lab_file(&lab, "d/file", "newer");
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_int_equal(unlinkat(lab.target_fd, "d/file", 0), 0);
	restore_lab_file(&lab, "d/file", "newest");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/d/file"), "newer");
	assert_string_equal(restore_lab_text(&lab, "kept/again-2/d/file"), "newest");
	/* Nor is one that stands where a folder would have to be, or a folder with something in it. */
	restore_lab_file(&lab, "new", "below a file");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "new", "d/file/new", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/again-3/d/file/new"), "below a file");
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d", "d", NULL), 0);
	assert_int_equal(faccessat(lab.target_fd, "kept/again-4/d", F_OK, 0), 0);
	assert_int_equal(restore_aside_count(aside), 5);
	finish(&lab, &aside);
}

static void a_symlink_is_kept_as_one_and_leads_nowhere(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;
	char target[100] = "";

	(void)state;
	begin(&lab, &aside);
	assert_int_equal(symlinkat("/etc/passwd", lab.target_fd, "link"), 0);
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "link", "link", NULL), 0);
	assert_true(readlinkat(lab.target_fd, "kept/link", target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/etc/passwd");
	assert_int_equal(restore_aside_keep(aside, lab.target_fd, "d/file", "link/x", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/link/x"), "old");
	finish(&lab, &aside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_is_replaced_is_there_under_both_names),
		cmocka_unit_test(what_is_moved_is_gone_from_its_place),
		cmocka_unit_test(what_is_kept_is_never_written_over),
		cmocka_unit_test(a_symlink_is_kept_as_one_and_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
