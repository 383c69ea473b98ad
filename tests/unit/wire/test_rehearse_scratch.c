/* The folder is private and goes with what is in it, also what killed ones left; but not what another one still has, nor what only has such a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "wire/rehearse_scratch.h"

static char folder[200];

static int set_up(void **state)
{
	(void)state;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	return scratch_make(folder, sizeof(folder), "rehearse") == 0 && setenv("TMPDIR", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void fill(const char *path)
{
	char below[1100];
	int fd;

	(void)snprintf(below, sizeof(below), "%s/locked", path);
	assert_int_equal(mkdir(below, 0700), 0);
	(void)snprintf(below, sizeof(below), "%s/locked/file", path);
	fd = open(below, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(below, sizeof(below), "%s/locked/link", path);
	assert_int_equal(symlink("/etc", below), 0);
	(void)snprintf(below, sizeof(below), "%s/locked", path);
	assert_int_equal(chmod(below, 0), 0);
}

static void it_is_private_and_goes(void **state)
{
	struct rehearse_scratch scratch;
	struct error err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(rehearse_scratch_open(&scratch, &err), 0);
	assert_int_equal(lstat(scratch.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	fill(scratch.path);
	assert_int_equal(rehearse_scratch_clear(&scratch, "locked", &err), 0);
	assert_int_equal(rehearse_scratch_clear(&scratch, "locked", &err), 0);
	fill(scratch.path);
	rehearse_scratch_close(&scratch);
	assert_false(is_there(scratch.path));
	assert_true(is_there("/etc/passwd"));
	rehearse_scratch_close(&scratch);
}

static void what_a_killed_one_left_goes_and_what_another_has_stays(void **state)
{
	struct rehearse_scratch mine;
	struct rehearse_scratch dead;
	struct rehearse_scratch another;
	char foreign[300];
	struct error err = { 0 };

	(void)state;
	assert_int_equal(rehearse_scratch_open(&mine, &err), 0);
	assert_int_equal(rehearse_scratch_open(&dead, &err), 0);
	fill(dead.path);
	(void)close(dead.fd); /* as the kernel does for one that was killed */
	(void)snprintf(foreign, sizeof(foreign), "%s/" REHEARSE_SCRATCH_PREFIX "open", folder);
	assert_int_equal(mkdir(foreign, 0755), 0); /* not private: none of ours */
	assert_int_equal(rehearse_scratch_open(&another, &err), 0);
	assert_false(is_there(dead.path));
	assert_true(is_there(mine.path));
	assert_true(is_there(foreign));
	rehearse_scratch_close(&another);
	rehearse_scratch_close(&mine);
	assert_false(is_there(mine.path));
}

static void what_has_come_until_now_is_counted(void **state)
{
	static char data[100000];
	struct rehearse_scratch scratch;
	struct error err = { 0 };
	char path[PATH_MAX + 16];
	int fd;

	(void)state;
	assert_int_equal(rehearse_scratch_open(&scratch, &err), 0);
	assert_int_equal(rehearse_scratch_bytes(&scratch, "a"), 0);
	(void)snprintf(path, sizeof(path), "%s/a", scratch.path);
	assert_int_equal(mkdir(path, 0700), 0);
	fill(path);
	assert_int_equal(rehearse_scratch_bytes(&scratch, "a"), 0);
	(void)snprintf(path, sizeof(path), "%s/a/part", scratch.path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)memset(data, 1, sizeof(data));
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(ftruncate(fd, 1 << 30), 0); /* made as large as it is to become */
	assert_int_equal(fsync(fd), 0);
	(void)close(fd);
	assert_in_range(rehearse_scratch_bytes(&scratch, "a"), sizeof(data), sizeof(data) + (1 << 20));
	rehearse_scratch_close(&scratch);
}

static void without_a_place_it_is_told(void **state)
{
	struct rehearse_scratch scratch;
	struct error err = { 0 };
	char none[300];

	(void)state;
	(void)snprintf(none, sizeof(none), "%s/none", folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	(void)setenv("TMPDIR", none, 1);
	assert_int_equal(rehearse_scratch_open(&scratch, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	rehearse_scratch_close(&scratch);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	(void)setenv("TMPDIR", folder, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_private_and_goes),
		cmocka_unit_test(what_a_killed_one_left_goes_and_what_another_has_stays),
		cmocka_unit_test(what_has_come_until_now_is_counted),
		cmocka_unit_test(without_a_place_it_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
