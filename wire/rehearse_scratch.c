#include "wire/rehearse_scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "wire/rehearse_sample.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define DEPTH_MAX (REHEARSE_SAMPLE_DEPTH_MAX + 8) /* with the folders around it */
#define BLOCK_BYTES 512u                          /* of st_blocks */
#define RANDOM "XXXXXX"

static const char *folder(void)
{
	const char *named = secure_getenv("TMPDIR");

	if (named != NULL && *named == '/')
		return named;
	return access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int empty(int parent_fd, const char *name, int depth, struct error *err);

static int remove_one(int parent_fd, const char *name, int depth, struct error *err)
{
	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM) /* Linux, POSIX: of a folder */
		return error_sys(err, errno, "removing %.200s", name);
	if (depth == DEPTH_MAX)
		return error_set(err, ERR_SYSTEM, "%.200s lies too deep", name);
	if (empty(parent_fd, name, depth + 1, err) != 0)
		return -1;
	return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 ? 0 : error_sys(err, errno, "removing %.200s", name);
}

/* What lies in the folder. It came with the mode that it has in the vault, which may keep us out. */
static int empty(int parent_fd, const char *name, int depth, struct error *err)
{
	int fd = openat(parent_fd, name, FOLDER_FLAGS);
	struct dirent *item;
	DIR *dir;
	int rc = 0;

	if (fd < 0 && errno == EACCES && fchmodat(parent_fd, name, 0700, 0) == 0)
		fd = openat(parent_fd, name, FOLDER_FLAGS);
	if (fd < 0)
		return error_sys(err, errno, "opening %.200s", name);
	(void)fchmod(fd, 0700);
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return error_sys(err, errno, "listing %.200s", name);
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (item = readdir(dir)) != NULL)
		if (!is_dots(item->d_name))
			rc = remove_one(fd, item->d_name, depth, err);
	(void)closedir(dir);
	return rc;
}

/* Nobody has it any more, and it is ours. */
static bool is_left(int parent_fd, const char *name, int *fd)
{
	struct stat st;

	*fd = openat(parent_fd, name, FOLDER_FLAGS);
	return *fd >= 0 && fstat(*fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0077) == 0 &&
	       flock(*fd, LOCK_EX | LOCK_NB) == 0;
}

void rehearse_scratch_sweep(void)
{
	int parent_fd = open(folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = parent_fd >= 0 ? fdopendir(parent_fd) : NULL;
	struct dirent *item;

	if (dir == NULL) {
		if (parent_fd >= 0)
			(void)close(parent_fd);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((item = readdir(dir)) != NULL) {
		int fd = -1;

		if (strncmp(item->d_name, REHEARSE_SCRATCH_PREFIX, strlen(REHEARSE_SCRATCH_PREFIX)) != 0)
			continue;
		if (is_left(parent_fd, item->d_name, &fd))
			(void)remove_one(parent_fd, item->d_name, 0, NULL);
		if (fd >= 0)
			(void)close(fd);
	}
	(void)closedir(dir);
}

/* false: another one has swept it away between its making and its lock. */
static bool hold(struct rehearse_scratch *scratch, struct error *err)
{
	struct stat mine;
	struct stat named;

	scratch->fd = open(scratch->path, FOLDER_FLAGS);
	if (scratch->fd >= 0 && flock(scratch->fd, LOCK_EX) == 0 && fstat(scratch->fd, &mine) == 0 &&
	    lstat(scratch->path, &named) == 0 && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino)
		return true;
	(void)error_sys(err, errno, "taking %.300s", scratch->path);
	if (scratch->fd >= 0)
		(void)close(scratch->fd);
	scratch->fd = -1;
	return false;
}

int rehearse_scratch_open(struct rehearse_scratch *scratch, struct error *err)
{
	const int tries = 10;

	scratch->fd = -1;
	rehearse_scratch_sweep();
	for (int i = 0; i < tries; i++) {
		if (snprintf(scratch->path, sizeof(scratch->path), "%s/" REHEARSE_SCRATCH_PREFIX RANDOM, folder()) >=
		    (int)sizeof(scratch->path))
			return error_set(err, ERR_INPUT, "the name of the folder $TMPDIR is too long");
		if (mkdtemp(scratch->path) == NULL)
			return error_sys(err, errno, "making a folder for what is brought back, in %.300s", folder());
		if (hold(scratch, err))
			return 0;
	}
	return -1;
}

static uint64_t bytes_below(int parent_fd, const char *name, int depth)
{
	int fd = depth < DEPTH_MAX ? openat(parent_fd, name, FOLDER_FLAGS) : -1;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *item;
	uint64_t bytes = 0;
	struct stat st;

	if (dir == NULL && fd >= 0)
		(void)close(fd);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (dir != NULL && (item = readdir(dir)) != NULL) {
		if (is_dots(item->d_name) || fstatat(fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			bytes += bytes_below(fd, item->d_name, depth + 1);
		else
			bytes += (uint64_t)st.st_blocks * BLOCK_BYTES;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return bytes;
}

uint64_t rehearse_scratch_bytes(const struct rehearse_scratch *scratch, const char *name)
{
	return bytes_below(scratch->fd, name, 0);
}

int rehearse_scratch_clear(const struct rehearse_scratch *scratch, const char *name, struct error *err)
{
	return remove_one(scratch->fd, name, 0, err);
}

void rehearse_scratch_close(struct rehearse_scratch *scratch)
{
	if (scratch->fd < 0)
		return;
	crash_point("rehearse-cleared"); /* killed here: the next one sweeps */
	(void)remove_one(AT_FDCWD, scratch->path, 0, NULL);
	(void)close(scratch->fd);
	scratch->fd = -1;
}
