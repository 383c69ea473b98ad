#include "receiver/recheck.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"
#include "receiver/hash_tag.h"
#include "receiver/seal.h"

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

static int look_at(int tree_fd, struct tree_walk *walk, struct inside *base, struct ticker *ticker, struct error *err)
{
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		if (ticker_step(ticker, err) != 0)
			return -1;
		if (entry->type != ENTRY_FILE || is_bases(base, entry))
			continue;
		rc = as_recorded(parent_fd, name, ticker, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			log_line(LOG_INFO, "\"%.300s\" did not reach the disk whole; it will be sent again",
			         entry->path);
			if (seal_break(tree_fd, parent_fd, err) != 0)
				return -1;
			if (unlinkat(parent_fd, name, 0) != 0 && errno != ENOENT)
				return error_sys(err, errno, "removing \"%.300s\"", entry->path);
		}
	}
	return rc;
}

int recheck_tree(int tree_fd, int base_fd, const char *work, struct ticker *ticker, struct error *err)
{
	struct tree_walk *walk;
	struct inside *base = NULL;
	const char *const own[] = { work, NULL };
	int rc;

	if (base_fd >= 0 && inside_new(base_fd, &base, err) != 0)
		return -1;
	rc = tree_walk_new(tree_fd, true, own, &walk, err);
	if (rc == 0) {
		rc = look_at(tree_fd, walk, base, ticker, err);
		tree_walk_destroy(&walk);
	}
	inside_destroy(&base);
	return rc;
}
