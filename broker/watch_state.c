#include "broker/watch_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms_age.h"
#include "broker/holds.h"
#include "broker/retry.h"
#include "broker/runs.h"
#include "lib/log.h"
#include "lib/own_host.h"
#include "lib/pace.h"

struct watch_state {
	char pipeline[CONFIG_NAME_MAX + 1];
	struct history_watch watch;
	struct watch_macs macs;
	char source_uuid[HISTORY_TEXT_SIZE];
	bool time_machine;
	int64_t forced_at;
	int64_t waiting_since; /* wall clock: since when there is something that no run made a generation of; 0: nothing */
	int64_t reported_ms;      /* monotonic; 0: not since the start */
	char host[OWN_HOST_SIZE]; /* by the watcher of which machine */
	bool room_seen;
	struct room room;
	json_t *past; /* NULL: to be asked of the store */
	struct history_generation clean;
	unsigned failed_runs;
	int64_t hold_until_ms;
	struct watch_state *next;
};

static struct watch_state *find(struct broker *broker, const char *pipeline)
{
	return by_name_get(&broker->watch_names, pipeline);
}

static void forget(struct broker *broker, struct watch_state *state)
{
	by_name_drop(&broker->watch_names, state->pipeline);
	watch_macs_done(&state->macs);
	json_decref(state->past);
	free(state);
}

static bool is_waiting(const struct history_watch *watch)
{
	return strcmp(watch->state, "active") == 0 || strcmp(watch->state, "idle") == 0;
}

/* After a start: since the state was stored that it was in, or since the newest generation. Else each restart of ours would make a source that is never at rest wait for
 * another max_wait. */
static int load_waiting(struct broker *broker, struct watch_state *state, struct error *err)
{
	struct history_generation last = { .published_at = 0 };

	if (!is_waiting(&state->watch))
		return 0;
	if (history_last_good(broker->store, state->pipeline, &last, err) < 0)
		return -1;
	state->waiting_since = state->watch.since > last.published_at ? state->watch.since : last.published_at;
	return 0;
}

static int add(struct broker *broker, const char *pipeline, struct error *err)
{
	struct watch_state *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return error_sys(err, ENOMEM, "pipeline %s", pipeline);
	(void)snprintf(state->pipeline, sizeof(state->pipeline), "%s", pipeline);
	(void)snprintf(state->watch.state, sizeof(state->watch.state), "unknown");
	if (history_watch(broker->store, pipeline, &state->watch, err) < 0 || load_waiting(broker, state, err) != 0)
		goto failed;
	if (by_name_put(&broker->watch_names, state->pipeline, state) != 0) {
		(void)error_sys(err, ENOMEM, "pipeline %s", pipeline);
		goto failed;
	}
	state->next = broker->watches;
	broker->watches = state;
	return 0;
failed:
	free(state);
	return -1;
}

void watch_state_drop(struct broker *broker)
{
	struct watch_state **at = &broker->watches;

	while (*at != NULL) {
		struct watch_state *state = *at;

		if (config_pipeline(broker->config, state->pipeline) != NULL) {
			at = &state->next;
			continue;
		}
		*at = state->next;
		forget(broker, state);
	}
}

int watch_state_load(struct broker *broker, struct error *err)
{
	/* A changed configuration may have mended what made runs fail. */
	for (struct watch_state *state = broker->watches; state != NULL; state = state->next)
		state->hold_until_ms = 0;
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		if (find(broker, broker->config->pipelines[i].name) == NULL &&
		    add(broker, broker->config->pipelines[i].name, err) != 0)
			return -1;
	return 0;
}

void watch_state_free(struct broker *broker)
{
	while (broker->watches != NULL) {
		struct watch_state *state = broker->watches;

		broker->watches = state->next;
		forget(broker, state);
	}
	by_name_done(&broker->watch_names);
}

