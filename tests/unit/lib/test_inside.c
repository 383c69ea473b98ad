/* No path leads out of the held folder: not by "..", not by a symlink, not by one that appears while paths are used; with openat2(2) and without. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/inside.h"
#include "tests/unit/hidden_call.h"
#include "tests/unit/scratch.h"

struct lab {
	char folder[64];
	int root_fd;
	struct inside *inside;
};

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (scratch_make(lab->folder, sizeof(lab->folder), "inside") != 0)
		return -1;
	lab->root_fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(lab->root_fd, "root", 0700) != 0 || mkdirat(lab->root_fd, "outside", 0700) != 0)
		return -1;
	(void)close(lab->root_fd);
	(void)snprintf(lab->folder + strlen(lab->folder), 8, "/root");
	lab->root_fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = lab;
	return mkdirat(lab->root_fd, "a", 0700) + mkdirat(lab->root_fd, "a/b", 0700) +
	       mkdirat(lab->root_fd, "a/b/c", 0700) + mkdirat(lab->root_fd, "ab", 0700) +
	       symlinkat("../outside", lab->root_fd, "out") + symlinkat("b", lab->root_fd, "a/link") +
	       symlinkat("/", lab->root_fd, "a/b/slash") +
	       close(openat(lab->root_fd, "file", O_CREAT | O_WRONLY, 0600)) +
	       inside_new(lab->root_fd, &lab->inside, NULL);
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];

	inside_destroy(&lab->inside);
	inside_destroy(&lab->inside);
	(void)close(lab->root_fd);
	lab->folder[strlen(lab->folder) - 5] = '\0';
	(void)snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	free(lab);
	return system(command);
}

/* The folder that inside gives is the one at `folder`. */
static void assert_parent(struct lab *lab, const char *path, const char *folder, const char *leaf)
{
	struct error err = { 0 };
	struct stat given;
	struct stat wanted;
	const char *got = NULL;
	int fd = -1;

	if (inside_parent(lab->inside, path, &fd, &got, &err) != 0)
		fail_msg("%s: %s", path, err.text);
	assert_string_equal(got, leaf);
	assert_int_equal(fstat(fd, &given), 0);
	assert_int_equal(fstatat(lab->root_fd, folder, &wanted, 0), 0);
	if (given.st_ino != wanted.st_ino)
		fail_msg("%s: not in %s", path, folder);
}

static enum error_class fault_of(struct lab *lab, const char *path)
{
	struct error err = { 0 };
	const char *leaf = NULL;
	int fd = -1;

	if (inside_parent(lab->inside, path, &fd, &leaf, &err) == 0)
		return ERR_NONE;
	return err.class;
}

static void only_names_below_are_valid(void **state)
{
	char name[258];
	char *deep = malloc(70000);
	static const char *const right[] = { "", "a", "a/b", "...", "..a", "a..", "a/.b", " ", "\n", "\xff/\x01" };
	static const char *const wrong[] = { ".",     "..",   "/",    "/a",     "a/",     "a//b", "./a",
		                             "a/./b", "a/..", "../a", "a/../b", "a/b/..", "//",   "a/b/." };

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (inside_valid(right[i], NULL) != 0)
			fail_msg("\"%s\" was refused", right[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error err = { 0 };

		if (inside_valid(wrong[i], &err) == 0)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(err.class, ERR_INPUT);
	}
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	assert_int_equal(inside_valid(name, NULL), 0);
	name[255] = 'n';
	name[256] = '\0';
	assert_int_equal(inside_valid(name, NULL), -1);
	assert_non_null(deep);
	for (size_t i = 0; i < 70000; i++)
		deep[i] = i % 2 == 0 ? 'd' : '/';
	deep[65535] = '\0';
	assert_int_equal(inside_valid(deep, NULL), 0);
	deep[65535] = '/';
	deep[65537] = '\0';
	assert_int_equal(inside_valid(deep, NULL), -1);
	free(deep);
}

static void each_path_finds_its_folder_in_any_order(void **state)
{
	struct lab *lab = *state;

	assert_parent(lab, "", ".", ".");
	assert_parent(lab, "a", ".", "a");
	assert_parent(lab, "a/b/c/new", "a/b/c", "new");
	assert_parent(lab, "a/b/c/other", "a/b/c", "other");
	assert_parent(lab, "a/x", "a", "x");
	assert_parent(lab, "a/b/x", "a/b", "x");
	assert_parent(lab, "ab/x", "ab", "x"); /* "a" is no folder above it */
	assert_parent(lab, "a/b/x", "a/b", "x");
	assert_parent(lab, "x", ".", "x");
	assert_parent(lab, "a/b/c/x", "a/b/c", "x");
	assert_parent(lab, "out", ".", "out"); /* a symlink may be named, it is only never followed */
}

static void no_symlink_and_no_dots_lead_out(void **state)
{
	struct lab *lab = *state;
	static const struct {
		const char *path;
		enum error_class class;
	} cases[] = {
		{ "out/x", ERR_REFUSED },
		{ "a/link/x", ERR_REFUSED },
		{ "a/b/slash/etc/passwd", ERR_REFUSED },
		{ "file/x", ERR_REFUSED },
		{ "../outside/x", ERR_INPUT },
		{ "a/../../outside/x", ERR_INPUT },
		{ "/etc/passwd", ERR_INPUT },
		{ "gone/x", ERR_NOT_FOUND },
		{ "a/b/gone/x", ERR_NOT_FOUND },
		{ "a/b/c/gone/x", ERR_NOT_FOUND },
	};

	for (unsigned warm = 0; warm < 2; warm++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (warm == 1)
				assert_parent(lab, "a/b/x", "a/b", "x");
			if (fault_of(lab, cases[i].path) != cases[i].class)
				fail_msg("%s: class %s", cases[i].path, error_code(fault_of(lab, cases[i].path)));
		}
	}
	assert_parent(lab, "a/b/c/x", "a/b/c", "x");
}

