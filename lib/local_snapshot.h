/* local_snapshot: the read-only btrfs snapshots of sources on this machine, <folder>/<pipeline>.<run>: made by the snapshotter, read by the
 * transfer, removed by the pruner. The newest that the vault has is kept: the anchor.
 *
 * threads: none shared. Needs CAP_SYS_ADMIN. source: libbtrfsutil. */
#ifndef AOB_LOCAL_SNAPSHOT_H
#define AOB_LOCAL_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/subvolume.h"

/* local_snapshot_make: of the subvolume whose root is `subvolume`. Writes dirty data of it first, as every snapshot does. durable: on return 0.
 * errors: ERR_SYSTEM, by errno (EEXIST if it is there) */
int local_snapshot_make(const char *subvolume, const char *path, struct error *err);

/* local_snapshot_remove: not there: nothing to do. Anything that is not a read-only snapshot is left alone.
 * errors: ERR_REFUSED (what lies there is no snapshot), by errno */
int local_snapshot_remove(const char *path, struct error *err);

struct local_snapshot {
	char *path; /* owned by the list */
	const char *name;
	char uuid[SUBVOLUME_UUID_SIZE];
	char parent_uuid[SUBVOLUME_UUID_SIZE];
	uint64_t id; /* grows with each that is made */
	uint64_t ctransid;
};

/* local_snapshot_list: the read-only snapshots in the folder; no folder: none. out: *list, local_snapshot_list_free. At most 10,000.
 * errors: by errno, ERR_SYSTEM (more than that) */
int local_snapshot_list(const char *folder, struct local_snapshot **list, size_t *n, struct error *err);
void local_snapshot_list_free(struct local_snapshot *list, size_t n);

#endif
