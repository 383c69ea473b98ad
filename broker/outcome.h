/* outcome: what becomes of the step under way: given out, done, tried again, failed, lost, cancelled. Each is one committed
 * change. Returns of all: 1: the run has ended and is freed; 0: it goes on; -1: the store failed (logged), nothing changed.
 *
 * threads: one. */
#ifndef AOB_BROKER_OUTCOME_H
#define AOB_BROKER_OUTCOME_H

#include "broker/runs.h"

#define OUTCOME_STEADY_MS                                                                                              \
	((int64_t)10 * 60 * 1000) /* an attempt that lived so long has got over what went wrong before */

/* outcome_assigned: the next attempt is this worker's. Committed before the worker hears of it: killed in between, the job is
 * taken for given out, and after the lease it is given out with the next number. */
int outcome_assigned(struct broker *broker, struct run *run, const struct worker *worker);

/* outcome_ok: with the step's result; of a transfer the generation, of a prune what is gone, are recorded in the same
 * transaction. */
int outcome_ok(struct broker *broker, struct run *run, const char *result_json);

/* outcome_error: retry: the worker thinks that another try may help; the class decides (retry.h). ERR_BUSY: deferred. */
int outcome_error(struct broker *broker, struct run *run, const struct error *error, bool retry);

enum outcome_loss {
	OUTCOME_SILENT,  /* the worker vanished: counted, so that a stage that crashes for ever is set aside */
	OUTCOME_GIVEN_UP /* it said goodbye, or never got the job: given out again at once, not counted */
};
int outcome_lost(struct broker *broker, struct run *run, enum outcome_loss how);

int outcome_reattached(struct broker *broker, struct run *run); /* the worker still has it in hand after all */
int outcome_cancelled(struct broker *broker, struct run *run);
int outcome_requeued(struct broker *broker, struct run *run); /* the wait for another try is over */

#endif
