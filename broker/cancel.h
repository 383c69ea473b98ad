/* cancel: a run that somebody wants to end.
 *
 * threads: one. */
#ifndef AOB_BROKER_CANCEL_H
#define AOB_BROKER_CANCEL_H

#include "broker/runs.h"

/* cancel_run: durable on return 0; the run ends when its worker has stopped, at the latest after RUNS_CANCEL_GRACE_MS; so
 * it may be gone on return. errors: of the store */
int cancel_run(struct broker *broker, struct run *run, struct error *err);

#endif
