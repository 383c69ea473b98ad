/* A folder that is held open is told from one that was removed, moved away or replaced meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/presence.h"
#include "tests/unit/scratch.h"

static void only_what_is_still_in_its_place_is_there(void **state)
{
	char top[PATH_MAX];
	struct error err = { .class = ERR_NONE };
	int top_fd;
	int fd;

	(void)state;
	assert_int_equal(scratch_make(top, sizeof(top), "presence"), 0);
	top_fd = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(top_fd, "a", 0700), 0);
	fd = openat(top_fd, "a", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(presence_check(fd, top_fd, "a", "folder", ERR_IO, &err), 0);

	assert_int_equal(renameat(top_fd, "a", top_fd, "b"), 0);
	assert_int_equal(presence_check(fd, top_fd, "a", "folder", ERR_IO, &err), -1);
	assert_int_equal(err.class, ERR_IO);
	assert_string_equal(err.text, "the folder a was removed while it was read");
	assert_int_equal(presence_check(fd, top_fd, "b", "folder", ERR_IO, &err), 0);

	assert_int_equal(mkdirat(top_fd, "a", 0700), 0); /* another one of its name */
	assert_int_equal(presence_check(fd, top_fd, "a", "folder", ERR_NOT_FOUND, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);

	assert_int_equal(unlinkat(top_fd, "b", AT_REMOVEDIR), 0);
	assert_int_equal(presence_check(fd, top_fd, "b", "folder", ERR_IO, NULL), -1);
	assert_int_equal(presence_check(fd, top_fd, "a/none/below", "folder", ERR_IO, NULL), -1);

	assert_int_equal(presence_check(top_fd, AT_FDCWD, top, "folder", ERR_IO, &err), 0);
	assert_int_equal(unlinkat(top_fd, "a", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(top), 0);
	assert_int_equal(presence_check(top_fd, AT_FDCWD, top, "folder", ERR_IO, NULL), -1);
	(void)close(fd);
	(void)close(top_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(only_what_is_still_in_its_place_is_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
