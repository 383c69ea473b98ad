/* inode_path: where in its subvolume btrfs has an inode. source: BTRFS_IOC_INO_LOOKUP, linux/btrfs.h
 *
 * threads: none shared. Needs CAP_SYS_ADMIN. */
#ifndef AOB_INODE_PATH_H
#define AOB_INODE_PATH_H

#include <stdint.h>

#include "lib/error.h"

#define INODE_PATH_SIZE 4096

/* inode_path: one of its names, if it has several, below the root of the subvolume that fd lies in; "" is that root.
 * returns: 1; 0: it has no name (it was deleted, and may still be open), or there is no such inode; -1: it may have one, but nobody can tell: by errno (ENAMETOOLONG: deeper
 * than btrfs's paths reach; EPERM; ENOTTY: not btrfs). Whether that is a fault, the caller knows: not to know a place is not the same as that there is none. */
int inode_path(int fd, uint64_t inode, char path[INODE_PATH_SIZE], struct error *err);

#endif
