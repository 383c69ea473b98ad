/* What a target can hold is tried out, and nothing of that stays. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_holds.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/hidden_call.h"

static void nothing_stays_of_a_trial(void **state)
{
	const struct restore_lab *lab = *state;
	struct restore_holds holds;

	restore_lab_file(lab, "probe", "of one that was killed");
	restore_lab_file(lab, "state.json", "mine");
	assert_int_equal(restore_holds_try(lab->target_fd, &holds, NULL), 0);
	assert_int_equal(restore_lab_count(lab), 1);
	assert_string_equal(restore_lab_text(lab, "state.json"), "mine");
	/* Whatever a machine's own disk is, it has these. */
	assert_true(restore_holds_names(&holds));
	assert_true(holds.symlinks && holds.links && holds.times && holds.holes);
	assert_int_equal(holds.name_most, 255);
	assert_true(holds.file_most > UINT32_MAX);
	assert_true(strlen(holds.kind) > 1);
}

/* As a file system answers that has no such thing. */
static void what_is_refused_is_not_held(void **state)
{
	const struct restore_lab *lab = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct restore_holds holds;

		if (!hidden_call(SYS_symlinkat, EPERM))
			_exit(77);
		if (!hidden_call(SYS_linkat, EOPNOTSUPP) || !hidden_call(SYS_lseek, EINVAL) ||
		    restore_holds_try(lab->target_fd, &holds, NULL) != 0)
			_exit(1);
		_exit(holds.symlinks || holds.links || holds.file_most != 0 || !holds.any_character ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(restore_lab_count(lab), 0);
}

static void a_dry_run_knows_of_kinds_alone(void **state)
{
	const struct restore_lab *lab = *state;
	struct restore_holds holds;

	restore_holds_guess(lab->target_fd, &holds);
	assert_true(restore_holds_names(&holds) && holds.symlinks && holds.links && holds.file_most == UINT64_MAX);
	assert_int_equal(restore_lab_count(lab), 0);
}

static void where_nothing_can_be_made_it_is_said(void **state)
{
	const struct restore_lab *lab = *state;
	struct error err = { .class = ERR_NONE };
	struct restore_holds holds;
	int fd = openat(lab->target_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(unlinkat(lab->target_fd, ".", AT_REMOVEDIR), -1);
	assert_int_equal(rmdir(lab->folder), 0);
	assert_int_equal(restore_holds_try(fd, &holds, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	(void)close(fd);
	assert_int_equal(mkdir(lab->folder, 0700), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_lab_set_up, restore_lab_tear_down)
	const struct CMUnitTest tests[] = { TEST(nothing_stays_of_a_trial), TEST(what_is_refused_is_not_held),
		                            TEST(a_dry_run_knows_of_kinds_alone),
		                            TEST(where_nothing_can_be_made_it_is_said) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
