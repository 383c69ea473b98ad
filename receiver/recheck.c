#include "receiver/recheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"
#include "receiver/hash_tag.h"
#include "receiver/only_copy.h"
#include "receiver/seal.h"

struct rechecking {
	int tree_fd;
	struct inside *base; /* NULL: none */
	struct inside *back; /* NULL: none */
};

static bool is_bases(struct inside *base, const struct entry *entry)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	return base != NULL && inside_parent(base, entry->path, &parent_fd, &leaf, NULL) == 0 &&
	       fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == entry->inode;
}

/* 1: as recorded, 0: not, -1. A file that can't be read any more is like one with the wrong content. */
static int as_recorded(int parent_fd, const char *name, struct ticker *ticker, struct error *err)
{
	uint8_t recorded[HASH_TAG_BYTES];
	uint8_t now[HASH_TAG_BYTES];
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return 0;
	if (hash_tag_get(fd, recorded)) {
		if (file_copy_sha256(fd, ticker, now, err) == 0)
			rc = memcmp(recorded, now, sizeof(now)) == 0;
		else
			rc = err->class == ERR_IO ? 0 : -1;
	}
	(void)close(fd);
	return rc;
}

/* A copy has the size and the time of what it is a copy of. */
static bool is_copy_of(const struct entry *entry, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == entry->size_bytes &&
	       st->st_mtim.tv_sec == entry->mtime_s && st->st_mtim.tv_nsec == entry->mtime_ns;
}

/* 1: it is where it was taken from again; 0: it was copied, and lies there still; -1. */
static int put_back(struct inside *back, int parent_fd, const char *name, const struct entry *entry, struct error *err)
{
	const char *path = entry->path;
	struct stat st;
	int to_fd;
	const char *leaf;

	if (inside_parent(back, path, &to_fd, &leaf, err) != 0)
		return error_prefix(err, "putting \"%.300s\" back", path);
	if (fstatat(to_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (is_copy_of(entry, &st))
			return 0;
		return error_set(err, ERR_BUSY,
		                 "\"%.300s\" is not what its recorded hash says, and where it was taken from there is "
		                 "something else by now; move that away, and say the same again",
		                 path);
	}
	if (errno != ENOENT || only_copy_move(parent_fd, name, to_fd, leaf, to_fd) != 0)
		return error_sys(err, errno, "putting \"%.300s\" back where it was taken from", path);
	log_line(LOG_WARNING, "\"%.300s\" is not what its recorded hash says; it is back where it was taken from",
	         path);
	return 1;
}

static int take_out(const struct rechecking *r, int parent_fd, const char *name, const struct entry *entry,
                    struct error *err)
{
	const char *path = entry->path;
	int rc = r->back != NULL ? put_back(r->back, parent_fd, name, entry, err) : 0;

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	log_line(LOG_INFO, "\"%.300s\" did not reach the disk whole; it will be sent again", path);
	if (unlinkat(parent_fd, name, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing \"%.300s\"", path);
	return 0;
}

static int look_at(const struct rechecking *r, struct tree_walk *walk, struct ticker *ticker, struct error *err)
{
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		if (ticker_step(ticker, err) != 0)
			return -1;
		if (entry->type != ENTRY_FILE || is_bases(r->base, entry))
			continue;
		rc = as_recorded(parent_fd, name, ticker, err);
		if (rc < 0)
			return -1;
		if (rc == 0 &&
		    (seal_break(r->tree_fd, parent_fd, err) != 0 || take_out(r, parent_fd, name, entry, err) != 0))
			return -1;
	}
	return rc;
}

int recheck_tree(int tree_fd, int base_fd, int back_fd, const char *work, struct ticker *ticker, struct error *err)
{
	struct rechecking r = { .tree_fd = tree_fd };
	struct tree_walk *walk;
	const char *const own[] = { work, NULL };
	int rc = 0;

	if (base_fd >= 0)
		rc = inside_new(base_fd, &r.base, err);
	if (rc == 0 && back_fd >= 0)
		rc = inside_new(back_fd, &r.back, err);
	if (rc == 0)
		rc = tree_walk_new(tree_fd, true, own, &walk, err);
	if (rc == 0) {
		rc = look_at(&r, walk, ticker, err);
		tree_walk_destroy(&walk);
	}
	inside_destroy(&r.back);
	inside_destroy(&r.base);
	return rc;
}
