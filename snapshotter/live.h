/* live: the step `snapshot` with `driver: none`: where nothing can freeze a source, it is read as it is. Told is what it looks like now (its fingerprint, lib/tree_scan.h), so that the transfer
 * can tell afterwards whether anything was written meanwhile.
 *
 * threads: none shared. */
#ifndef AOB_LIVE_H
#define AOB_LIVE_H

#include "lib/stage_main.h"

/* live_run: as stage_ops.run. repeat: safe: it makes nothing.
 * errors: ERR_BUSY (asked for at rest, and not that rest any more), by errno */
int live_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
             struct error *err);

#endif
