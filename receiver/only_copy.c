#include "receiver/only_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "receiver/trash.h"
#include "wire/bare_word.h"

#define TEXT_MAX (PATH_MAX + 1)
#define SHOWN_SIZE 281 /* of each path in an error's text, which is not to be cut */

int only_copy_mark(const struct vault *vault, int fd, const char *dir, struct error *err)
{
	char text[TEXT_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s\n", dir);

	if (n < 0 || (size_t)n >= sizeof(text))
		return error_set(err, ERR_INPUT, "\"%.300s…\" is too long a path", dir);
	if (durable_write(fd, ONLY_COPY_MARK, DURABLE_PUBLIC, text, (size_t)n, err) != 0)
		return error_prefix(err, "noting that files are taken away");
	return durable_sync(vault->incoming_fd, ".aob/incoming", err);
}

int only_copy_move(int from_fd, const char *name, int to_fd, const char *leaf, int dir_fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (fstat(dir_fd, &st) == 0)
		times[1] = st.st_mtim;
	if (renameat(from_fd, name, to_fd, leaf) != 0)
		return -1;
	(void)futimens(dir_fd, times);
	return 0;
}

/* 1: it is there, 0: it is not, -1: that can't be told. */
static int is_there(int fd, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : error_sys(err, errno, "looking for %s in .aob/incoming", name);
}

/* *fd: incoming/<run>, the caller's, if it is held. */
static int look(const struct vault *vault, const char *run, int *fd, struct error *err)
{
	int rc;

	*fd = openat(vault->incoming_fd, run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		               ? 0
		               : error_sys(err, errno, "opening .aob/incoming/%.63s", run);
	rc = is_there(*fd, ONLY_COPY_MARK, err);
	if (rc == 1)
		rc = is_there(*fd, "tree", err);
	if (rc == 1)
		return 0;
	(void)close(*fd);
	*fd = -1;
	return rc;
}

int only_copy_look(const struct vault *vault, const char *run, struct error *err)
{
	int fd;

	if (look(vault, run, &fd, err) != 0)
		return -1;
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* A word that a shell takes for that path, or, where it can't be shown whole, `instead`. */
static void word(const char *path, const char *instead, char shown[SHOWN_SIZE])
{
	char *quoted = bare_word_plain(path, "/._-+=:,@%") ? strdup(path) : bare_word_shell(path);

	if (*path == '\0' || quoted == NULL || strcmp(log_escape(quoted, shown, SHOWN_SIZE), quoted) != 0)
		(void)snprintf(shown, SHOWN_SIZE, "%s", instead);
	free(quoted);
}

static int say(const struct vault *vault, int fd, const char *run, struct error *err)
{
	char root[SHOWN_SIZE];
	char dir[SHOWN_SIZE];
	char *text = NULL;
	size_t n = 0;

	if (durable_read(fd, ONLY_COPY_MARK, TEXT_MAX, &text, &n, NULL) == 0)
		text[strcspn(text, "\n")] = '\0';
	word(text != NULL ? text : "", "DIR", dir);
	word(vault->options->root, "ROOT", root);
	free(text);
	return error_set(err, ERR_LOCKED,
	                 "an adoption that was cut off has moved files into .aob/incoming/%.63s, and they are nowhere "
	                 "else. Say it again where the vault is, and it goes on: aob-receiver adopt --root %s --tree "
	                 "%s --move %s (the folder is what " ONLY_COPY_MARK
	                 " in there names; if it is gone for good, make it first, empty)",
	                 run, root, dir, vault->pipeline);
}

static int refuse_if_held(const struct vault *vault, const char *run, struct error *err)
{
	int fd;
	int rc = look(vault, run, &fd, err);

	if (rc == 0 && fd >= 0) {
		rc = say(vault, fd, run, err);
		(void)close(fd);
	}
	return rc;
}

int only_copy_trash(const struct vault *vault, const char *run, struct error *err)
{
	return refuse_if_held(vault, run, err) == 0 ? trash_put(vault, vault->incoming_fd, run, err) : -1;
}

int only_copy_refuse(const struct vault *vault, const char *but, struct error *err)
{
	int list_fd = openat(vault->incoming_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list_fd >= 0 ? fdopendir(list_fd) : NULL;
	struct dirent *found;
	int rc = 0;

	if (dir == NULL) {
		rc = error_sys(err, errno, "opening .aob/incoming");
		if (list_fd >= 0)
			(void)close(list_fd);
		return rc;
	}
	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL) {
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0 &&
		    (but == NULL || strcmp(found->d_name, but) != 0) && only_copy_look(vault, found->d_name, NULL) == 1)
			rc = refuse_if_held(vault, found->d_name, err);
		errno = 0;
	}
	if (rc == 0 && errno != 0)
		rc = error_sys(err, errno, "reading .aob/incoming");
	(void)closedir(dir);
	return rc;
}
