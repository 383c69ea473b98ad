#include "broker/safety_json.h"

#include <stdio.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/alarms_age.h"
#include "broker/dispatch.h"
#include "broker/dying.h"
#include "broker/history.h"
#include "broker/holds.h"
#include "broker/runs.h"
#include "broker/waiting.h"
#include "broker/watch_state.h"
#include "lib/json_text.h"
#include "lib/log.h"

#define STORE_PATIENCE_MS 60000 /* a hiccup of the disk is no news */

static json_t *number_or_null(bool known, int64_t number)
{
	return known ? json_integer(number) : json_null();
}

bool safety_json_waiting(struct broker *broker, const struct config_pipeline *pipeline, char *out, size_t size)
{
	const struct run *run = runs_of(broker, pipeline->name);
	struct waiting in = {
		.pipeline = pipeline->name, .trouble = "", .failed = "", .progress_percent = -1, .eta_s = -1
	};
	char text[WAITING_TEXT_SIZE];
	struct history_watch watch;
	struct history_run last;
	struct error err;
	bool waits;

	watch_state_get(broker, pipeline, &watch);
	in.watch = watch.state;
	in.watch_why = watch.reason;
	in.held_s = watch_state_held_s(broker, pipeline->name);
	in.paused = history_paused(broker->store, pipeline->name, &err) == 1;
	if (run != NULL) {
		const struct run_step *step = &run->record.steps[runs_step(run)];

		in.step = step->service;
		in.state = step->state;
		in.wait = step->state == STEP_QUEUED ? dispatch_wait(broker, run) : TURN_READY;
		in.host = run->config->host;
		in.vault = pipeline->vault->name;
		in.transfers = pipeline->vault->transfers;
		in.retry_in_s = (run->retry_ms - broker->now_ms + 999) / 1000;
		in.trouble = run->last_error.class != ERR_NONE ? run->last_error.text : "";
		if (run->has_progress && run->progress.total_bytes > 0)
			in.progress_percent =
			        (int)((double)run->progress.done_bytes * 100 / (double)run->progress.total_bytes);
		if (run->has_progress)
			in.eta_s = run->progress.eta_s;
	} else if (history_last_run(broker->store, pipeline->name, &last, &err) == 1 && last.state == RUN_FAILED) {
		in.failed = last.error.text;
	}
	waits = waiting_text(&in, text);
	(void)snprintf(out, size, "%s", text);
	return waits;
}

json_t *safety_json_forecast(const struct forecast *f)
{
	json_t *warnings = json_array();

	for (unsigned i = 0; forecast_word(i) != NULL; i++)
		if ((f->warnings & 1u << i) != 0)
			(void)json_array_append_new(warnings, json_string(forecast_word(i)));
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:s}", "change_bytes_per_day",
	                 number_or_null(f->change_known, (int64_t)f->change_bytes_per_day), "link_bytes_per_s",
	                 number_or_null(f->link_bytes_per_s != 0, (int64_t)f->link_bytes_per_s), "backlog_bytes",
	                 number_or_null(f->backlog_known, (int64_t)f->backlog_bytes), "caught_up_at",
	                 number_or_null(f->caught_up_at != 0, f->caught_up_at), "never", (int)f->never, "vault_full_at",
	                 number_or_null(f->vault_full_at != 0, f->vault_full_at), "source_full_at",
	                 number_or_null(f->source_full_at != 0, f->source_full_at), "warnings", warnings, "reason",
	                 f->reason);
}

/* What the broker sees of the source's disk now is fresher than what the last snapshot found; if it is that disk, and not a mount point without it. */
static int space_json(struct broker *broker, const char *pipeline, json_t **json, struct error *err)
{
	struct figures_space vault;
	struct figures_space source;
	struct room room;
	int has_vault = figures_space(broker->store, pipeline, "vault", &vault, err);
	int has_source = has_vault >= 0 ? figures_space(broker->store, pipeline, "source", &source, err) : -1;

	if (has_source < 0)
		return -1;
	if (holds_room(broker, pipeline, &room) &&
	    (has_source == 0 || (int64_t)room.total_bytes == source.total_bytes)) {
		source = (struct figures_space){ broker_wall(), (int64_t)room.free_bytes, (int64_t)room.total_bytes };
		has_source = 1;
	}
	if (has_vault == 0 && has_source == 0) {
		*json = json_null();
		return 0;
	}
	*json = json_pack("{s:o, s:o, s:o, s:o, s:I}", "vault_free_bytes", number_or_null(has_vault, vault.free_bytes),
	                  "vault_total_bytes", number_or_null(has_vault, vault.total_bytes), "source_free_bytes",
	                  number_or_null(has_source, source.free_bytes), "source_total_bytes",
	                  number_or_null(has_source, source.total_bytes), "measured_at",
	                  (json_int_t)(has_vault ? vault.measured_at : source.measured_at));
	return 0;
}

