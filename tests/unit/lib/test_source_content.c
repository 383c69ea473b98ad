/* What a source has at a path is found by its hash: in the newest snapshot that has it, else in the source; of that size first, and of another one only if that is wanted. Nothing above the source is looked into. */
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
#include <unistd.h>

#include "lib/sha256.h"
#include "lib/source_content.h"
#include "tests/unit/scratch.h"

struct lab {
	char root[PATH_MAX / 4];
	struct source_content *content;
	struct error err;
	unsigned pieces;
};

static void put(const struct lab *lab, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", lab->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	char source[PATH_MAX];

	if (lab == NULL || scratch_make(lab->root, sizeof(lab->root), "source") != 0)
		return -1;
	*state = lab;
	(void)snprintf(source, sizeof(source), "%s/data", lab->root);
	if (mkdir(source, 0755) != 0)
		return -1;
	put(lab, "secret", "above");
	put(lab, "data/file", "content");
	return source_content_open(source, NULL, "p", &lab->content, &lab->err);
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[PATH_MAX];

	source_content_close(&lab->content);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", lab->root);
	free(lab);
	return system(command);
}

static int count(void *context, struct error *err)
{
	struct lab *lab = context;

	(void)err;
	lab->pieces++;
	return 0;
}

static bool found(struct lab *lab, const char *path, const char *text, uint64_t size_bytes, bool any_size)
{
	uint8_t sha256[SHA256_BYTES];
	struct source_content_want want = {
		.size_bytes = size_bytes, .any_size = any_size, .sha256 = sha256, .meanwhile = count, .context = lab
	};
	char there[64] = "";
	int fd;

	sha256_of(text, strlen(text), sha256);
	assert_int_equal(source_content_find(lab->content, path, &want, &fd, &lab->err), 0);
	if (fd < 0)
		return false;
	assert_int_equal(pread(fd, there, sizeof(there) - 1, 0), (ssize_t)strlen(text));
	assert_string_equal(there, text);
	assert_int_equal(close(fd), 0);
	return true;
}

static void the_hash_decides(void **state)
{
	struct lab *lab = *state;

	assert_true(found(lab, "file", "content", 7, false));
	assert_false(found(lab, "file", "CONTENT", 7, false));
	assert_false(found(lab, "other", "content", 7, false));
	assert_false(found(lab, "", "content", 7, true));
}

static void another_size_is_read_only_if_it_is_wanted(void **state)
{
	struct lab *lab = *state;

	assert_false(found(lab, "file", "content", 3, false));
	assert_int_equal(lab->pieces, 0);
	assert_true(found(lab, "file", "content", 3, true));
	assert_true(found(lab, "file", "content", 7000, true));
	assert_false(found(lab, "file", "CONTENT", 3, true));
}

static void nothing_above_it_is_looked_into(void **state)
{
	struct lab *lab = *state;
	char path[PATH_MAX];

	assert_false(found(lab, "../secret", "above", 5, true));
	assert_false(found(lab, "/etc/hostname", "above", 5, true));
	(void)snprintf(path, sizeof(path), "%s/data/way", lab->root);
	assert_int_equal(symlink("..", path), 0);
	(void)snprintf(path, sizeof(path), "%s/data/leaf", lab->root);
	assert_int_equal(symlink("../secret", path), 0);
	assert_false(found(lab, "way/secret", "above", 5, true));
	assert_false(found(lab, "leaf", "above", 5, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_hash_decides, open_lab, close_lab),
		cmocka_unit_test_setup_teardown(another_size_is_read_only_if_it_is_wanted, open_lab, close_lab),
		cmocka_unit_test_setup_teardown(nothing_above_it_is_looked_into, open_lab, close_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
