/* watch_state: what the watcher reported of each source, and whether a run may start by itself: not while one is in flight,
 * not while paused, not when nothing changed since the last published generation, and not at every tick after a failure.
 *
 * threads: one. */
#ifndef AOB_BROKER_WATCH_STATE_H
#define AOB_BROKER_WATCH_STATE_H

#include <stdbool.h>

#include "broker/broker.h"
#include "broker/history.h"

#define WATCH_STATE_STALE_MS ((int64_t)5 * 60 * 1000) /* a watcher that says nothing for so long is not there */

struct watch_report {
	char pipeline[CONFIG_NAME_MAX + 1];
	struct history_watch watch; /* state, reason, since, ctransid */
	bool wants_run;
	enum stage_trigger trigger;
};

/* watch_state_load: the clocks of the configuration's pipelines, from the store. Also after a reload; those that stay keep
 * theirs. errors: of the store, ERR_SYSTEM. */
int watch_state_load(struct broker *broker, struct error *err);
void watch_state_free(struct broker *broker);

/* watch_state_report: take one source's report; may start a run. One of a pipeline that is not watched (any more) is dropped. */
void watch_state_report(struct broker *broker, const struct watch_report *report);

/* watch_state_ended: a run has ended; failures make the pipeline rest for a while before the next automatic run. */
void watch_state_ended(struct broker *broker, const struct run_record *record, enum run_state end);

/* watch_state_get: for the status: "off" for a pipeline that is not watched, "unknown" if the watcher is silent. */
void watch_state_get(struct broker *broker, const struct config_pipeline *pipeline, struct history_watch *watch);

/* watch_state_silence_ms: since the watcher's last word on this pipeline; without one: for longer than anything. */
int64_t watch_state_silence_ms(struct broker *broker, const char *pipeline);

#endif
