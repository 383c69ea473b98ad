/* subvolume_changes: which files of a subvolume were changed since a value of its counter. btrfs keeps with each inode the transaction that changed it last,
 * and finds those since N without looking at older parts of its tree: the cost follows the change. source: BTRFS_IOC_TREE_SEARCH_V2 and
 * BTRFS_IOC_INO_LOOKUP, linux/btrfs.h and btrfs_tree.h; what `btrfs subvolume find-new` does */
#ifndef AOB_SUBVOLUME_CHANGES_H
#define AOB_SUBVOLUME_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* Called with the path below the subvolume's root of a file or folder that changed (of a folder: also by what came into it or went); one of its names, if it
 * has several. Borrowed. Returns whether to go on. */
typedef bool subvolume_changes_each(void *cookie, const char *path);

/* subvolume_changes: of the subvolume that fd lies in; those whose last change came after the counter was `since`. What was deleted is seen by its folder.
 * most: of inodes to tell. Needs CAP_SYS_ADMIN.
 * returns: 0; 1: there were more than most; -1: by errno; ENAMETOOLONG: something has changed deeper than btrfs can tell paths */
int subvolume_changes(int fd, uint64_t since, size_t most, subvolume_changes_each *each, void *cookie,
                      struct error *err);

#endif
