#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_aside.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/hidden_call.h"

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

static int swap(const struct restore_lab *lab, struct restore_aside *aside, const char *text, const char *path)
{
	restore_lab_file(lab, "new", text);
	return restore_aside_swap(aside, lab->target_fd, "new", lab->target_fd, path, path, NULL);
}

static void what_is_replaced_is_kept(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;

	(void)state;
	begin(&lab, &aside);
	assert_null(restore_lab_text(&lab, "kept/d/file"));
	assert_int_equal(swap(&lab, aside, "first", "d/file"), 0);
	assert_string_equal(restore_lab_text(&lab, "d/file"), "first");
	assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
	assert_int_equal(swap(&lab, aside, "second", "d/file"), 0);
	assert_string_equal(restore_lab_text(&lab, "d/file"), "second");
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/d/file"), "first");
	assert_int_equal(restore_aside_count(aside), 2);
	/* Where nothing is any more, nothing is kept. */
	assert_int_equal(unlinkat(lab.target_fd, "d/file", 0), 0);
	assert_int_equal(swap(&lab, aside, "third", "d/file"), 0);
	assert_string_equal(restore_lab_text(&lab, "d/file"), "third");
	assert_int_equal(restore_aside_count(aside), 2);
	assert_null(restore_lab_text(&lab, "new"));
	/* A folder, with all in it. */
	assert_int_equal(swap(&lab, aside, "a file now", "d"), 0);
	assert_string_equal(restore_lab_text(&lab, "d"), "a file now");
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/d/file"), "first");
	assert_string_equal(restore_lab_text(&lab, "kept/again-3/d/file"), "third");
	finish(&lab, &aside);
}

/* In a child, as if the file system knew no such rename. */
static void where_it_is_not_at_one_stroke_it_is_kept_too(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;
	pid_t pid;
	int status;

	(void)state;
	begin(&lab, &aside);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!hidden_call(SYS_renameat2, EINVAL))
			_exit(77);
		_exit(swap(&lab, aside, "first", "d/file") == 0 && swap(&lab, aside, "second", "d/file") == 0 &&
		                      restore_aside_count(aside) == 2
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77) {
		assert_int_equal(WEXITSTATUS(status), 0);
		assert_string_equal(restore_lab_text(&lab, "d/file"), "second");
		assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
		assert_string_equal(restore_lab_text(&lab, "kept/again-1/d/file"), "first");
		assert_null(restore_lab_text(&lab, "new"));
	}
	finish(&lab, &aside);
}

static void what_cannot_take_the_place_stays_where_it_was(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;
	struct error err = { .class = ERR_NONE };
	int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	begin(&lab, &aside);
	restore_lab_file(&lab, "new", "text");
	assert_true(proc >= 0);
	assert_int_equal(restore_aside_swap(aside, lab.target_fd, "new", proc, "status", "status", &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_string_equal(restore_lab_text(&lab, "new"), "text");
	assert_int_equal(restore_aside_count(aside), 0);
	(void)close(proc);
	finish(&lab, &aside);
}

static void what_is_moved_is_gone_from_its_place(void **state)
{
	struct restore_aside *aside;
	struct restore_lab lab;

	(void)state;
	begin(&lab, &aside);
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
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
	assert_int_equal(swap(&lab, aside, "newest", "d/file"), 0);
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "d/file", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/d/file"), "old");
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/d/file"), "newer");
	assert_string_equal(restore_lab_text(&lab, "kept/again-2/d/file"), "newest");
	/* Nor is one that stands where a folder would have to be, or a folder with something in it. */
	restore_lab_file(&lab, "new", "below a file");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "new", "d/file/new", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/again-3/d/file/new"), "below a file");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d", "d", NULL), 0);
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
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "link", "link", NULL), 0);
	assert_true(readlinkat(lab.target_fd, "kept/link", target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/etc/passwd");
	assert_int_equal(restore_aside_move(aside, lab.target_fd, "d/file", "link/x", NULL), 0);
	assert_string_equal(restore_lab_text(&lab, "kept/again-1/link/x"), "old");
	finish(&lab, &aside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_replaced_is_kept),
		cmocka_unit_test(where_it_is_not_at_one_stroke_it_is_kept_too),
		cmocka_unit_test(what_cannot_take_the_place_stays_where_it_was),
		cmocka_unit_test(what_is_moved_is_gone_from_its_place),
		cmocka_unit_test(what_is_kept_is_never_written_over),
		cmocka_unit_test(a_symlink_is_kept_as_one_and_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
