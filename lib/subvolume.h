/* subvolume: what btrfs says about one, live, and where the local snapshots of a source lie.
 *
 * `ctransid` moves with every change inside the subvolume and not with a snapshot of it; a read-only snapshot inherits it. So a source whose
 * ctransid equals its last snapshot's holds nothing new. source: BTRFS_IOC_GET_SUBVOL_INFO, linux/btrfs.h; btrfs-subvolume(8).
 *
 * threads: none shared. */
#ifndef AOB_SUBVOLUME_H
#define AOB_SUBVOLUME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define SUBVOLUME_UUID_SIZE 37

struct subvolume {
	uint64_t id;
	char uuid[SUBVOLUME_UUID_SIZE];        /* RFC 9562 text; "" if it has none (the top level) */
	char parent_uuid[SUBVOLUME_UUID_SIZE]; /* what it is a snapshot of; "" */
	uint64_t ctransid;
	int64_t made_s; /* wall clock, when it was made; of a snapshot, when it was taken: its folder's own times are those of what it shows */
	int64_t ctime_s;
	uint32_t ctime_ns;
	bool read_only;
};

/* subvolume_read: of the subvolume that the open file or folder lies in. errors: ERR_CONFIG (not on btrfs), by errno */
int subvolume_read(int fd, struct subvolume *subvolume, struct error *err);

/* subvolume_is_known: is there a subvolume or snapshot of that UUID on the file system of the open file? false: none, no UUID, or that can't be asked (it needs CAP_SYS_ADMIN).
 * source: the UUID tree, linux/btrfs_tree.h */
bool subvolume_is_known(int fd, const char *uuid);

/* subvolume_root: the path of the subvolume that path lies in, symlinks resolved. errors: ERR_NOT_FOUND, ERR_CONFIG (not on btrfs), by errno */
int subvolume_root(const char *path, char root[PATH_MAX], struct error *err);

/* subvolume_snapshots: the folder of the snapshots of a source: `wanted` (absolute), or without one (NULL) ".aob-snapshots" beside the subvolume.
 * Not made here. errors: ERR_CONFIG with the remedy: the top-level subvolume has no "beside", a folder inside the source's subvolume would change it */
int subvolume_snapshots(const char *source, const char *wanted, char folder[PATH_MAX], struct error *err);

#endif
