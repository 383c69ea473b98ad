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

/* 0; else errno. Never over something that is there. */
static int rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* A file system that can't do it at one stroke: nobody else works there. */
	if (faccessat(to_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	return errno == ENOENT && renameat(from_fd, from, to_fd, to) == 0 ? 0 : errno;
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

/* Renames to the place in the folder that path stands for. 0; else errno, or -1: err is set. out: *to_fd, *to: where; *room: the caller's, free(3) */
static int take(struct restore_aside *a, int from_fd, const char *from, const char *path, int *to_fd, const char **to,
                char **room, struct error *err)
{
	int rc = EEXIST;

	if (make(a, err) != 0)
		return -1;
	for (unsigned try = 0; try < TRIES && (rc == EEXIST || rc == ENOTEMPTY); try++) {
		struct error in_the_way = { .class = ERR_NONE };

		rc = locate(a, try, path, to_fd, to, room, &in_the_way) == 0
		             ? rename_new(from_fd, from, *to_fd, *to)
		             : (in_the_way.sys == ENOTDIR || in_the_way.class == ERR_REFUSED ? EEXIST : -1);
		if (rc == -1 && err != NULL)
			*err = in_the_way;
	}
	return rc;
}

static int refuse(const struct restore_aside *a, int rc, const char *path, struct error *err)
{
	if (rc == -1)
		return -1;
	return rc == EXDEV || rc == EBUSY
	               ? error_set(err, ERR_REFUSED,
	                           "\"%.300s\" lies on another file system than the target, or one is mounted there; "
	                           "restore it with a --to of its own",
	                           path)
	               : error_sys(err, rc, "keeping \"%.300s\" aside in %s", path, a->name);
}

int restore_aside_move(struct restore_aside *aside, int parent_fd, const char *leaf, const char *path,
                       struct error *err)
{
	char *room = NULL;
	const char *to;
	int to_fd;
	int rc;

	if (faccessat(parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return 0;
	rc = take(aside, parent_fd, leaf, path, &to_fd, &to, &room, err);
	free(room);
	crash_point("restore-aside");
	if (rc == ENOENT) /* it has gone just now */
		return 0;
	aside->count += rc == 0;
	return rc == 0 ? 0 : refuse(aside, rc, path, err);
}

/* Both change places; or there is none any more to do it with. 0, and *kept: something has come aside; else errno. */
static int exchange(int to_fd, const char *to, int parent_fd, const char *leaf, bool *kept)
{
	for (unsigned try = 0; try < TRIES; try++) {
		int rc;

		*kept = renameat2(to_fd, to, parent_fd, leaf, RENAME_EXCHANGE) == 0;
		if (*kept)
			return 0;
		if (errno != ENOENT)
			return errno;
		rc = rename_new(to_fd, to, parent_fd, leaf);
		if (rc != EEXIST)
			return rc;
	}
	return EBUSY;
}

/* Whatever is put there in between goes aside, too. */
static int swap_by_moves(struct restore_aside *a, int from_fd, const char *from, int parent_fd, const char *leaf,
                         const char *path, struct error *err)
{
	for (unsigned try = 0; try < TRIES; try++) {
		int rc;

		if (restore_aside_move(a, parent_fd, leaf, path, err) != 0)
			return -1;
		rc = rename_new(from_fd, from, parent_fd, leaf);
		if (rc == 0)
			return 0;
		if (rc != EEXIST)
			return refuse(a, rc, path, err);
	}
	return refuse(a, EBUSY, path, err);
}

/* Killed behind the first rename: what was to take the place lies aside, and is made again. */
int restore_aside_swap(struct restore_aside *aside, int from_fd, const char *from, int parent_fd, const char *leaf,
                       const char *path, struct error *err)
{
	char *room = NULL;
	const char *to;
	bool kept = false;
	int to_fd;
	int rc = take(aside, from_fd, from, path, &to_fd, &to, &room, err);

	if (rc == 0) {
		crash_point("restore-aside");
		rc = exchange(to_fd, to, parent_fd, leaf, &kept);
		aside->count += kept;
		if (rc != 0 && renameat(to_fd, to, from_fd, from) != 0)
			rc = errno;
		else if (rc == EINVAL || rc == ENOSYS)
			rc = swap_by_moves(aside, from_fd, from, parent_fd, leaf, path, err);
	}
	free(room);
	return rc == 0 ? 0 : refuse(aside, rc, path, err);
}
