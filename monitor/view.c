#include "monitor/view.h"

#include <string.h>

#include "lib/config.h"
#include "monitor/view_read.h"

static struct view_error read_error(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *error = json_object_get(object, key);

	return (struct view_error){ view_read_text(arena, error, "code"), view_read_text(arena, error, "message") };
}

static struct view_run read_run(struct arena *arena, const json_t *run)
{
	return (struct view_run){
		.run = view_read_text(arena, run, "run"),
		.state = view_read_text(arena, run, "state"),
		.started_at = view_read_amount(run, "started_at"),
		.ended_at = view_read_amount(run, "ended_at"),
		.error = read_error(arena, run, "error"),
	};
}

static struct view_running read_running(struct arena *arena, const json_t *running)
{
	const json_t *progress = json_object_get(running, "progress");

	return (struct view_running){
		.run = view_read_text(arena, running, "run"),
		.step = view_read_text(arena, running, "step"),
		.step_state = view_read_text(arena, running, "step_state"),
		.worker = view_read_text(arena, running, "worker"),
		.step_index = view_read_amount(running, "step_index"),
		.steps = view_read_amount(running, "steps"),
		.attempt = view_read_amount(running, "attempt"),
		.started_at = view_read_amount(running, "started_at"),
		.retry_at = view_read_amount(running, "retry_at"),
		.cancelling = view_read_flag(running, "cancelling"),
		.last_error = read_error(arena, running, "last_error"),
		.has_progress = json_is_object(progress),
		.progress = { .done_bytes = view_read_amount(progress, "done"),
		              .total_bytes = view_read_amount(progress, "total"),
		              .files = view_read_amount(progress, "files"),
		              .rate_bps = view_read_amount(progress, "rate"),
		              .eta_s = json_is_integer(json_object_get(progress, "eta_s"))
		                               ? view_read_amount(progress, "eta_s")
		                               : -1,
		              .note = view_read_text(arena, progress, "note") },
	};
}

static struct view_space read_space(const json_t *space)
{
	return (struct view_space){
		.known = json_is_object(space),
		.vault_free_bytes = view_read_amount(space, "vault_free_bytes"),
		.vault_total_bytes = view_read_amount(space, "vault_total_bytes"),
		.source_free_bytes = view_read_amount(space, "source_free_bytes"),
		.source_total_bytes = view_read_amount(space, "source_total_bytes"),
		.measured_at = view_read_amount(space, "measured_at"),
	};
}

static int64_t amount_or_unknown(const json_t *object, const char *key)
{
	return json_is_number(json_object_get(object, key)) ? view_read_amount(object, key) : -1;
}

static struct view_forecast read_forecast(struct arena *arena, const json_t *forecast)
{
	return (struct view_forecast){
		.known = json_is_object(forecast),
		.change_bytes_per_day = amount_or_unknown(forecast, "change_bytes_per_day"),
		.link_bytes_per_s = amount_or_unknown(forecast, "link_bytes_per_s"),
		.backlog_bytes = amount_or_unknown(forecast, "backlog_bytes"),
		.caught_up_at = view_read_amount(forecast, "caught_up_at"),
		.never = view_read_flag(forecast, "never"),
		.vault_full_at = view_read_amount(forecast, "vault_full_at"),
		.source_full_at = view_read_amount(forecast, "source_full_at"),
		.reason = view_read_text(arena, forecast, "reason"),
	};
}

static struct view_totals read_totals(const json_t *totals)
{
	return (struct view_totals){
		.known = json_is_object(totals),
		.runs = view_read_amount(totals, "runs"),
		.failed = view_read_amount(totals, "failed"),
		.literal_bytes = view_read_amount(totals, "literal_bytes"),
		.matched_bytes = view_read_amount(totals, "matched_bytes"),
		.wire_sent = view_read_amount(totals, "wire_sent"),
		.wire_received = view_read_amount(totals, "wire_received"),
	};
}

static struct view_rehearsal read_rehearsal(const json_t *rehearse)
{
	return (struct view_rehearsal){
		.known = json_is_integer(json_object_get(rehearse, "at")),
		.at = view_read_amount(rehearse, "at"),
		.restorable = view_read_flag(rehearse, "restorable"),
		.whole_s = view_read_amount(rehearse, "whole_seconds"),
	};
}

/* out: *n, how many. */
static const struct view_alarm *read_alarms(struct arena *arena, const json_t *list, size_t *n)
{
	size_t there = json_array_size(list);
	struct view_alarm *alarms =
	        arena_array(arena, there < VIEW_ALARMS_MAX ? there : VIEW_ALARMS_MAX, sizeof(*alarms));

	*n = 0;
	for (size_t i = 0; alarms != NULL && i < there && i < VIEW_ALARMS_MAX; i++) {
		const json_t *alarm = json_array_get(list, i);

		alarms[(*n)++] =
		        (struct view_alarm){ view_read_text(arena, alarm, "kind"), view_read_amount(alarm, "since"),
			                     view_read_text(arena, alarm, "reason") };
	}
	return alarms;
}