/* A change of state is kept and told; the same state once more is not written to the disk at each tick. */
static int record_change(struct broker *broker, const char *pipeline, const struct history_watch *before,
                         const struct history_watch *now, struct error *err)
{
	bool was_active = strcmp(before->state, "active") == 0;
	bool is_active = strcmp(now->state, "active") == 0;
	json_t *data = NULL;

	if (strcmp(before->state, now->state) == 0)
		return 0;
	if (broker_begin(broker, err) != 0)
		return -1;
	if (history_watch_save(broker->store, pipeline, now, err) != 0)
		goto undo;
	if (is_active != was_active || strcmp(before->state, "unknown") == 0) {
		data = json_pack("{s:s, s:s, s:I, s:I}", "state", now->state, "reason", now->reason, "since",
		                 (json_int_t)now->since, "ctransid", (json_int_t)now->ctransid);
		if (strcmp(now->state, "unknown") == 0)
			json_decref(data);
		else if (broker_event(broker, pipeline, is_active ? "source.active" : "source.idle", &data, err) != 0)
			goto undo;
	}
	return broker_commit(broker, err);
undo:
	broker_undo(broker, err);
	return -1;
}

/* No run is in flight, or one that waits for its vault with an older state than the source rests in now. */
static bool is_free_for(const struct run *run, const struct watch_state *state, enum stage_trigger trigger)
{
	return run == NULL || (trigger == TRIGGER_IDLE && holds_replaceable(run) && state->watch.ctransid != 0 &&
	                       run->held_ctransid != state->watch.ctransid);
}

/* So that never more than one snapshot waits. Returns whether the run has ended. */
static bool make_way(struct broker *broker, struct run *run)
{
	struct error reason = run->last_error;

	(void)error_prefix(&reason, "a newer state of the source takes its place; it waited");
	return runs_abandon(broker, run, STEP_SUPERSEDED, &reason, NULL, NULL) == 1;
}

/* The same count on another disk says nothing. */
static bool is_published(const struct watch_state *state, const struct history_generation *last)
{
	bool other = last->source_uuid[0] != '\0' && state->source_uuid[0] != '\0' &&
	             strcmp(last->source_uuid, state->source_uuid) != 0;

	return last->ctransid != 0 && last->ctransid == state->watch.ctransid && !other;
}

int watch_state_last(struct broker *broker, const struct config_pipeline *pipeline, struct history_generation *last,
                     struct error *err)
{
	int found = history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, last, err);

	if (found == 0 && !alarms_age_of_copies(pipeline))
		found = history_last_rest(broker->store, pipeline->name, last, err);
	return found;
}

static void start_run(struct broker *broker, const struct config_pipeline *pipeline, struct watch_state *state,
                      enum stage_trigger trigger)
{
	struct history_generation last = { .ctransid = 0 };
	char run_id[RUN_ID_SIZE];
	struct run *run = runs_of(broker, pipeline->name);
	bool is_new = false;
	struct error err;
	int found;

	if (!is_free_for(run, state, trigger) || broker->now_ms < state->hold_until_ms ||
	    broker->now_ms < broker->store_retry_ms)
		return;
	found = history_paused(broker->store, pipeline->name, &err);
	if (found == 0)
		found = watch_state_last(broker, pipeline, &last, &err) < 0 ? -1 : 0;
	if (found < 0)
		log_error(LOG_ERR, &err, "pipeline=%s", pipeline->name);
	if (found != 0 || is_published(state, &last))
		return;
	if (run != NULL && !make_way(broker, run))
		return;
	if (runs_start(broker, pipeline, trigger, false, NULL, run_id, &is_new, &err) != 0)
		log_error(LOG_ERR, &err, "pipeline=%s cannot start a run", pipeline->name);
}

/* What the watcher must find again after a restart, before it is taken for known. */
static int record_macs(struct broker *broker, struct watch_state *state, const struct watch_macs *now,
                       struct error *err)
{
	bool same = state->macs.n == now->n;

