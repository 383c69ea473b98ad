/* A small file is whole or old; what is read is no more than was asked for. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/durable.h"
#include "tests/unit/scratch.h"

static char folder[200];
static int folder_fd = -1;

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "durable") != 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)close(folder_fd);
	return scratch_remove(folder);
}

static void assert_content(const char *name, const char *content, size_t n)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t got = 0;

	if (durable_read(folder_fd, name, 1 << 20, &text, &got, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(got, n);
	assert_memory_equal(text, content, n);
	assert_int_equal(text[n], '\0');
	free(text);
}

/* Nothing is left beside it. */
static void assert_alone(const char *name)
{
	char beside[300];

	(void)snprintf(beside, sizeof(beside), ".%s.new", name);
	assert_int_not_equal(faccessat(folder_fd, beside, F_OK, AT_SYMLINK_NOFOLLOW), 0);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(durable_write(folder_fd, "a", DURABLE_PUBLIC, "one\0two", 7, NULL), 0);
	assert_content("a", "one\0two", 7);
	assert_int_equal(durable_write(folder_fd, "a", DURABLE_PUBLIC, "", 0, NULL), 0);
	assert_content("a", "", 0);
	assert_alone("a");
	assert_int_equal(durable_sync(folder_fd, "folder", NULL), 0);
}

static void what_is_private_is_so_whatever_lay_there(void **state)
{
	struct stat status;
	int fd = openat(folder_fd, ".p.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0666); /* of a killed process */

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	(void)close(fd);
	assert_int_equal(durable_write(folder_fd, "p", DURABLE_PRIVATE, "x", 1, NULL), 0);
	assert_int_equal(fstatat(folder_fd, "p", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(durable_write(folder_fd, "q", DURABLE_PUBLIC, "x", 1, NULL), 0);
	assert_int_equal(fstatat(folder_fd, "q", &status, 0), 0);
	assert_int_equal(status.st_mode & 0444, 0444);
}

static void another_file_takes_its_place_and_readers_keep_the_old_one(void **state)
{
	char text[4] = "";
	int fd;

	(void)state;
	assert_int_equal(durable_write(folder_fd, "b", DURABLE_PUBLIC, "old", 3, NULL), 0);
	fd = openat(folder_fd, "b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(durable_write(folder_fd, "b", DURABLE_PUBLIC, "new", 3, NULL), 0);
	assert_int_equal(read(fd, text, 3), 3);
	assert_string_equal(text, "old");
	assert_int_equal(close(fd), 0);
	assert_content("b", "new", 3);
}

static void when_there_is_no_room_the_old_one_stays(void **state)
{
	struct rlimit was;
	struct rlimit small;
	struct error err = { 0 };
	char large[8192];
	int rc;

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(durable_write(folder_fd, "c", DURABLE_PUBLIC, "old", 3, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ 4096, was.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = durable_write(folder_fd, "c", DURABLE_PUBLIC, large, sizeof(large), &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, -1);
	assert_content("c", "old", 3);
	assert_alone("c");
}

static void what_a_crash_left_beside_it_does_no_harm(void **state)
{
	int fd = openat(folder_fd, ".d.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "much longer than the new one", 28), 28);
	assert_int_equal(close(fd), 0);
	assert_int_equal(durable_write(folder_fd, "d", DURABLE_PUBLIC, "new", 3, NULL), 0);
	assert_content("d", "new", 3);
	assert_alone("d");
}

static void no_symlink_is_followed(void **state)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t n;

	(void)state;
	assert_int_equal(durable_write(folder_fd, "victim", DURABLE_PUBLIC, "safe", 4, NULL), 0);
	assert_int_equal(symlinkat("victim", folder_fd, "link"), 0);
	assert_int_equal(durable_read(folder_fd, "link", 100, &text, &n, &err), -1);
	assert_null(text);
	assert_int_equal(symlinkat("victim", folder_fd, ".e.new"), 0);
	assert_int_equal(durable_write(folder_fd, "e", DURABLE_PUBLIC, "evil", 4, &err), -1);
	assert_content("victim", "safe", 4);
	assert_int_equal(durable_write(folder_fd, "link", DURABLE_PUBLIC, "mine", 4, NULL),
	                 0); /* the link itself is replaced */
	assert_content("victim", "safe", 4);
	assert_content("link", "mine", 4);
}

static void what_is_no_small_file_is_refused(void **state)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t n;

	(void)state;
	assert_int_equal(durable_read(folder_fd, "none", 100, &text, &n, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_int_equal(durable_write(folder_fd, "f", DURABLE_PUBLIC, "12345", 5, NULL), 0);
	assert_int_equal(durable_read(folder_fd, "f", 4, &text, &n, &err), -1);
	assert_int_equal(err.class, ERR_DAMAGED);
	assert_int_equal(durable_read(folder_fd, "f", 5, &text, &n, &err), 0);
	free(text);
	assert_int_equal(mkfifoat(folder_fd, "fifo", 0600), 0);
	assert_int_equal(durable_read(folder_fd, "fifo", 100, &text, &n, &err), -1); /* and does not hang */
	assert_int_equal(err.class, ERR_DAMAGED);
	assert_int_equal(mkdirat(folder_fd, "dir", 0700), 0);
	assert_int_equal(durable_read(folder_fd, "dir", 10000, &text, &n, &err), -1);
	assert_null(text);
}

static void a_name_that_leaves_no_room_is_refused(void **state)
{
	char name[253];
	struct error err = { 0 };

	(void)state;
	memset(name, 'n', sizeof(name));
	name[252] = '\0';
	assert_int_equal(durable_write(folder_fd, name, DURABLE_PUBLIC, "x", 1, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	name[250] = '\0';
	assert_int_equal(durable_write(folder_fd, name, DURABLE_PUBLIC, "x", 1, &err), 0);
	assert_content(name, "x", 1);
}

static void the_folder_of_a_file_is_the_one_that_it_lies_in(void **state)
{
	struct error err = { 0 };
	struct stat want;
	struct stat is;
	char path[300];
	char long_path[5000];
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/not-there-yet", folder);
	fd = durable_folder_of(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(fstat(folder_fd, &want), 0);
	assert_int_equal(is.st_ino, want.st_ino);
	(void)close(fd);
	for (int i = 0; i < 2; i++) {
		fd = durable_folder_of(i == 0 ? "/file" : "file", &err);
		assert_int_equal(fstat(fd, &is), 0);
		assert_int_equal(stat(i == 0 ? "/" : ".", &want), 0);
		assert_int_equal(is.st_ino, want.st_ino);
		(void)close(fd);
	}
	assert_int_equal(durable_folder_of("/is/not/there", &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = long_path[4998] = '/';
	long_path[4999] = '\0';
	assert_int_equal(durable_folder_of(long_path, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_private_is_so_whatever_lay_there),
		cmocka_unit_test(another_file_takes_its_place_and_readers_keep_the_old_one),
		cmocka_unit_test(when_there_is_no_room_the_old_one_stays),
		cmocka_unit_test(what_a_crash_left_beside_it_does_no_harm),
		cmocka_unit_test(no_symlink_is_followed),
		cmocka_unit_test(what_is_no_small_file_is_refused),
		cmocka_unit_test(a_name_that_leaves_no_room_is_refused),
		cmocka_unit_test(the_folder_of_a_file_is_the_one_that_it_lies_in),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
