/* What an unfinished restore keeps in its target. */
#include "tests/unit/cli/restore_lab.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "cli/restore_work.h"

#define GENERATION "2025-11-23T05-36-00Z"

static const struct restore_work_key whole = { .pipeline = "p", .wanted = "" };

/* As a process that is killed leaves it: open again, as a lock is of an open file. */
static int open_again(struct restore_lab *lab)
{
	(void)close(lab->target_fd);
	lab->target_fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return lab->target_fd;
}

static void looking_changes_nothing(void **state)
{
	struct restore_lab *lab = *state;
	struct restore_work work;

	assert_int_equal(restore_work_open(&work, lab->target_fd, &whole, NULL), 0);
	assert_string_equal(work.generation, "");
	assert_false(work.others);
	restore_work_close(&work);
	assert_int_equal(restore_lab_count(lab), 0);
	restore_lab_file(lab, "mine", "x");
	assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
	assert_true(work.others);
	restore_work_close(&work);
}

static void the_same_restore_goes_on(void **state)
{
	struct restore_lab *lab = *state;
	struct restore_work work;
	char name[RESTORE_WORK_NAME_SIZE];

	assert_int_equal(restore_work_open(&work, lab->target_fd, &whole, NULL), 0);
	assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
	(void)snprintf(name, sizeof(name), "%s", work.name);
	restore_work_close(&work);
	assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
	assert_string_equal(work.name, name);
	assert_string_equal(work.generation, GENERATION);
	assert_true(work.same_boot);
	assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
	assert_int_equal(restore_work_end(&work, NULL), 0);
	restore_work_close(&work);
	assert_int_equal(restore_lab_count(lab), 0);
}

static void another_one_is_refused_by_name(void **state)
{
	static const struct restore_work_key others[] = {
		{ .pipeline = "q", .wanted = "" },
		{ .pipeline = "p", .wanted = "a/b" },
		{ .pipeline = "p", .wanted = "", .generation = "2024-01-01T00-00-00Z" },
	};
	struct restore_lab *lab = *state;
	struct restore_work work;
	struct error err;

	assert_int_equal(restore_work_open(&work, lab->target_fd, &whole, NULL), 0);
	assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
	restore_work_close(&work);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(restore_work_open(&work, open_again(lab), &others[i], &err), -1);
		assert_int_equal(err.class, ERR_REFUSED);
		assert_non_null(strstr(err.text, GENERATION));
		restore_work_close(&work);
	}
}

static void two_at_once_are_refused(void **state)
{
	struct restore_lab *lab = *state;
	struct restore_work first;
	struct restore_work second;
	struct error err;
	int other = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(restore_work_open(&first, lab->target_fd, &whole, NULL), 0);
	assert_int_equal(restore_work_open(&second, other, &whole, &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	restore_work_close(&first);
	(void)close(other);
}

static int count(void *context, const char *path, struct error *err)
{
	unsigned *n = context;

	(void)err;
	assert_string_equal(path, *n == 0 ? "a" : "d/b\n");
	(*n)++;
	return 0;
}

static void what_was_bad_is_told_once(void **state)
{
	struct restore_lab *lab = *state;
	struct restore_work work;
	unsigned n = 0;

	assert_int_equal(restore_work_open(&work, lab->target_fd, &whole, NULL), 0);
	assert_int_equal(restore_work_each_bad(&work, count, &n, NULL), 0);
	assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
	assert_int_equal(restore_work_bad(&work, "a", NULL), 0);
	assert_int_equal(restore_work_bad(&work, "d/b\n", NULL), 0);
	restore_work_close(&work);
	assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
	assert_int_equal(restore_work_each_bad(&work, count, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(restore_work_each_bad(&work, count, &n, NULL), 0);
	assert_int_equal(n, 2);
	restore_work_close(&work);
}

/* Killed between the folder and what is written into it; or somebody wrote over it. */
static void a_broken_state_is_none(void **state)
{
	struct restore_lab *lab = *state;
	struct restore_work work;

	assert_int_equal(mkdirat(lab->target_fd, ".aob-restore-0123456789abcdef", 0700), 0);
	assert_int_equal(restore_work_open(&work, lab->target_fd, &whole, NULL), 0);
	assert_string_equal(work.generation, "");
	restore_work_close(&work);
	restore_lab_file(lab, ".aob-restore-0123456789abcdef/state.json", "{\"pipeline\": 1}");
	assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
	assert_string_equal(work.generation, "");
	assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
	assert_int_equal(restore_work_end(&work, NULL), 0);
	restore_work_close(&work);
	assert_int_equal(restore_lab_count(lab), 0);
}

/* Killed at each place of the end: the next one only gives the target its time; one that wants something else takes no notice. */
static void a_killed_end_is_only_finished(void **state)
{
	static const char *const points[] = { "restore-emptied", "restore-removed" };
	static const struct restore_work_key other = { .pipeline = "p", .wanted = "a/b" };
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1600000000, .tv_nsec = 123 } };
	struct restore_lab *lab = *state;
	struct restore_work work;
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		int status;
		pid_t child;

		assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
		assert_int_equal(restore_work_begin(&work, &whole, GENERATION, NULL), 0);
		assert_int_equal(futimens(lab->target_fd, times), 0);
		child = fork();
		if (child == 0) {
			(void)setenv("AOB_CRASH_POINT", points[i], 1);
			(void)restore_work_end(&work, NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		restore_work_close(&work);
		assert_int_equal(restore_work_open(&work, open_again(lab), &other, NULL), 0);
		assert_false(work.complete);
		restore_work_close(&work);
		assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
		assert_true(work.complete);
		assert_string_equal(work.generation, GENERATION);
		assert_int_equal(restore_work_finish(&work, NULL), 0);
		assert_false(work.complete);
		restore_work_close(&work);
		assert_int_equal(restore_lab_count(lab), 0);
		assert_int_equal(fstat(lab->target_fd, &st), 0);
		assert_int_equal(st.st_mtim.tv_sec, 1600000000);
		assert_int_equal(st.st_mtim.tv_nsec, 123);
		assert_int_equal(restore_work_open(&work, open_again(lab), &whole, NULL), 0);
		assert_false(work.complete);
		restore_work_close(&work);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_lab_set_up, restore_lab_tear_down)
	const struct CMUnitTest tests[] = { TEST(looking_changes_nothing),        TEST(the_same_restore_goes_on),
		                            TEST(another_one_is_refused_by_name), TEST(two_at_once_are_refused),
		                            TEST(what_was_bad_is_told_once),      TEST(a_broken_state_is_none),
		                            TEST(a_killed_end_is_only_finished) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
