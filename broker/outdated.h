/* outdated: a run that waits for what its pipeline does not have any more: a vault that has moved, another machine, or the pipeline itself. A run keeps the
 * configuration that it began with (run_config.h), so it would wait for ever. It ends as superseded, and the next run goes where the configuration says now. One
 * that gets on is left alone.
 *
 * threads: one. */
#ifndef AOB_BROKER_OUTDATED_H
#define AOB_BROKER_OUTDATED_H

#include "broker/broker.h"
#include "broker/runs.h"

/* outdated_mark: the configuration has been read: which runs in flight lead elsewhere? */
void outdated_mark(struct broker *broker);

/* outdated_turn: if it is one of those and waits, it ends. Returns whether it did; the run is gone then, or in a later step. */
bool outdated_turn(struct broker *broker, struct run *run);

#endif
