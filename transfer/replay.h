/* replay: a plan's lists, sent as changes in the order in which the receiver can apply them (docs/wire.md "Changes").
 *
 * threads: one. */
#ifndef AOB_REPLAY_H
#define AOB_REPLAY_H

#include "lib/error.h"
#include "transfer/plan.h"
#include "transfer/sender.h"

/* replay_plan: plan: complete. errors: those of delta_send_files, of reading what the plan names, the wire's */
int replay_plan(struct sender *sender, struct plan *plan, struct error *err);

#endif