	for (size_t i = 0; i < now->n && same; i++)
		same = strcmp(state->macs.list[i].bundle, now->list[i].bundle) == 0 &&
		       state->macs.list[i].used_at == now->list[i].used_at;
	if (same)
		return 0;
	if (broker_begin(broker, err) != 0)
		return -1;
	if (watch_macs_remember(broker, state->pipeline, now, err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	json_decref(state->past);
	state->past = NULL;
	return broker_commit(broker, err);
}

bool watch_state_watches(const struct config_pipeline *pipeline, const char *host)
{
	return pipeline->watched && (pipeline->host == NULL || own_host_same(pipeline->host, host));
}

/* Of a pipeline without a `host` all watchers tell; that a source is not there is said by each that does not have it. */
static bool knows_less(const struct broker *broker, const struct watch_state *state, const char *host,
                       const struct history_watch *now)
{
	return strcmp(now->state, "unknown") == 0 && strcmp(state->watch.state, "unknown") != 0 &&
	       !own_host_same(state->host, host) && state->reported_ms != 0 &&
	       broker->now_ms - state->reported_ms < WATCH_STATE_FRESH_MS;
}

void watch_state_report(struct broker *broker, const char *host, struct watch_report *report)
{
	const struct config_pipeline *pipeline = config_pipeline(broker->config, report->pipeline);
	struct watch_state *state = find(broker, report->pipeline);
	struct history_watch now = report->watch;
	struct error err;

	if (pipeline == NULL || state == NULL || !watch_state_watches(pipeline, host) ||
	    knows_less(broker, state, host, &now))
		return;
	(void)snprintf(state->host, sizeof(state->host), "%s", host);
	now.reported_at = broker_wall();
	state->reported_ms = broker->now_ms;
	if (record_change(broker, report->pipeline, &state->watch, &now, &err) == 0)
		state->watch = now;
	if (!is_waiting(&now))
		state->waiting_since = strcmp(now.state, "unknown") == 0 ? state->waiting_since : 0;
	else if (state->waiting_since == 0)
		state->waiting_since = now.reported_at;
	state->time_machine = report->time_machine;
	state->forced_at = report->forced_at;
	state->room_seen = report->room_seen;
	state->room = report->room;
	memcpy(state->source_uuid, report->source_uuid, sizeof(state->source_uuid));
	/* What could not be stored is no ground for a run: after a crash it would not be known. */
	if (record_macs(broker, state, &report->macs, &err) != 0)
		return;
	watch_macs_done(&state->macs);
	state->macs = report->macs;
	report->macs = (struct watch_macs){ .n = 0 };
	if (report->wants_run)
		start_run(broker, pipeline, state, report->trigger);
}

void watch_state_ended(struct broker *broker, const struct run_record *record, enum run_state end)
{
	const struct config_pipeline *pipeline = config_pipeline(broker->config, record->pipeline);
	struct watch_state *state = find(broker, record->pipeline);
	uint64_t rest_ms = RETRY_HOLD_BASE_MS;

	if (pipeline == NULL || state == NULL || !record->whole || record->dry_run)
		return;
	json_decref(state->past);
	state->past = NULL;
	if (end == RUN_OK)
		state->waiting_since = 0;
	switch (end) {
	case RUN_RUNNING:
	case RUN_OK:
	case RUN_SUPERSEDED:
		state->failed_runs = 0;
		state->hold_until_ms = 0;
		break;
	case RUN_FAILED:
		state->failed_runs++;
		state->hold_until_ms = broker->now_ms + pace_ms((int64_t)retry_hold_ms(state->failed_runs));
		break;
	case RUN_CANCELLED:
		/* Whoever cancels does not want to see it start again at once. */
		state->hold_until_ms = broker->now_ms + pace_ms((int64_t)RETRY_HOLD_CAP_MS);
		break;
	case RUN_DEFERRED:
		/* The watcher goes on watching, and its next word starts the next run; but not at every tick of it. */
		if (pipeline->watch.idle_ms < rest_ms)
			rest_ms = pipeline->watch.idle_ms;
		state->hold_until_ms = broker->now_ms + (int64_t)rest_ms;
		break;
	}
}

void watch_state_get(struct broker *broker, const struct config_pipeline *pipeline, struct history_watch *watch)
{
	const struct watch_state *state = find(broker, pipeline->name);

	*watch = (struct history_watch){ .state = "unknown" };
	if (state != NULL)
		*watch = state->watch;
	if (!pipeline->watched) {
		(void)snprintf(watch->state, sizeof(watch->state), "off");
		(void)snprintf(watch->reason, sizeof(watch->reason), "watch: off");
	} else if (state == NULL || state->reported_ms == 0 ||
	           broker->now_ms - state->reported_ms >= WATCH_STATE_STALE_MS) {
		(void)snprintf(watch->state, sizeof(watch->state), "unknown");
		(void)snprintf(watch->reason, sizeof(watch->reason),
		               "no word from the watcher%s%s; is aob-watcher running%s?",
		               pipeline->host != NULL ? " of host " : "", pipeline->host != NULL ? pipeline->host : "",
		               pipeline->host != NULL ? " there" : "");
	}
}

bool watch_state_is_far(struct broker *broker, const struct config_pipeline *pipeline)
{
	char own[OWN_HOST_SIZE];

	own_host(NULL, broker->config, own);
	return pipeline->host != NULL && !own_host_same(pipeline->host, own);
}

int watch_state_room(struct broker *broker, const struct config_pipeline *pipeline, struct room *room,
                     struct error *err)
{
	const struct watch_state *state = find(broker, pipeline->name);

	if (!watch_state_is_far(broker, pipeline))
		return room_read(pipeline->source, room, err);
	if (state == NULL || !state->room_seen || state->reported_ms == 0 ||
	    broker->now_ms - state->reported_ms >= WATCH_STATE_STALE_MS)
		return error_set(err, ERR_LINK, "no word from the watcher of host %s", pipeline->host);
	*room = state->room;
	return 0;
}

int64_t watch_state_silence_ms(struct broker *broker, const char *pipeline)
{
	const struct watch_state *state = find(broker, pipeline);

	return broker->now_ms - (state != NULL ? state->reported_ms : 0);
}

int64_t watch_state_waiting_since(struct broker *broker, const char *pipeline)
{
	const struct watch_state *state = find(broker, pipeline);

	return state != NULL ? state->waiting_since : 0;
}

int64_t watch_state_held_s(struct broker *broker, const char *pipeline)
{
	const struct watch_state *state = find(broker, pipeline);

	return state != NULL && state->hold_until_ms > broker->now_ms
	               ? (state->hold_until_ms - broker->now_ms + 999) / 1000
	               : 0;
}

json_t *watch_state_json(struct broker *broker, const struct config_pipeline *pipeline)
{
	const struct watch_state *state = find(broker, pipeline->name);
	const struct watch_macs none = { .n = 0 };
	struct history_watch watch;
	bool told;

	watch_state_get(broker, pipeline, &watch);
	told = state != NULL && state->reported_ms != 0 && strcmp(watch.state, "off") != 0 &&
	       strcmp(watch.state, "unknown") != 0;
	return json_pack("{s:s, s:I, s:s, s:I, s:I, s:s, s:o, s:o}", "state", watch.state, "since",
	                 (json_int_t)watch.since, "reason", watch.reason, "ctransid", (json_int_t)watch.ctransid,
	                 "reported_at", (json_int_t)watch.reported_at, "kind",
	                 config_kind_name(told ? state->time_machine ? CONFIG_KIND_TIME_MACHINE : CONFIG_KIND_GENERIC
	                                       : pipeline->kind),
	                 "forced_at", told && state->forced_at != 0 ? json_integer(state->forced_at) : json_null(),
	                 "macs", watch_macs_json(told ? &state->macs : &none));
}

json_t *watch_state_rest(struct broker *broker, const char *pipeline)
{
	const struct watch_state *state = find(broker, pipeline);

	if (state == NULL || state->reported_ms == 0 || broker->now_ms - state->reported_ms >= WATCH_STATE_FRESH_MS ||
	    strcmp(state->watch.state, "idle") != 0)
		return NULL;
	return json_pack("{s:I, s:s, s:o}", "ctransid", (json_int_t)state->watch.ctransid, "source_uuid",
	                 state->source_uuid, "macs", watch_macs_rest_json(&state->macs));
}

int watch_state_past(struct broker *broker, const char *pipeline, json_t **list,
                     const struct history_generation **clean, struct error *err)
{
	struct watch_state *state = find(broker, pipeline);

	if (state == NULL)
		return error_set(err, ERR_NOT_FOUND, "no watch of %s", pipeline);
	if (state->past == NULL && watch_macs_past(broker, pipeline, &state->past, &state->clean, err) != 0)
		return -1;
	*list = state->past;
	*clean = &state->clean;
	return 0;
}
