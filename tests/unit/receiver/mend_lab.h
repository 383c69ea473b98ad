/* mend_lab: generations with files that are, or are not, what is recorded of them; and calls that fail while something is done to them. */
#ifndef AOB_TEST_MEND_LAB_H
#define AOB_TEST_MEND_LAB_H

#include "tests/unit/receiver/vault_lab.h"

#include <sys/wait.h>

#include "lib/sha256.h"
#include "receiver/hash_tag.h"
#include "tests/unit/hidden_call.h"

#define OLD "2026-11-22T05-31-12Z"
#define NEW "2026-11-23T05-36-00Z"

/* A file of `generation` that has `text`, and whose recorded hash is that of `was`. */
static inline void mend_lab_put(const struct vault_lab *lab, const char *path, const char *text, const char *was)
{
	static const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	uint8_t sha256[HASH_TAG_BYTES];
	int fd;

	vault_lab_write(lab, path, text);
	fd = openat(lab->vault->folder_fd, path, O_RDONLY);
	assert_true(fd >= 0);
	sha256_of(was, strlen(was), sha256);
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(close(fd), 0);
}

static inline void mend_lab_generation(const struct vault_lab *lab, const char *generation)
{
	char path[64];
	char text[512];

	(void)snprintf(path, sizeof(path), "generations/%s", generation);
	assert_int_equal(mkdirat(lab->vault->folder_fd, path, 0755), 0);
	(void)snprintf(path, sizeof(path), ".aob/generations/%s.json", generation);
	(void)snprintf(text, sizeof(text),
	               "{\"generation\": \"%s\", \"run\": \"r\", \"state\": \"quiet\", \"ctransid\": 0, \"taken_at\": "
	               "1, \"published_at\": 1, \"files\": 1, \"bytes\": 9}",
	               generation);
	vault_lab_write(lab, path, text);
}

static inline struct stat mend_lab_stat(const struct vault_lab *lab, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(lab->vault->folder_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

/* The class of what act says in a process in which that call always answers so. */
static inline enum error_class mend_lab_under(unsigned call, unsigned answer, enum error_class (*act)(void *context),
                                              void *context)
{
	const int unfiltered = 77;
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(hidden_call(call, answer) ? (int)act(context) : unfiltered);
	assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) == unfiltered)
		skip();
	return (enum error_class)WEXITSTATUS(status);
}

#endif
