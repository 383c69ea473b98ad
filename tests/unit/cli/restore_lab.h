/* restore_lab: a target folder, and frames as a vault would send them. For tests. */
#ifndef AOB_TEST_RESTORE_LAB_H
#define AOB_TEST_RESTORE_LAB_H

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/entry.h"
#include "lib/sha256.h"
#include "tests/unit/scratch.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

struct restore_lab {
	char folder[PATH_MAX];
	int target_fd;
};

static inline void restore_lab_open(struct restore_lab *lab)
{
	assert_int_equal(scratch_make(lab->folder, sizeof(lab->folder), "restore"), 0);
	lab->target_fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(lab->target_fd >= 0);
}

static inline void restore_lab_close(struct restore_lab *lab)
{
	(void)close(lab->target_fd);
	assert_int_equal(scratch_remove(lab->folder), 0);
}

/* For a test's set-up and tear-down: *state is the lab. */
static inline int restore_lab_set_up(void **state)
{
	static struct restore_lab lab;

	restore_lab_open(&lab);
	*state = &lab;
	return 0;
}

static inline int restore_lab_tear_down(void **state)
{
	restore_lab_close(*state);
	return 0;
}

static inline void restore_lab_file(const struct restore_lab *lab, const char *name, const char *text)
{
	int fd = openat(lab->target_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

/* The text of a file of the target; NULL: there is none. */
static inline const char *restore_lab_text(const struct restore_lab *lab, const char *name)
{
	static char text[4096];
	int fd = openat(lab->target_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	return text;
}

/* The names in a folder, without dots. */
static inline unsigned restore_lab_count(const struct restore_lab *lab)
{
	char command[PATH_MAX + 64];
	unsigned n = 0;
	FILE *in;

	(void)snprintf(command, sizeof(command), "ls -A '%s' | wc -l", lab->folder);
	/* NOLINTNEXTLINE(cert-env33-c): a test's own words */
	in = popen(command, "r");
	assert_non_null(in);
	assert_int_equal(fscanf(in, "%u", &n), 1);
	(void)pclose(in);
	return n;
}

static inline void restore_lab_sha(const char *text, uint8_t sha256[32])
{
	sha256_of(text, strlen(text), sha256);
}

static inline struct entry restore_lab_entry(const char *path, enum entry_type type, const char *text)
{
	return (struct entry){ .path = path,
		               .target = type == ENTRY_SYMLINK ? text : "",
		               .type = type,
		               .mode = type == ENTRY_FOLDER ? 0755 : 0644,
		               .uid = geteuid(),
		               .gid = getegid(),
		               .size_bytes = type == ENTRY_FILE ? strlen(text) : 0,
		               .mtime_s = 1700000000,
		               .links = 1 };
}

static inline struct frame restore_lab_entry_frame(struct encoder *e, const struct entry *entry)
{
	encoder_reset(e);
	put_entry(e, entry);
	assert_false(e->bad);
	return (struct frame){ FRAME_ENTRY, e->data, e->len_bytes };
}

static inline struct frame restore_lab_end_frame(struct encoder *e, const char *text, uint64_t bytes)
{
	uint8_t sha256[32] = { 0 };

	if (text != NULL)
		restore_lab_sha(text, sha256);
	encoder_reset(e);
	put_raw(e, sha256, sizeof(sha256));
	put_u64(e, bytes);
	return (struct frame){ FRAME_FETCH_FILE_END, e->data, e->len_bytes };
}

#endif
