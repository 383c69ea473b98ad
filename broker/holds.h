/* holds: the snapshots that runs hold on their sources' disks while the vault cannot be reached: when a newer change takes a run's place, and
 * what is given up when a disk gets full. hold_policy.h has the rules. The broker decides; the snapshotter removes.
 *
 * threads: one. */
#ifndef AOB_BROKER_HOLDS_H
#define AOB_BROKER_HOLDS_H

#include "broker/broker.h"
#include "broker/runs.h"
#include "lib/room.h"

#define HOLDS_LOOK_MS 15000 /* how often the sources' file systems are looked at */

/* holds_take: a run's snapshot step has this result; from here on it holds that snapshot. */
void holds_take(struct run *run, const char *snapshot_json);

/* holds_load: the same for a run that was in flight when the broker started. errors: of the store */
int holds_load(struct broker *broker, struct run *run, struct error *err);

/* holds_progress: a worker told how far it is: is the transfer too far for its run to be replaced? Durable once it is. */
void holds_progress(struct broker *broker, struct run *run);

/* holds_replaceable: does this run wait for its vault with little or nothing brought there, so that a newer change may take its place? */
bool holds_replaceable(const struct run *run);

/* holds_let_go: the pipeline ("": any) may have been the last to count on snapshots that others of its source have made: what is left of those is looked for again. */
void holds_let_go(struct broker *broker, const char *pipeline);
/* holds_ended: a run of the pipeline has ended; it may have left a snapshot. */
void holds_ended(struct broker *broker, const struct run *run);

/* holds_turn: looks at the file systems when it is time, and gives up what has to go. */
void holds_turn(struct broker *broker);

void holds_free(struct broker *broker);

/* holds_room: the disk of the pipeline's source as it was seen last. Returns false if nobody has looked yet. */
bool holds_room(struct broker *broker, const char *pipeline, struct room *room);

#endif