static void add_alarm(json_t *list, const char *kind, int64_t since, const char *reason)
{
	(void)json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "kind", kind, "since", (json_int_t)since,
	                                            "reason", json_text(reason)));
}

/* What the store can't take is told all the same: that it can't, and what that hides. */
static void add_unstored(struct broker *broker, const struct alarms_state *state, bool overdue, const char *waits,
                         json_t *list)
{
	int64_t for_ms = broker->now_ms - broker->store_trouble_ms;
	char reason[ERROR_TEXT_SIZE];
	char trouble[301];
	int64_t since = dying_text(broker, reason, sizeof(reason));

	if (since != 0)
		add_alarm(list, "process", since, reason);
	if (state->overdue && !overdue)
		add_alarm(list, "overdue", state->overdue_since, waits);
	if (!broker->store_trouble || for_ms < STORE_PATIENCE_MS)
		return;
	(void)snprintf(reason, sizeof(reason), "the broker's store can't be written, so nothing new begins: %s",
	               log_escape(broker->store_error.text, trouble, sizeof(trouble)));
	add_alarm(list, "store", broker_wall() - for_ms / 1000, reason);
}

/* waits: what waits for what. */
static int alarms_json(struct broker *broker, const char *pipeline, const struct alarms_state *state, const char *waits,
                       json_t **json, struct error *err)
{
	struct figures_alarm alarms[FIGURES_ALARMS_MAX];
	bool overdue = false;
	size_t n;

	if (figures_alarms(broker->store, pipeline, alarms, &n, err) != 0)
		return -1;
	*json = json_array();
	for (size_t i = 0; i < n; i++) {
		add_alarm(*json, alarms[i].kind, alarms[i].since, alarms[i].reason);
		overdue = overdue || strcmp(alarms[i].kind, "overdue") == 0;
	}
	add_unstored(broker, state, overdue, waits, *json);
	return 0;
}

static int totals_json(struct broker *broker, const char *pipeline, json_t **json, struct error *err)
{
	struct figures_totals t;

	if (figures_totals(broker->store, pipeline, &t, err) < 0)
		return -1;
	*json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "runs", (json_int_t)t.runs, "failed", (json_int_t)t.failed,
	                  "literal_bytes", (json_int_t)t.literal_bytes, "matched_bytes", (json_int_t)t.matched_bytes,
	                  "wire_sent", (json_int_t)t.wire_sent, "wire_received", (json_int_t)t.wire_received);
	return 0;
}

int safety_json_add(struct broker *broker, const struct config_pipeline *pipeline, json_t *object, struct error *err)
{
	const struct alarms_clock *clock = alarms_clock_of(broker, pipeline->name);
	char text[WAITING_TEXT_SIZE];
	bool waits = safety_json_waiting(broker, pipeline, text, sizeof(text));
	json_t *alarms = NULL;
	json_t *space = NULL;
	json_t *totals = NULL;
	json_t *more = NULL;
	struct alarms_state state;
	int rc = -1;

	alarms_get(broker, pipeline, &state);
	if (alarms_json(broker, pipeline->name, &state, text, &alarms, err) != 0 ||
	    space_json(broker, pipeline->name, &space, err) != 0 ||
	    totals_json(broker, pipeline->name, &totals, err) != 0)
		goto out;
	more = json_pack(
	        "{s:b, s:o, s:I, s:o, s:O, s:o, s:O, s:o, s:O}", "copies", (int)alarms_age_of_copies(pipeline), "age_s",
	        number_or_null(state.good, state.age_s), "max_age_s", (json_int_t)alarms_age_max_s(pipeline), "overdue",
	        state.overdue ? json_pack("{s:I, s:I, s:o}", "since", (json_int_t)state.overdue_since, "age_s",
	                                  (json_int_t)state.age_s, "reason", json_text(text))
	                      : json_null(),
	        "alarms", alarms, "waits_for", waits ? json_text(text) : json_null(), "space", space, "forecast",
	        clock != NULL && clock->forecast_made ? safety_json_forecast(&clock->forecast) : json_null(), "totals",
	        totals);
	rc = more != NULL ? json_object_update(object, more) : -1;
	if (rc != 0)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
out:
	json_decref(alarms);
	json_decref(space);
	json_decref(totals);
	json_decref(more);
	return rc;
}
