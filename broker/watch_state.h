/* watch_state: what the watcher reported of each source, and whether a run may start by itself: not while one is in flight,
 * not while paused, not when nothing changed since the last published generation, and not at every tick after a failure.
 *
 * threads: one. */
#ifndef AOB_BROKER_WATCH_STATE_H
#define AOB_BROKER_WATCH_STATE_H

#include <stdbool.h>

#include "broker/broker.h"
#include "broker/history.h"
#include "broker/watch_macs.h"
#include "lib/room.h"

#define WATCH_STATE_FRESH_MS 10000 /* what the watcher said of a source at rest is worth something for so long */
#define WATCH_STATE_STALE_MS ((int64_t)5 * 60 * 1000) /* a watcher that says nothing for so long is not there */

struct watch_report {
	char pipeline[CONFIG_NAME_MAX + 1];
	struct history_watch watch; /* state, reason, since, ctransid */
	char source_uuid[HISTORY_TEXT_SIZE];
	bool time_machine;
	int64_t forced_at; /* 0: never */
	bool wants_run;
	enum stage_trigger trigger;
	struct watch_macs macs;
	bool room_seen;
	struct room room; /* of its disk, if this broker is on another machine */
};

/* watch_state_load: the clocks of the configuration's pipelines, from the store. Also after a reload; those that are there keep
 * theirs, and none goes. errors: of the store, ERR_SYSTEM. watch_state_drop: those that it does not have go. */
int watch_state_load(struct broker *broker, struct error *err);
void watch_state_drop(struct broker *broker);
void watch_state_free(struct broker *broker);

/* watch_state_watches: is the source one for a watcher on this machine? host: "": it did not say which. Pure. */
bool watch_state_watches(const struct config_pipeline *pipeline, const char *host);

/* watch_state_report: take one source's report, by a watcher on this machine, and what it owns (its Macs); may start a run. One of a pipeline that is not watched (any more), or
 * not there, is dropped; so is that nothing is known of a source, while a watcher on another machine knows something. */
void watch_state_report(struct broker *broker, const char *host, struct watch_report *report);

/* watch_state_ended: a run has ended; failures make the pipeline rest for a while before the next automatic run. */
void watch_state_ended(struct broker *broker, const struct run_record *record, enum run_state end);

/* watch_state_get: for the status: "off" for a pipeline that is not watched, "unknown" if the watcher is silent. */
void watch_state_get(struct broker *broker, const struct config_pipeline *pipeline, struct history_watch *watch);

/* watch_state_is_far: is the source on another machine than this broker? */
bool watch_state_is_far(struct broker *broker, const struct config_pipeline *pipeline);

/* watch_state_room: how full the disk of the source is: of one on this machine as seen now, else as the watcher there told. errors: by errno, ERR_LINK (no word of it) */
int watch_state_room(struct broker *broker, const struct config_pipeline *pipeline, struct room *room,
                     struct error *err);

/* watch_state_silence_ms: since the watcher's last word on this pipeline; without one: for longer than anything. */
int64_t watch_state_silence_ms(struct broker *broker, const char *pipeline);

/* watch_state_waiting_since: since when (wall clock) the source has something new that no run has made a generation of; 0: it has not. A run that was deferred made none. */
int64_t watch_state_waiting_since(struct broker *broker, const char *pipeline);

/* watch_state_held_s: for how much longer no run begins by itself, whatever the watcher says, because of how the last one ended; 0: it may. */
int64_t watch_state_held_s(struct broker *broker, const char *pipeline);

/* watch_state_json: the same and the Macs, as `status` shows it. NULL: out of memory. */
json_t *watch_state_json(struct broker *broker, const struct config_pipeline *pipeline);

/* watch_state_last: what the source is held against, to see whether there is something new: the newest generation in the pipeline's vault; of a pipeline that makes none,
 * the rest of its newest run. returns: 1, 0: there is neither, -1 */
int watch_state_last(struct broker *broker, const struct config_pipeline *pipeline, struct history_generation *last,
                     struct error *err);

/* watch_state_rest: what the watcher knows of a source that is at rest just now, for the snapshot to be held against:
 * {"ctransid", "source_uuid", "macs"}; NULL: it is not at rest. A new reference. */
json_t *watch_state_rest(struct broker *broker, const char *pipeline);

/* watch_state_past: as watch_macs_past, remembered until a generation is published. *list: borrowed until then. */
int watch_state_past(struct broker *broker, const char *pipeline, json_t **list,
                     const struct history_generation **clean, struct error *err);

#endif
