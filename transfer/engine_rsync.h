/* engine_rsync: a run's transfer for a far end that has rsync and ssh alone: `rsync --link-dest` into an incoming folder, then the same publishing as the receiver's, by a
 * shell over ssh. docs/engine-rsync.md tells it at length. */
#ifndef AOB_ENGINE_RSYNC_H
#define AOB_ENGINE_RSYNC_H

#include "lib/stage_main.h"
#include "transfer/unfrozen.h"

/* engine_rsync_run: as transfer_run; one pass of a source that may be unfrozen. repeat: safe, by the run. errors: as transfer_run, and those of rsync (bare_exit_read) */
int engine_rsync_run(struct stage_job *job, const struct stage_request *request, struct unfrozen *unfrozen,
                     struct stage_result *result, struct error *err);

#endif
