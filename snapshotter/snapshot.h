/* snapshot: the step `snapshot` with `driver: btrfs`: the source is frozen.
 *
 * The proof that nobody wrote meanwhile: syncfs, then ctransid (with everything written back it stands for all that was ever written), the
 * snapshot, and both values again. btrfs writes dirty data back before it snapshots, so what came in between shows in the snapshot's own. */
#ifndef AOB_SNAPSHOT_H
#define AOB_SNAPSHOT_H

#include "lib/stage_main.h"

/* snapshot_run: as stage_ops.run. repeat: safe: this run's earlier snapshot is used again if the source is still as it is, else made anew.
 * errors: ERR_BUSY (asked for at rest, and never was at rest in three tries), ERR_CONFIG (not btrfs, no place for snapshots), by errno */
int snapshot_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err);

#endif
