#include "transfer/put_back.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inode_path.h"

#define EXTENTS_AT_ONCE 64u
#define PATH_ROOM 8192 /* of a path as btrfs tells it, and a name behind it */
#define TOO_LONG 2
#define SMALL_BYTES 65536u /* is read rather than told by its extents: it may lie in the metadata */

/* Extents that say nothing about what else lies at the same place. */
#define VAGUE                                                                                                          \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED |          \
	 FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_UNWRITTEN)

/* The head ends with the list, whose length only the call knows. */
union extents {
	struct fiemap head;
	uint8_t room[sizeof(struct fiemap) + EXTENTS_AT_ONCE * sizeof(struct fiemap_extent)];
};

static bool looks_like(const struct stat *st, const struct entry *file)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == file->size_bytes &&
	       st->st_mtim.tv_sec == file->mtime_s && (uint32_t)st->st_mtim.tv_nsec == file->mtime_ns;
}

static bool is_untouched(const struct stat *st, const struct entry *file)
{
	return st->st_ino == file->inode && st->st_ctim.tv_sec == file->ctime_s &&
	       (uint32_t)st->st_ctim.tv_nsec == file->ctime_ns;
}

static int open_at(struct inside *tree, const char *path, struct stat *st)
{
	const char *leaf;
	int parent_fd;
	int fd = inside_parent(tree, path, &parent_fd, &leaf, NULL) == 0
	                 ? openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
	                 : -1;

	if (fd >= 0 && fstat(fd, st) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Where that inode lies in the anchor. 1: path; 0: nowhere, or that can't be asked; TOO_LONG: at a path that can't be told; -1 */
static int find_inode(const struct anchor *anchor, uint64_t inode, char path[PATH_ROOM], struct error *err)
{
	int rc = inode_path(anchor->subvolume_fd, inode, path, err);

	if (rc < 0 && (err->sys == EPERM || err->sys == ENOTTY || err->sys == ENAMETOOLONG)) {
		rc = err->sys == ENAMETOOLONG ? TOO_LONG : 0;
		error_clear(err);
	}
	return rc < 0 ? error_prefix(err, "in the anchor") : rc;
}

/* The extents from `at` on; false: they can't be had. */
static bool next_extents(int fd, uint64_t at, union extents *extents)
{
	memset(extents, 0, sizeof(*extents));
	extents->head.fm_start = at;
	extents->head.fm_length = FIEMAP_MAX_OFFSET - at;
	extents->head.fm_extent_count = EXTENTS_AT_ONCE;
	return ioctl(fd, FS_IOC_FIEMAP, &extents->head) == 0;
}

/* Do both files lie in the very same places? If in doubt: no. */
static bool same_extents(int a, int b)
{
	union extents of_a;
	union extents of_b;
	uint64_t at = 0;

	for (;;) {
		uint32_t n;

		if (!next_extents(a, at, &of_a) || !next_extents(b, at, &of_b) ||
		    of_a.head.fm_mapped_extents != of_b.head.fm_mapped_extents)
			return false;
		n = of_a.head.fm_mapped_extents;
		if (n == 0)
			return true;
		for (uint32_t i = 0; i < n; i++) {
			const struct fiemap_extent *x = &of_a.head.fm_extents[i];
			const struct fiemap_extent *y = &of_b.head.fm_extents[i];

			if (((x->fe_flags | y->fe_flags) & VAGUE) != 0 || x->fe_logical != y->fe_logical ||
			    x->fe_physical != y->fe_physical || x->fe_length != y->fe_length)
				return false;
			if (((x->fe_flags | y->fe_flags) & FIEMAP_EXTENT_LAST) != 0)
				return (x->fe_flags & y->fe_flags & FIEMAP_EXTENT_LAST) != 0;
		}
		at = of_a.head.fm_extents[n - 1].fe_logical + of_a.head.fm_extents[n - 1].fe_length;
	}
}

/* Small files, of one size. If in doubt: no. */
static bool same_bytes(int a, int b, size_t len_bytes)
{
	char of_a[4096];
	char of_b[sizeof(of_a)];

	for (size_t at = 0; at < len_bytes; at += sizeof(of_a)) {
		size_t n = len_bytes - at < sizeof(of_a) ? len_bytes - at : sizeof(of_a);

		if (pread(a, of_a, n, (off_t)at) != (ssize_t)n || pread(b, of_b, n, (off_t)at) != (ssize_t)n ||
		    memcmp(of_a, of_b, n) != 0)
			return false;
	}
	return true;
}

/* fd: a file of the anchor, which is closed; -1: there is none. */
static bool may_differ(struct inside *tree, const struct entry *file, int fd)
{
	struct stat st;
	struct stat now_st;
	bool differ = false;
	int now_fd;

	if (fd < 0)
		return errno == ENAMETOOLONG; /* it can't be looked at */
	if (fstat(fd, &st) == 0 && looks_like(&st, file) && !is_untouched(&st, file)) {
		now_fd = open_at(tree, file->path, &now_st);
		differ = now_fd < 0 ||
		         !(file->size_bytes <= SMALL_BYTES ? same_bytes(now_fd, fd, (size_t)file->size_bytes)
		                                           : same_extents(now_fd, fd));
		if (now_fd >= 0)
			(void)close(now_fd);
	}
	(void)close(fd);
	return differ;
}

static int open_path(const struct anchor *anchor, const char *path)
{
	return openat(anchor->subvolume_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* The same inode, if it lies elsewhere in the anchor; and what lay there in the same folder under the same name, if that folder was moved. */
static int elsewhere(const struct anchor *anchor, struct inside *tree, const struct entry *file, struct error *err)
{
	char path[PATH_ROOM];
	const char *leaf;
	struct stat folder;
	size_t used;
	int parent_fd;
	int rc = find_inode(anchor, file->inode, path, err);

	if (rc < 0)
		return -1;
	if (rc == TOO_LONG || (rc == 1 && may_differ(tree, file, open_path(anchor, path))))
		return 1; /* or it can't be looked at */
	if (inside_parent(tree, file->path, &parent_fd, &leaf, err) != 0)
		return -1;
	if (fstat(parent_fd, &folder) != 0)
		return error_sys(err, errno, "stat of the folder of \"%.300s\"", file->path);
	rc = find_inode(anchor, folder.st_ino, path, err);
	if (rc == TOO_LONG)
		return 1;
	if (rc != 1)
		return rc;
	used = strlen(path);
	if (used + 1 + strlen(leaf) >= sizeof(path))
		return 1; /* it can't be looked at */
	(void)snprintf(path + used, sizeof(path) - used, "%s%s", used != 0 ? "/" : "", leaf);
	return may_differ(tree, file, open_path(anchor, path));
}

int put_back(const struct anchor *anchor, struct inside *tree, const struct entry *file, struct error *err)
{
	const char *leaf;
	struct stat st;
	int parent_fd;

	if (inside_parent(anchor->folder, file->path, &parent_fd, &leaf, NULL) == 0 &&
	    fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && looks_like(&st, file)) {
		if (is_untouched(&st, file))
			return 0; /* nearly all files */
		if (may_differ(tree, file, open_at(anchor->folder, file->path, &st)))
			return 1;
	}
	return elsewhere(anchor, tree, file, err);
}
