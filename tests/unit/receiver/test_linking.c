/* A file that can't get another name is known, however the file system says so; a file system that is full is full. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "receiver/linking.h"
#include "tests/unit/scratch.h"

#define MIB (1ull << 20)

static void no_space_where_there_is_room_is_a_limit_of_names(void **state)
{
	static const struct {
		int sys, is;
		unsigned long long bytes, inodes;
	} rows[] = {
		{ ENOSPC, EMLINK, 16 * MIB, 16 },
		{ ENOSPC, ENOSPC, 16 * MIB - 1, 16 },
		{ ENOSPC, ENOSPC, 16 * MIB, 15 },
		{ ENOSPC, ENOSPC, 0, 0 },
		{ EMLINK, EMLINK, 0, 0 },
		{ EDQUOT, EDQUOT, 1000 * MIB, 1000 },
		{ ENOENT, ENOENT, 1000 * MIB, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(linking_error(rows[i].sys, rows[i].bytes, rows[i].inodes), rows[i].is);
}

static void a_name_is_made_or_the_reason_told(void **state)
{
	char folder[PATH_MAX];
	int fd;
	struct stat st;

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "linking"), 0);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(close(openat(fd, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(linking_at(fd, "a", fd, "b"), 0);
	assert_int_equal(linking_at(fd, "a", fd, "b"), EEXIST);
	assert_int_equal(linking_at(fd, "nothing", fd, "c"), ENOENT);
	assert_int_equal(fstatat(fd, "b", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(unlinkat(fd, "a", 0), 0);
	assert_int_equal(unlinkat(fd, "b", 0), 0);
	(void)close(fd);
	assert_int_equal(scratch_remove(folder), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_space_where_there_is_room_is_a_limit_of_names),
		cmocka_unit_test(a_name_is_made_or_the_reason_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
