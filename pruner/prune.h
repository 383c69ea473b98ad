/* prune: one step of a run: what the policy does not keep goes, in the vault and of the local snapshots. */
#ifndef AOB_PRUNE_H
#define AOB_PRUNE_H

#include "lib/stage_main.h"

/* prune_run: as stage_ops.run. repeat: safe. With dry_run nothing is removed, and the answer is the same but for what the receiver would refuse.
 * errors: ERR_LINK, ERR_CONFIG, the receiver's own, by errno */
int prune_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
              struct error *err);

#endif
