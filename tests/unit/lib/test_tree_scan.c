#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tree_scan.h"
#include "tests/unit/scratch.h"

static char folder[PATH_MAX];

static int make_folder(void **state)
{
	(void)state;
	return scratch_make(folder, sizeof(folder), "tree-scan");
}

static int remove_folder(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static void write_file(const char *name)
{
	assert_int_equal(scratch_write(folder, name), 0);
}

static void make_below(const char *name)
{
	assert_int_equal(scratch_below(folder, name), 0);
}

/* A pass in steps; a change anywhere is another fingerprint, a look is none. */
static uint64_t fingerprint(void)
{
	struct tree_scan *pass = tree_scan_new();
	struct error err = { .class = ERR_NONE };
	uint64_t found = 0;
	uint64_t at_once = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	assert_non_null(pass);
	assert_int_equal(tree_scan_begin(pass, fd, &err), 0);
	while (!tree_scan_step(pass, &found))
		assert_true(tree_scan_busy(pass));
	assert_false(tree_scan_busy(pass));
	tree_scan_destroy(&pass);
	assert_int_equal(tree_scan_all(fd, NULL, NULL, &at_once, &err), 0);
	assert_true(at_once == found);
	assert_int_equal(close(fd), 0);
	assert_true(found != 0 && found <= INT64_MAX);
	return found;
}

static void a_scan_tells_what_has_changed(void **state)
{
	char path[2 * PATH_MAX];
	char other[2 * PATH_MAX];
	uint64_t before;

	(void)state;
	make_below("scan");
	make_below("scan/ned");
	write_file("scan/ned/file");
	before = fingerprint();
	assert_true(fingerprint() == before);
	write_file("scan/ned/file2");
	assert_true(fingerprint() != before);
	before = fingerprint();
	(void)snprintf(path, sizeof(path), "%s/scan/ned/file", folder);
	(void)snprintf(other, sizeof(other), "%s/scan/file", folder);
	assert_int_equal(rename(path, other), 0);
	assert_true(fingerprint() != before);
	before = fingerprint();
	assert_int_equal(chmod(other, 0640), 0);
	assert_true(fingerprint() != before);
}

/* However deep: a change down there, and beside each folder on the way back up. */
static void a_scan_reaches_the_deepest_folder(void **state)
{
	uint64_t before = fingerprint();
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	int file;

	(void)state;
	for (int i = 0; i < 300; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "level", 0700), 0);
		if (i % 50 == 0) {
			assert_true(fingerprint() != before);
			before = fingerprint();
			file = openat(fd, "beside it", O_WRONLY | O_CREAT, 0600);
			assert_true(file >= 0);
			assert_int_equal(close(file), 0);
			assert_true(fingerprint() != before);
			before = fingerprint();
		}
		next = openat(fd, "level", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		assert_int_equal(close(fd), 0);
		fd = next;
	}
	before = fingerprint();
	assert_true(fingerprint() == before);
	file = openat(fd, "deep", O_WRONLY | O_CREAT, 0600);
	assert_true(file >= 0);
	assert_int_equal(close(file), 0);
	assert_true(fingerprint() != before);
	assert_int_equal(close(fd), 0);
}

static int give_up(void *context, struct error *err)
{
	int *left = context;

	return --*left > 0 ? 0 : error_set(err, ERR_CANCELLED, "asked to stop");
}

static void it_stops_when_asked(void **state)
{
	struct error err = { .class = ERR_NONE };
	uint64_t found = 0;
	int left = 1;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(tree_scan_all(fd, give_up, &left, &found, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_tells_what_has_changed),
		cmocka_unit_test(a_scan_reaches_the_deepest_folder),
		cmocka_unit_test(it_stops_when_asked),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
