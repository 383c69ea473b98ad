/* dispatch: jobs to workers, and what workers say about them back to the runs. The hooks of mdp_broker (their cookie is the struct broker), and the timers: lease,
 * retry, cancel.
 *
 * Fencing: a job's tag bears the attempt. Whatever comes back with another tag than that of the run's step under way is
 * outdated: logged and dropped, and the worker told to stop. threads: one. */
#ifndef AOB_BROKER_DISPATCH_H
#define AOB_BROKER_DISPATCH_H

#include "broker/broker.h"
#include "broker/reply.h"
#include "broker/runs.h"
#include "broker/turn.h"

#define DISPATCH_NO_WORKER_MS 30000 /* a job that finds no worker for so long says so */

void dispatch_ready(void *cookie, struct worker *worker, const struct reply_ready *ready);
void dispatch_partial(void *cookie, struct worker *worker, const void *body, size_t len_bytes);
void dispatch_final(void *cookie, struct worker *worker, const char *tag, const void *body, size_t len_bytes);
void dispatch_gone(void *cookie, struct worker *worker, bool said_so);

/* dispatch_wait: what the run's step, which waits for a worker, waits for. */
enum turn_wait dispatch_wait(struct broker *broker, const struct run *run);

/* dispatch_pending: answers that waited for the store go into it: before whatever may end their runs. dispatch_settle: that of one run, if there is one.
 * Returns as outcome.h's. */
void dispatch_pending(struct broker *broker);
int dispatch_settle(struct broker *broker, struct run *run);

/* dispatch_turn: timers that are due, then queued jobs to idle workers. */
void dispatch_turn(struct broker *broker);
int64_t dispatch_wait_ms(struct broker *broker);

#endif
