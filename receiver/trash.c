#include "receiver/trash.h"

#include <btrfsutil.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 1000
#define SUBVOLUME_INODE                                                                                                \
	256 /* BTRFS_FIRST_FREE_OBJECTID: the root of one; on other file systems, a number like others, and the asking fails */

#define DEEP_MOST 8 /* bins in bins: subvolumes in one another, or folders that could not be moved up */

struct emptying {
	int bin_fd;
	struct ticker *ticker;
	unsigned depth; /* of bins in bins */
};

int trash_put_in(int bin_fd, int parent_fd, const char *name, struct error *err)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct timespec now;
		char to[64];

		(void)clock_gettime(CLOCK_REALTIME, &now);
		(void)snprintf(to, sizeof(to), "%lld.%09ld.%ld.%u", (long long)now.tv_sec, now.tv_nsec, (long)getpid(),
		               i);
		if (renameat(parent_fd, name, bin_fd, to) == 0 || errno == ENOENT)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return error_sys(err, errno, "moving \"%.200s\" into the trash", name);
	}
	return error_set(err, ERR_IO, "no free name in the trash");
}

static int count_one(struct emptying *e, struct error *err)
{
	return e->ticker != NULL ? ticker_step(e->ticker, err) : 0;
}

static bool is_itself_or_above(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int empty(int bin_fd, struct ticker *ticker, unsigned depth, struct error *err);

static int open_up(int bin_fd, const char *name);

/* On a full disk the trash may not grow by an entry, and what is below must go all the same, as only that makes room. The folder becomes its own bin. */
static int empty_in_place(const struct emptying *e, int parent_fd, const char *name, struct error *err)
{
	int fd = e->depth < DEEP_MOST ? open_up(parent_fd, name) : -1;
	int rc;

	if (fd < 0)
		return error_set(err, ERR_SPACE, "there is no room to move \"%.200s\" into the trash", name);
	rc = empty(fd, e->ticker, e->depth + 1, err);
	(void)close(fd);
	if (rc == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		rc = error_sys(err, errno, "removing \"%.200s\"", name);
	return rc;
}

static int put_away(const struct emptying *e, int fd, const char *name, struct error *err)
{
	struct error why = { .class = ERR_NONE };

	if (trash_put_in(e->bin_fd, fd, name, &why) == 0)
		return 0;
	if (why.class == ERR_SPACE)
		return empty_in_place(e, fd, name, err);
	if (err != NULL)
		*err = why;
	return -1;
}

/* Everything in the folder but folders is unlinked; those go up into the trash. */
static int hollow(struct emptying *e, DIR *dir, int fd, struct error *err)
{
	struct dirent *found;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((found = readdir(dir)) != NULL) {
		if (is_itself_or_above(found->d_name))
			continue;
		if (unlinkat(fd, found->d_name, 0) != 0 && errno != ENOENT) {
			if (errno != EISDIR && errno != EPERM)
				return error_sys(err, errno, "removing \"%.200s\"", found->d_name);
			if (put_away(e, fd, found->d_name, err) != 0)
				return -1;
		}
		if (count_one(e, err) != 0)
			return -1;
	}
	return 0;
}

/* A subvolume goes at one stroke where we may do that; else it is emptied like a folder, into itself, as nothing can be renamed out of it. */
static int remove_subvolume(struct emptying *e, int fd, const char *name, struct error *err)
{
	if (btrfs_util_delete_subvolume_fd(e->bin_fd, name, 0) == BTRFS_UTIL_OK || errno == ENOENT)
		return 0;
	if (e->depth == DEEP_MOST)
		return error_set(err, ERR_IO, "\"%.200s\": subvolumes lie in one another too deep", name);
	if (empty(fd, e->ticker, e->depth + 1, err) != 0)
		return -1;
	return unlinkat(e->bin_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTEMPTY
	               ? 0
	               : error_sys(err, errno, "removing the subvolume \"%.200s\"", name);
}

/* Also a folder whose mode shuts its owner out. The mode is set on what is held, never by name: a symlink may have taken its place. */
static int open_up(int bin_fd, const char *name)
{
	char proc[64];
	int path_fd = openat(bin_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd;

	if (path_fd < 0)
		return -1;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	(void)chmod(proc, 0700); /* if it can't be, opening or emptying it tells why */
	fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(path_fd);
	return fd;
}

static int remove_folder(struct emptying *e, const char *name, struct error *err)
{
	struct stat st;
	int fd;
	DIR *dir;
	int rc;

	fd = open_up(e->bin_fd, name);
	if (fd < 0 && errno == ENOENT)
		return 0; /* another process is at it, too */
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == SUBVOLUME_INODE) {
		rc = remove_subvolume(e, fd, name, err);
		(void)close(fd);
		return rc;
	}
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		rc = error_sys(err, errno, "opening \"%.200s\" in the trash", name);
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	rc = hollow(e, dir, fd, err);
	(void)closedir(dir);
	if (rc == 0 && unlinkat(e->bin_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY)
		rc = error_sys(err, errno, "removing \"%.200s\" from the trash", name);
	return rc;
}

static DIR *open_bin(int bin_fd, struct error *err)
{
	int fd = openat(bin_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL)
		(void)error_sys(err, errno, "opening the trash");
	if (dir == NULL && fd >= 0)
		(void)close(fd);
	return dir;
}

/* One sweep over the trash. Returns 1 if something was there, 0 if it was empty, -1. */
static int sweep(struct emptying *e, struct error *err)
{
	DIR *dir = open_bin(e->bin_fd, err);
	struct dirent *found;
	int rc = 0;
	int any = 0;

	if (dir == NULL)
		return -1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL) {
		if (is_itself_or_above(found->d_name))
			continue;
		any = 1;
		if (unlinkat(e->bin_fd, found->d_name, 0) != 0 && errno != ENOENT)
			rc = errno == EISDIR || errno == EPERM
			             ? remove_folder(e, found->d_name, err)
			             : error_sys(err, errno, "removing \"%.200s\"", found->d_name);
		if (rc == 0)
			rc = count_one(e, err);
	}
	(void)closedir(dir);
	return rc != 0 ? -1 : any;
}

static int empty(int bin_fd, struct ticker *ticker, unsigned depth, struct error *err)
{
	struct emptying e = { .bin_fd = bin_fd, .ticker = ticker, .depth = depth };
	int rc;

	do {
		rc = sweep(&e, err);
	} while (rc > 0);
	return rc;
}

int trash_empty_bin(int bin_fd, struct ticker *ticker, struct error *err)
{
	return empty(bin_fd, ticker, 0, err);
}

int trash_put(const struct vault *vault, int parent_fd, const char *name, struct error *err)
{
	return trash_put_in(vault->trash_fd, parent_fd, name, err);
}

int trash_empty(const struct vault *vault, struct ticker *ticker, struct error *err)
{
	return empty(vault->trash_fd, ticker, 0, err);
}

int trash_any(const struct vault *vault, bool *any, struct error *err)
{
	DIR *dir = open_bin(vault->trash_fd, err);
	struct dirent *found;

	*any = false;
	if (dir == NULL)
		return -1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (!*any && (found = readdir(dir)) != NULL)
		*any = !is_itself_or_above(found->d_name);
	(void)closedir(dir);
	return 0;
}
