#include "cli/restore_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/parents.h"
#include "lib/crash_point.h"

#define TRIES 1000

struct restore_aside {
	int target_fd;
	const char *name;
	int fd; /* -1: not yet */
	struct inside *inside;
	uint64_t count;
};

int restore_aside_new(int target_fd, const char *name, struct restore_aside **aside, struct error *err)
{
	*aside = calloc(1, sizeof(**aside));
	if (*aside == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	**aside = (struct restore_aside){ .target_fd = target_fd, .name = name, .fd = -1 };
	return 0;
}

void restore_aside_destroy(struct restore_aside **aside)
{
	if (*aside == NULL)
		return;
	inside_destroy(&(*aside)->inside);
	if ((*aside)->fd >= 0)
		(void)close((*aside)->fd);
	free(*aside);
	*aside = NULL;
}

uint64_t restore_aside_count(const struct restore_aside *aside)
{
	return aside->count;
}

/* For its owner alone: what is in it may have been readable for few. */
static int make(struct restore_aside *a, struct error *err)
{
	if (a->fd >= 0)
		return 0;
	if (mkdirat(a->target_fd, a->name, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", a->name);
	a->fd = openat(a->target_fd, a->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->fd < 0)
		return error_sys(err, errno, "opening %s", a->name);
	return inside_new(a->fd, &a->inside, err);
}

static bool is_same(int parent_fd, const char *leaf, int other_fd, const char *other)
{
	struct stat st;
	struct stat other_st;

	return fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(other_fd, other, &other_st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == other_st.st_dev &&
	       st.st_ino == other_st.st_ino;
}

/* 0; else errno. Never over something that is there. */
static int rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* A file system that can't do it at one stroke: nobody else works there. */
	if (errno == EINVAL && faccessat(to_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
	    renameat(from_fd, from, to_fd, to) == 0)
		return 0;
	return errno;
}

/* 0; else errno. */
static int put(int parent_fd, const char *leaf, bool stays, int to_fd, const char *to)
{
	int rc;

	if (stays) {
		if (linkat(parent_fd, leaf, to_fd, to, 0) == 0)
			return 0;
		if (errno == EEXIST)
			return is_same(parent_fd, leaf, to_fd, to) ? 0 : EEXIST; /* killed behind the link */
		/* else: no hard links here, or too many of them */
	}
	rc = rename_new(parent_fd, leaf, to_fd, to);
	if (rc == EEXIST && is_same(parent_fd, leaf, to_fd, to))
		rc = unlinkat(parent_fd, leaf, 0) == 0 ? 0 : errno;
	return rc;
}

/* Something of that path is there from before: it goes below a folder of its own. */
static int locate(struct restore_aside *a, unsigned try, const char *path, int *to_fd, const char **to, char **room,
                  struct error *err)
{
	int n;

	free(*room);
	*room = NULL;
	n = try == 0 ? asprintf(room, "%s", path) : asprintf(room, "again-%u/%s", try, path);
	if (n < 0) {
		*room = NULL;
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		return -1;
	}
	return parents_locate(a->inside, *room, 0700, to_fd, to, err);
}

static int take(struct restore_aside *a, int parent_fd, const char *leaf, const char *path, bool stays,
                struct error *err)
{
	char *room = NULL;
	int rc = EEXIST;

	if (make(a, err) != 0)
		return -1;
	for (unsigned try = 0; try < TRIES && (rc == EEXIST || rc == ENOTEMPTY); try++) {
		struct error in_the_way = { .class = ERR_NONE };
		const char *to = NULL;
		int to_fd = -1;

		rc = locate(a, try, path, &to_fd, &to, &room, &in_the_way) == 0
		             ? put(parent_fd, leaf, stays, to_fd, to)
		             : (in_the_way.sys == ENOTDIR || in_the_way.class == ERR_REFUSED ? EEXIST : -1);
		if (rc == -1 && err != NULL)
			*err = in_the_way;
	}
	free(room);
	crash_point("restore-aside");
	a->count += rc == 0;
	if (rc == 0 || rc == -1)
		return rc;
	return rc == EXDEV || rc == EBUSY
	               ? error_set(err, ERR_REFUSED,
	                           "\"%.300s\" lies on another file system than the target, or one is mounted there; "
	                           "restore it with a --to of its own",
	                           path)
	               : error_sys(err, rc, "keeping \"%.300s\" aside in %s", path, a->name);
}

int restore_aside_keep(struct restore_aside *aside, int parent_fd, const char *leaf, const char *path,
                       struct error *err)
{
	struct stat st;

	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "stat of \"%.300s\"", path);
	return take(aside, parent_fd, leaf, path, !S_ISDIR(st.st_mode), err);
}

int restore_aside_move(struct restore_aside *aside, int parent_fd, const char *leaf, const char *path,
                       struct error *err)
{
	if (faccessat(parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return 0;
	return take(aside, parent_fd, leaf, path, false, err);
}
