/* A large folder's hash, put right by what differs from the generation before, is the one that all of it comes to; whatever was remembered wrongly, or has rotted since, is not built upon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "receiver/seal.h"
#include "receiver/seal_flat.h"
#include "tests/unit/scratch.h"

#define FILES (SEAL_FLAT_LEAST + 100)

struct lab {
	char root[PATH_MAX / 4];
	int root_fd, was_fd, is_fd;
};

static void put(int fd, const char *name, const char *text)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(file), 0);
}

/* "was" holds a folder of many files, and is remembered; "is" begins as links to them. */
static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || scratch_make(lab->root, sizeof(lab->root), "flat") != 0)
		return -1;
	*state = lab;
	lab->root_fd = open(lab->root, O_RDONLY | O_DIRECTORY);
	if (mkdirat(lab->root_fd, "was", 0755) != 0 || mkdirat(lab->root_fd, "was/flat", 0755) != 0 ||
	    mkdirat(lab->root_fd, "is", 0755) != 0 || mkdirat(lab->root_fd, "is/flat", 0755) != 0)
		return -1;
	lab->was_fd = openat(lab->root_fd, "was", O_RDONLY | O_DIRECTORY);
	lab->is_fd = openat(lab->root_fd, "is", O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < FILES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "flat/%u", i);
		put(lab->was_fd, name, name);
		if (linkat(lab->was_fd, name, lab->is_fd, name, 0) != 0)
			return -1;
	}
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[PATH_MAX];

	(void)close(lab->was_fd);
	(void)close(lab->is_fd);
	(void)close(lab->root_fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", lab->root);
	free(lab);
	return system(command);
}

/* How many files of the folder were read, as they have no recorded hash: those that were looked at, if nothing is recorded. */
static uint64_t root_of(const struct lab *lab, int fd, enum seal_how how, uint8_t root[TREE_DIGEST_BYTES])
{
	struct ticker mute = { 0 };
	struct seal seal = { .how = how, .has_base = fd == lab->is_fd, .base_fd = lab->was_fd, .ticker = &mute };
	struct error err = { .class = ERR_NONE };

	if (seal_root(fd, &seal, &err) != 0)
		fail_msg("%s", err.text);
	memcpy(root, seal.root, TREE_DIGEST_BYTES);
	return seal.unhashed;
}

/* The folder is not remembered any more. */
static void is_changed(const struct lab *lab)
{
	struct error err = { .class = ERR_NONE };
	int fd = openat(lab->is_fd, "flat", O_RDONLY | O_DIRECTORY);

	assert_int_equal(seal_break(lab->is_fd, fd, &err), 0);
	assert_int_equal(close(fd), 0);
}

/* Returns how many files were read for it. */
static uint64_t same_as_all_of_it(const struct lab *lab)
{
	uint8_t quick[TREE_DIGEST_BYTES];
	uint8_t whole[TREE_DIGEST_BYTES];
	uint64_t read;

	is_changed(lab);
	read = root_of(lab, lab->is_fd, SEAL_KEEP, quick);
	(void)root_of(lab, lab->is_fd, SEAL_LOOK, whole);
	assert_memory_equal(quick, whole, sizeof(whole));
	return read;
}

static void what_differs_is_enough(void **state)
{
	static const struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	struct lab *lab = *state;
	uint8_t root[TREE_DIGEST_BYTES];

	(void)root_of(lab, lab->was_fd, SEAL_ANEW, root);
	/* What carries its hash now is taken for unread; so a new one tells that it was looked at. */
	put(lab->is_fd, "flat/new", "new");
	assert_int_equal(same_as_all_of_it(lab), 1);
	assert_int_equal(unlinkat(lab->is_fd, "flat/7", 0), 0);
	assert_int_equal(same_as_all_of_it(lab), 0);
	assert_int_equal(unlinkat(lab->is_fd, "flat/8", 0), 0);
	put(lab->is_fd, "flat/8", "other");
	assert_int_equal(same_as_all_of_it(lab), 1);
	assert_int_equal(renameat(lab->is_fd, "flat/9", lab->is_fd, "flat/moved"), 0);
	assert_int_equal(same_as_all_of_it(lab), 0);
	assert_int_equal(unlinkat(lab->is_fd, "flat/10", 0), 0);
	assert_int_equal(symlinkat("nowhere", lab->is_fd, "flat/10"), 0);
	assert_int_equal(same_as_all_of_it(lab), 0);
	assert_int_equal(fchmodat(lab->is_fd, "flat/new", 0600, 0), 0);
	assert_int_equal(utimensat(lab->is_fd, "flat/new", times, 0), 0);
	assert_int_equal(same_as_all_of_it(lab), 0);
	/* The next one goes by this one's sum. */
	assert_true(fgetxattr(lab->is_fd, "user.aob.tree", root, sizeof(root)) == (ssize_t)sizeof(root));
}

static void a_folder_in_it_takes_a_look_at_all(void **state)
{
	struct lab *lab = *state;
	uint8_t root[TREE_DIGEST_BYTES];

	(void)root_of(lab, lab->was_fd, SEAL_ANEW, root);
	assert_int_equal(mkdirat(lab->is_fd, "flat/folder", 0755), 0);
	put(lab->is_fd, "flat/folder/file", "in it");
	(void)same_as_all_of_it(lab);
}

static void what_is_remembered_wrongly_is_not_built_upon(void **state)
{
	struct lab *lab = *state;
	uint8_t root[TREE_DIGEST_BYTES];
	uint8_t sum[8 + 2 * TREE_SUM_NUMBERS];
	int fd = openat(lab->was_fd, "flat", O_RDONLY | O_DIRECTORY);

	(void)root_of(lab, lab->was_fd, SEAL_ANEW, root);
	assert_int_equal(fgetxattr(fd, "user.aob.sum", sum, sizeof(sum)), sizeof(sum));
	sum[100] ^= 1;
	assert_int_equal(fsetxattr(fd, "user.aob.sum", sum, sizeof(sum), 0), 0);
	put(lab->is_fd, "flat/new", "new");
	(void)same_as_all_of_it(lab);
	assert_int_equal(fsetxattr(fd, "user.aob.sum", sum, 9, 0), 0);
	(void)same_as_all_of_it(lab);
	assert_int_equal(fremovexattr(fd, "user.aob.sum"), 0);
	(void)same_as_all_of_it(lab);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_differs_is_enough, open_lab, close_lab),
		cmocka_unit_test_setup_teardown(a_folder_in_it_takes_a_look_at_all, open_lab, close_lab),
		cmocka_unit_test_setup_teardown(what_is_remembered_wrongly_is_not_built_upon, open_lab, close_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
