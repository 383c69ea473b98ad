#include "lib/subvolume_changes.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/inode_path.h"

#define BUFFER_BYTES 65536
#define ROOT_INODE 256 /* BTRFS_FIRST_FREE_OBJECTID */

union search {
	struct btrfs_ioctl_search_args_v2 args;
	char room[sizeof(struct btrfs_ioctl_search_args_v2) + BUFFER_BYTES];
};

/* 1: told, go on; 0: enough; -1: it has changed, and nobody can tell where. One that has no name any more is deleted but open. */
static int tell(int fd, uint64_t inode, subvolume_changes_each *each, void *cookie, struct error *err)
{
	char path[INODE_PATH_SIZE];
	int rc = inode_path(fd, inode, path, err);

	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	return each(cookie, path) ? 1 : 0;
}

/* Goes through one answer; *last: the key of its last item. 1: go on, 0: enough, -1. */
static int take(const union search *search, uint64_t since, int fd, size_t *left, subvolume_changes_each *each,
                void *cookie, struct btrfs_ioctl_search_header *last, struct error *err)
{
	const char *at = (const char *)search->args.buf;
	int rc = 1;

	for (uint32_t i = 0; i < search->args.key.nr_items && rc == 1; i++) {
		struct btrfs_inode_item inode;

		memcpy(last, at, sizeof(*last));
		at += sizeof(*last);
		if (last->type == BTRFS_INODE_ITEM_KEY && last->len >= sizeof(inode)) {
			memcpy(&inode, at, sizeof(inode));
			if (le64toh(inode.transid) > since) {
				if (*left == 0)
					return 0;
				(*left)--;
				rc = tell(fd, last->objectid, each, cookie, err);
				if (rc == 0)
					*left = SIZE_MAX; /* the caller has enough, not we */
			}
		}
		at += last->len;
	}
	return rc;
}

static bool next_key(struct btrfs_ioctl_search_key *key, const struct btrfs_ioctl_search_header *last)
{
	key->min_objectid = last->objectid;
	key->min_type = last->type;
	key->min_offset = last->offset;
	if (key->min_offset < UINT64_MAX) {
		key->min_offset++;
		return true;
	}
	key->min_offset = 0;
	if (key->min_type < UINT8_MAX) {
		key->min_type++;
		return true;
	}
	key->min_type = 0;
	return key->min_objectid++ < UINT64_MAX;
}

int subvolume_changes(int fd, uint64_t since, size_t most, subvolume_changes_each *each, void *cookie,
                      struct error *err)
{
	union search *search = calloc(1, sizeof(*search));
	struct btrfs_ioctl_search_key *key;
	size_t left = most;
	int rc = 0;

	if (search == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	key = &search->args.key;
	*key = (struct btrfs_ioctl_search_key){ .min_objectid = ROOT_INODE,
		                                .max_objectid = UINT64_MAX,
		                                .max_type = BTRFS_INODE_ITEM_KEY,
		                                .max_offset = UINT64_MAX,
		                                .min_transid = since + 1,
		                                .max_transid = UINT64_MAX };
	for (;;) {
		struct btrfs_ioctl_search_header last = { .len = 0 };

		key->nr_items = UINT32_MAX;
		search->args.buf_size = BUFFER_BYTES;
		if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, search) < 0) {
			rc = error_sys(err, errno, "asking btrfs what has changed");
			break;
		}
		if (key->nr_items == 0)
			break;
		rc = take(search, since, fd, &left, each, cookie, &last, err);
		if (rc <= 0) {
			rc = rc < 0 ? -1 : left == 0;
			break;
		}
		rc = 0;
		if (!next_key(key, &last))
			break;
	}
	free(search);
	return rc;
}
