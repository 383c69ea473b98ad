/* The names of a folder come in order, all of them, whatever memory there is for them. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/folder_names.h"
#include "tests/unit/scratch.h"

struct lab {
	char folder[64];
	int fd;
	struct folder_names_room room;
};

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (scratch_make(lab->folder, sizeof(lab->folder), "names") != 0)
		return -1;
	lab->fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = lab;
	return lab->fd < 0 ? -1 : 0;
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;
	char command[96];

	folder_names_room_done(&lab->room);
	(void)close(lab->fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	free(lab);
	return system(command);
}

static void make(const struct lab *lab, const char *name)
{
	int fd = openat(lab->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

/* Names of 1 to 255 bytes with any byte in them; the number makes each different. */
static void make_many(const struct lab *lab, unsigned n)
{
	uint32_t random = 12345;

	for (unsigned i = 0; i < n; i++) {
		char name[256];
		size_t length = 8 + (i % 97 == 0 ? 247 : i % 30);

		for (size_t k = 0; k + 7 < length; k++) {
			random = random * 1664525 + 1013904223;
			name[k] = (char)(random >> 24);
			if (name[k] == '/' || name[k] == '\0')
				name[k] = '.';
		}
		(void)snprintf(name + length - 7, 8, "%07u", i);
		make(lab, name);
	}
}

static unsigned read_all(struct folder_names *names)
{
	char before[256] = "";
	struct error err = { 0 };
	const char *name;
	unsigned char d_type;
	unsigned n = 0;
	int rc;

	while ((rc = folder_names_next(names, &name, &d_type, &err)) == 1) {
		if (strcmp(before, name) >= 0)
			fail_msg("\"%s\" comes behind \"%s\"", name, before);
		assert_true(d_type == DT_REG || d_type == DT_UNKNOWN);
		assert_string_equal(folder_names_last(names), name);
		(void)snprintf(before, sizeof(before), "%s", name);
		n++;
	}
	if (rc < 0)
		fail_msg("%s", err.text);
	return n;
}

static void few_names_need_no_file(void **state)
{
	struct lab *lab = *state;
	struct folder_names *names;

	make_many(lab, 1000);
	folder_names_room_init(&lab->room, FOLDER_NAMES_MEMORY);
	assert_int_equal(folder_names_open(lab->fd, &lab->room, &names, NULL), 0);
	assert_null(lab->room.scratch);
	assert_int_equal(read_all(names), 1000);
	folder_names_close(&names);
	folder_names_close(&names);
	assert_int_equal(lab->room.used_bytes, 0);
}

static void many_names_are_sorted_in_a_file(void **state)
{
	struct lab *lab = *state;
	struct folder_names *names;

	make_many(lab, 60000); /* some 2 MB: eight runs and more */
	folder_names_room_init(&lab->room, 0);
	assert_int_equal(folder_names_open(lab->fd, &lab->room, &names, NULL), 0);
	assert_non_null(lab->room.scratch);
	assert_true(lab->room.used_bytes < 100000);
	assert_int_equal(read_all(names), 60000);
	folder_names_close(&names);
	assert_int_equal(lab->room.scratch_bytes, 0);
	/* Once more, with the room of the first time. */
	assert_int_equal(folder_names_open(lab->fd, &lab->room, &names, NULL), 0);
	assert_int_equal(read_all(names), 60000);
	folder_names_close(&names);
}

static void folders_on_the_way_down_share_the_file(void **state)
{
	struct lab *lab = *state;
	struct folder_names *above;
	struct folder_names *below;
	const char *name;
	unsigned char d_type;

	make_many(lab, 30000);
	folder_names_room_init(&lab->room, 0);
	assert_int_equal(folder_names_open(lab->fd, &lab->room, &above, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(folder_names_next(above, &name, &d_type, NULL), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(folder_names_open(lab->fd, &lab->room, &below, NULL), 0);
		assert_int_equal(read_all(below), 30000);
		folder_names_close(&below);
	}
	assert_int_equal(read_all(above), 30000 - 100);
	folder_names_close(&above);
}

static void a_full_disk_is_an_error(void **state)
{
	struct lab *lab = *state;
	struct folder_names *names;
	struct error err = { 0 };

	make_many(lab, 30000);
	folder_names_room_init(&lab->room, 0);
	lab->room.scratch = fopen("/dev/full", "w+");
	assert_non_null(lab->room.scratch);
	assert_int_equal(folder_names_open(lab->fd, &lab->room, &names, &err), -1);
	assert_int_equal(err.class, ERR_SPACE);
	assert_null(names);
	assert_int_equal(lab->room.used_bytes, 0);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, make_lab, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(few_names_need_no_file),
		LAB(many_names_are_sorted_in_a_file),
		LAB(folders_on_the_way_down_share_the_file),
		LAB(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