static void a_folder_that_becomes_a_symlink_is_refused_after_forget(void **state)
{
	struct lab *lab = *state;

	assert_parent(lab, "a/b/c/x", "a/b/c", "x");
	assert_int_equal(renameat(lab->root_fd, "a/b", lab->root_fd, "a/moved"), 0);
	assert_int_equal(symlinkat("../../outside", lab->root_fd, "a/b"), 0);
	inside_forget(lab->inside);
	assert_int_equal(fault_of(lab, "a/b/c/x"), ERR_REFUSED);
	assert_int_equal(fault_of(lab, "a/b/x"), ERR_REFUSED);
	assert_parent(lab, "a/moved/c/x", "a/moved/c", "x");
	inside_forget(lab->inside);
	inside_forget(lab->inside);
	assert_int_equal(unlinkat(lab->root_fd, "a/b", 0), 0);
	assert_int_equal(renameat(lab->root_fd, "a/moved", lab->root_fd, "a/b"), 0);
}

/* What was opened before still is that folder, wherever it went: never one outside. */
static void without_forget_the_held_folder_is_used(void **state)
{
	struct lab *lab = *state;

	assert_parent(lab, "a/b/c/x", "a/b/c", "x");
	assert_int_equal(renameat(lab->root_fd, "a/b/c", lab->root_fd, "a/b/d"), 0);
	assert_int_equal(symlinkat("/etc", lab->root_fd, "a/b/c"), 0);
	assert_parent(lab, "a/b/d/x", "a/b/d", "x");
	assert_int_equal(fault_of(lab, "a/b/c/passwd"), ERR_REFUSED);
	assert_int_equal(unlinkat(lab->root_fd, "a/b/c", 0), 0);
	assert_int_equal(renameat(lab->root_fd, "a/b/d", lab->root_fd, "a/b/c"), 0);
}

/* Longer than one call may be told. */
static void a_path_longer_than_the_kernel_takes_is_walked(void **state)
{
	enum { LEVELS = 40, NAME = 200 };
	struct lab *lab = *state;
	char path[LEVELS * (NAME + 1) + 2] = "";
	struct error err = { 0 };
	const char *leaf;
	int fd = lab->root_fd;

	for (unsigned i = 0; i < LEVELS; i++) {
		inside_forget(lab->inside);
		memset(path + strlen(path), 'n', NAME);
		assert_int_equal(inside_parent(lab->inside, path, &fd, &leaf, &err), 0);
		assert_true(mkdirat(fd, leaf, 0700) == 0 || errno == EEXIST);
		path[strlen(path)] = '/';
	}
	path[strlen(path)] = 'x';
	inside_forget(lab->inside);
	if (inside_parent(lab->inside, path, &fd, &leaf, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(leaf, "x");
}

static void no_descriptor_is_lost(void **state)
{
	struct lab *lab = *state;
	int before = dup(lab->root_fd);
	int after;

	assert_int_equal(close(before), 0);
	for (int i = 0; i < 100; i++) {
		inside_forget(lab->inside);
		assert_parent(lab, "a/b/c/x", "a/b/c", "x");
		(void)fault_of(lab, "a/b/c/gone/x");
		(void)fault_of(lab, "out/x");
		assert_parent(lab, "a/b/x", "a/b", "x");
	}
	inside_forget(lab->inside);
	after = dup(lab->root_fd);
	assert_int_equal(close(after), 0);
	assert_true(after <= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_below_are_valid),
		cmocka_unit_test(each_path_finds_its_folder_in_any_order),
		cmocka_unit_test(no_symlink_and_no_dots_lead_out),
		cmocka_unit_test(a_folder_that_becomes_a_symlink_is_refused_after_forget),
		cmocka_unit_test(without_forget_the_held_folder_is_used),
		cmocka_unit_test(a_path_longer_than_the_kernel_takes_is_walked),
		cmocka_unit_test(no_descriptor_is_lost),
	};
	int failed = cmocka_run_group_tests(tests, make_lab, remove_lab);

	if (!hidden_call(SYS_openat2, ENOSYS)) {
		print_message("no filter of system calls here: only what this kernel has is tested\n");
		return failed;
	}
	return failed + cmocka_run_group_tests_name("without openat2", tests, make_lab, remove_lab);
}