static struct view_pipeline read_pipeline(struct arena *arena, const json_t *p)
{
	const json_t *watch = json_object_get(p, "watch");
	const json_t *overdue = json_object_get(p, "overdue");
	size_t n_alarms = 0;
	const struct view_alarm *alarms = read_alarms(arena, json_object_get(p, "alarms"), &n_alarms);

	return (struct view_pipeline){
		.name = view_read_text(arena, p, "name"),
		.source = view_read_text(arena, p, "source"),
		.vault = view_read_text(arena, p, "vault"),
		.paused = view_read_flag(p, "paused"),
		.copies = !json_is_false(json_object_get(p, "copies")),
		.watch_state = view_read_text(arena, watch, "state"),
		.watch_reason = view_read_text(arena, watch, "reason"),
		.watch_since = view_read_amount(watch, "since"),
		.watch_reported_at = view_read_amount(watch, "reported_at"),
		.last_good = view_read_generation(arena, json_object_get(p, "last_good")),
		.last_run = read_run(arena, json_object_get(p, "last_run")),
		.running = read_running(arena, json_object_get(p, "running")),
		.age_s = amount_or_unknown(p, "age_s"),
		.max_age_s = view_read_amount(p, "max_age_s"),
		.overdue = json_is_object(overdue),
		.overdue_since = view_read_amount(overdue, "since"),
		.overdue_reason = view_read_text(arena, overdue, "reason"),
		.alarms = alarms,
		.n_alarms = n_alarms,
		.waits_for = view_read_text(arena, p, "waits_for"),
		.space = read_space(json_object_get(p, "space")),
		.forecast = read_forecast(arena, json_object_get(p, "forecast")),
		.totals = read_totals(json_object_get(p, "totals")),
		.rehearsal = read_rehearsal(json_object_get(p, "rehearse")),
	};
}

static int read_view(void *made, struct arena *arena, const json_t *result, const void *context, struct error *err)
{
	struct view *view = made;
	const json_t *broker = json_object_get(result, "broker");
	const json_t *workers = json_object_get(broker, "workers");
	const json_t *pipelines = json_object_get(result, "pipelines");
	size_t n_workers = json_array_size(workers);
	size_t n_pipelines = json_array_size(pipelines);
	struct view_worker *worker = arena_array(arena, n_workers, sizeof(*worker));
	struct view_pipeline *pipeline = arena_array(arena, n_pipelines, sizeof(*pipeline));

	(void)context;
	if (!json_is_array(pipelines) || n_pipelines > CONFIG_PIPELINES_MAX || n_workers > VIEW_WORKERS_MAX)
		return error_set(err, ERR_PROTOCOL, "the broker tells of %zu pipelines and %zu workers", n_pipelines,
		                 n_workers);
	if (worker == NULL || pipeline == NULL)
		return 0; /* told by the arena */
	for (size_t i = 0; i < n_workers; i++) {
		const json_t *w = json_array_get(workers, i);

		worker[i] =
		        (struct view_worker){ view_read_text(arena, w, "service"), view_read_text(arena, w, "worker"),
			                      view_read_text(arena, w, "host"), view_read_text(arena, w, "version"),
			                      *view_read_text(arena, w, "busy_job") != '\0' };
	}
	for (size_t i = 0; i < n_pipelines; i++)
		pipeline[i] = read_pipeline(arena, json_array_get(pipelines, i));
	view->version = view_read_text(arena, broker, "version");
	view->started_at = view_read_amount(broker, "started_at");
	view->workers = worker;
	view->n_workers = n_workers;
	view->pipelines = pipeline;
	view->n_pipelines = n_pipelines;
	return 0;
}

int view_parse(const char *reply, size_t len_bytes, struct view **view, struct error *err)
{
	void *memory = NULL;

	*view = view_read_reply(reply, len_bytes, sizeof(**view), read_view, NULL, &memory, err);
	if (*view == NULL)
		return -1;
	(*view)->memory = memory;
	for (size_t i = 0; i < (*view)->n_pipelines; i++)
		if (by_name_put(&(*view)->names, (*view)->pipelines[i].name, &(*view)->pipelines[i]) != 0) {
			view_destroy(view);
			return error_set(err, ERR_SYSTEM, "out of memory");
		}
	return 0;
}

void view_destroy(struct view **view)
{
	if (*view == NULL)
		return;
	by_name_done(&(*view)->names);
	view_read_free((*view)->memory);
	*view = NULL;
}

const struct view_pipeline *view_pipeline(const struct view *view, const char *name)
{
	return view != NULL ? by_name_get(&view->names, name) : NULL;
}

const struct view_alarm *view_alarm_of(const struct view_pipeline *pipeline, const char *kind)
{
	for (size_t i = 0; i < pipeline->n_alarms; i++)
		if (strcmp(pipeline->alarms[i].kind, kind) == 0)
			return &pipeline->alarms[i];
	return NULL;
}
