/* transfer: one step of a run: the snapshot goes to the vault as a new generation. docs/transfer.md tells it at length. */
#ifndef AOB_TRANSFER_H
#define AOB_TRANSFER_H

#include "lib/stage_main.h"

/* transfer_run: as stage_ops.run. repeat: safe: a generation that was published for this run is found again, one that is half built is gone on with.
 * errors: ERR_INPUT (no snapshot step before), ERR_CONFIG, ERR_LINK, ERR_DAMAGED, ERR_CANCELLED, the receiver's own, by errno */
int transfer_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err);

#endif
