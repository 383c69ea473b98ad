#include "monitor/view.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/config.h"

#define VIEW_MEMORY_MAX (64u << 20)
#define DAY_S 86400

/* A member's text, copied; "" for what is not there or no text. */
static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *found = json_object_get(object, key);
	const char *copy =
	        json_is_string(found) ? arena_text(arena, json_string_value(found), json_string_length(found)) : NULL;

	return copy != NULL ? copy : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
	const json_t *found = json_object_get(object, key);

	return json_is_real(found) ? (int64_t)json_real_value(found) : json_integer_value(found);
}

/* An amount or a time: what comes from elsewhere is not taken below 0. */
static int64_t amount_of(const json_t *object, const char *key)
{
	int64_t number = number_of(object, key);

	return number > 0 ? number : 0;
}

static bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static struct view_error read_error(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *error = json_object_get(object, key);

	return (struct view_error){ text_of(arena, error, "code"), text_of(arena, error, "message") };
}

static struct view_generation read_generation(struct arena *arena, const json_t *g)
{
	return (struct view_generation){
		.name = text_of(arena, g, "generation"),
		.run = text_of(arena, g, "run"),
		.state = text_of(arena, g, "state"),
		.taken_at = amount_of(g, "taken_at"),
		.published_at = amount_of(g, "published_at"),
		.files = amount_of(g, "files"),
		.bytes = amount_of(g, "bytes"),
		.literal_bytes = amount_of(g, "literal_bytes"),
		.wire_sent = amount_of(g, "wire_sent"),
		.pruned = is_set(g, "pruned"),
	};
}

static struct view_run read_run(struct arena *arena, const json_t *run)
{
	return (struct view_run){
		.run = text_of(arena, run, "run"),
		.state = text_of(arena, run, "state"),
		.started_at = amount_of(run, "started_at"),
		.ended_at = amount_of(run, "ended_at"),
		.error = read_error(arena, run, "error"),
	};
}

static struct view_running read_running(struct arena *arena, const json_t *running)
{
	const json_t *progress = json_object_get(running, "progress");

	return (struct view_running){
		.run = text_of(arena, running, "run"),
		.step = text_of(arena, running, "step"),
		.step_state = text_of(arena, running, "step_state"),
		.worker = text_of(arena, running, "worker"),
		.step_index = amount_of(running, "step_index"),
		.steps = amount_of(running, "steps"),
		.attempt = amount_of(running, "attempt"),
		.started_at = amount_of(running, "started_at"),
		.retry_at = amount_of(running, "retry_at"),
		.cancelling = is_set(running, "cancelling"),
		.last_error = read_error(arena, running, "last_error"),
		.has_progress = json_is_object(progress),
		.progress = { .done_bytes = amount_of(progress, "done"),
		              .total_bytes = amount_of(progress, "total"),
		              .files = amount_of(progress, "files"),
		              .rate_bps = amount_of(progress, "rate"),
		              .eta_s = json_is_integer(json_object_get(progress, "eta_s"))
		                               ? amount_of(progress, "eta_s")
		                               : -1,
		              .note = text_of(arena, progress, "note") },
	};
}

static struct view_space read_space(const json_t *space)
{
	return (struct view_space){
		.known = json_is_object(space),
		.vault_free_bytes = amount_of(space, "vault_free_bytes"),
		.vault_total_bytes = amount_of(space, "vault_total_bytes"),
		.source_free_bytes = amount_of(space, "source_free_bytes"),
		.source_total_bytes = amount_of(space, "source_total_bytes"),
		.measured_at = amount_of(space, "measured_at"),
	};
}

static struct view_forecast read_forecast(struct arena *arena, const json_t *forecast)
{
	return (struct view_forecast){
		.known = json_is_object(forecast),
		.change_bytes_per_day = amount_of(forecast, "change_bytes_per_day"),
		.link_bytes_per_s = amount_of(forecast, "link_bytes_per_s"),
		.backlog_bytes = amount_of(forecast, "backlog_bytes"),
		.caught_up_at = amount_of(forecast, "caught_up_at"),
		.never = is_set(forecast, "never"),
		.vault_full_at = amount_of(forecast, "vault_full_at"),
		.source_full_at = amount_of(forecast, "source_full_at"),
		.reason = text_of(arena, forecast, "reason"),
	};
}

static struct view_totals read_totals(const json_t *totals)
{
	return (struct view_totals){
		.known = json_is_object(totals),
		.runs = amount_of(totals, "runs"),
		.failed = amount_of(totals, "failed"),
		.literal_bytes = amount_of(totals, "literal_bytes"),
		.matched_bytes = amount_of(totals, "matched_bytes"),
		.wire_sent = amount_of(totals, "wire_sent"),
		.wire_received = amount_of(totals, "wire_received"),
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

		alarms[(*n)++] = (struct view_alarm){ text_of(arena, alarm, "kind"), amount_of(alarm, "since"),
			                              text_of(arena, alarm, "reason") };
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
		.name = text_of(arena, p, "name"),
		.source = text_of(arena, p, "source"),
		.vault = text_of(arena, p, "vault"),
		.paused = is_set(p, "paused"),
		.watch_state = text_of(arena, watch, "state"),
		.watch_reason = text_of(arena, watch, "reason"),
		.watch_since = amount_of(watch, "since"),
		.watch_reported_at = amount_of(watch, "reported_at"),
		.last_good = read_generation(arena, json_object_get(p, "last_good")),
		.last_run = read_run(arena, json_object_get(p, "last_run")),
		.running = read_running(arena, json_object_get(p, "running")),
		.age_s = json_is_integer(json_object_get(p, "age_s")) ? amount_of(p, "age_s") : -1,
		.max_age_s = amount_of(p, "max_age_s"),
		.overdue = json_is_object(overdue),
		.overdue_since = amount_of(overdue, "since"),
		.overdue_reason = text_of(arena, overdue, "reason"),
		.alarms = alarms,
		.n_alarms = n_alarms,
		.waits_for = text_of(arena, p, "waits_for"),
		.space = read_space(json_object_get(p, "space")),
		.forecast = read_forecast(arena, json_object_get(p, "forecast")),
		.totals = read_totals(json_object_get(p, "totals")),
	};
}

/* out: the answer's `result`, borrowed from *root, which is the caller's, json_decref. NULL with *err. */
static const json_t *open_reply(const char *reply, size_t len_bytes, json_t **root, struct error *err)
{
	json_error_t fault;
	const json_t *told = NULL;
	const json_t *result = NULL;

	*root = json_loadb(reply, len_bytes, 0, &fault);
	told = json_object_get(*root, "error");
	result = json_object_get(*root, "result");
	if (json_is_object(told)) {
		const char *code = json_string_value(json_object_get(told, "code"));
		const char *message = json_string_value(json_object_get(told, "message"));

		(void)error_set(err, error_class_of(code != NULL ? code : ""), "the broker: %.500s",
		                message != NULL ? message : "");
		return NULL;
	}
	if (!json_is_object(result))
		(void)error_set(err, ERR_PROTOCOL, "the broker's answer can't be read: %.200s",
		                *root == NULL ? fault.text : "no result");
	return json_is_object(result) ? result : NULL;
}

static int read_view(struct view *view, struct arena *arena, const json_t *result, struct error *err)
{
	const json_t *broker = json_object_get(result, "broker");
	const json_t *workers = json_object_get(broker, "workers");
	const json_t *pipelines = json_object_get(result, "pipelines");
	size_t n_workers = json_array_size(workers);
	size_t n_pipelines = json_array_size(pipelines);
	struct view_worker *worker = arena_array(arena, n_workers, sizeof(*worker));
	struct view_pipeline *pipeline = arena_array(arena, n_pipelines, sizeof(*pipeline));

	if (!json_is_array(pipelines) || n_pipelines > CONFIG_PIPELINES_MAX || n_workers > VIEW_WORKERS_MAX)
		return error_set(err, ERR_PROTOCOL, "the broker tells of %zu pipelines and %zu workers", n_pipelines,
		                 n_workers);
	if (worker == NULL || pipeline == NULL)
		return 0; /* told by the arena */
	for (size_t i = 0; i < n_workers; i++) {
		const json_t *w = json_array_get(workers, i);

		worker[i] = (struct view_worker){ text_of(arena, w, "service"), text_of(arena, w, "worker"),
			                          text_of(arena, w, "host"), text_of(arena, w, "version"),
			                          *text_of(arena, w, "busy_job") != '\0' };
	}
	for (size_t i = 0; i < n_pipelines; i++)
		pipeline[i] = read_pipeline(arena, json_array_get(pipelines, i));
	view->version = text_of(arena, broker, "version");
	view->started_at = amount_of(broker, "started_at");
	view->workers = worker;
	view->n_workers = n_workers;
	view->pipelines = pipeline;
	view->n_pipelines = n_pipelines;
	return 0;
}

int view_parse(const char *reply, size_t len_bytes, struct view **view, struct error *err)
{
	struct arena *arena = arena_new(VIEW_MEMORY_MAX);
	struct view *made = arena != NULL ? arena_array(arena, 1, sizeof(*made)) : NULL;
	json_t *root = NULL;
	const json_t *result = open_reply(reply, len_bytes, &root, err);
	int rc = -1;

	*view = NULL;
	if (made == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (result != NULL)
		rc = read_view(made, arena, result, err);
	if (rc == 0 && arena_failed(arena))
		rc = error_set(err, ERR_SYSTEM, "out of memory for the broker's status");
	json_decref(root);
	if (rc != 0) {
		arena_destroy(&arena);
		return -1;
	}
	made->memory = arena;
	*view = made;
	return 0;
}

void view_destroy(struct view **view)
{
	struct arena *arena = *view != NULL ? (*view)->memory : NULL;

	arena_destroy(&arena);
	*view = NULL;
}

const struct view_pipeline *view_pipeline(const struct view *view, const char *name)
{
	for (size_t i = 0; view != NULL && i < view->n_pipelines; i++)
		if (strcmp(view->pipelines[i].name, name) == 0)
			return &view->pipelines[i];
	return NULL;
}

struct row {
	const char *name;
	const json_t *json;
};

static int newest_first(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	return strcmp(right->name, left->name);
}

/* Newest first: so a day's size is that of the first one seen of it. */
static void count(struct view_history *history, const json_t *g)
{
	int64_t day = amount_of(g, "published_at") / DAY_S - history->first_day;

	history->n_held += !is_set(g, "pruned");
	if (day >= 0 && day < VIEW_DAYS) {
		history->days[day].generations++;
		history->days[day].carried_bytes += amount_of(g, "literal_bytes");
		if (history->days[day].size_bytes == 0)
			history->days[day].size_bytes = amount_of(g, "bytes");
	} else if (day < 0 && history->days[0].size_bytes == 0) {
		history->days[0].size_bytes = amount_of(g, "bytes"); /* what the year began with */
	}
}

/* All are counted, the newest are kept. */
static int read_history(struct view_history *history, struct arena *arena, const json_t *list)
{
	size_t n = json_array_size(list);
	size_t kept = n < VIEW_GENERATIONS_MAX ? n : VIEW_GENERATIONS_MAX;
	struct view_generation *generations = arena_array(arena, kept, sizeof(*generations));
	struct row *rows = calloc(n + 1, sizeof(*rows));

	for (size_t i = 0; rows != NULL && i < n; i++) {
		const char *name = json_string_value(json_object_get(json_array_get(list, i), "generation"));

		rows[i] = (struct row){ name != NULL ? name : "", json_array_get(list, i) };
	}
	if (rows == NULL || generations == NULL) {
		free(rows);
		return -1;
	}
	qsort(rows, n, sizeof(*rows), newest_first);
	for (size_t i = 0; i < n; i++)
		count(history, rows[i].json);
	for (size_t i = 0; i < kept; i++)
		generations[i] = read_generation(arena, rows[i].json);
	for (size_t day = 1; day < VIEW_DAYS; day++)
		if (history->days[day].size_bytes == 0)
			history->days[day].size_bytes = history->days[day - 1].size_bytes;
	history->generations = generations;
	history->n_generations = kept;
	free(rows);
	return 0;
}

int view_history_parse(const char *reply, size_t len_bytes, int64_t now, struct view_history **history,
                       struct error *err)
{
	struct arena *arena = arena_new(VIEW_MEMORY_MAX);
	struct view_history *made = arena != NULL ? arena_array(arena, 1, sizeof(*made)) : NULL;
	json_t *root = NULL;
	const json_t *result = open_reply(reply, len_bytes, &root, err);
	int rc = -1;

	*history = NULL;
	if (made == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	} else if (result != NULL) {
		made->first_day = now / DAY_S - VIEW_DAYS + 1;
		rc = read_history(made, arena, json_object_get(result, "generations"));
		if (rc != 0 || arena_failed(arena))
			rc = error_set(err, ERR_SYSTEM, "out of memory for the generations");
	}
	json_decref(root);
	if (rc != 0) {
		arena_destroy(&arena);
		return -1;
	}
	made->memory = arena;
	*history = made;
	return 0;
}

int view_detail_parse(const char *reply, size_t len_bytes, struct view_detail *detail, struct error *err)
{
	json_t *root = NULL;
	const json_t *result = open_reply(reply, len_bytes, &root, err);
	const json_t *steps = json_object_get(result, "steps");
	int rc = result != NULL || err->class == ERR_NOT_FOUND ? 0 : -1;

	*detail = (struct view_detail){ .known = false };
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		const char *service = json_string_value(json_object_get(step, "service"));
		const json_t *told = json_object_get(step, "result");

		if (service != NULL && strcmp(service, "transfer") == 0 && json_is_object(told))
			*detail = (struct view_detail){ true, amount_of(told, "changed_files"),
				                        amount_of(told, "matched_bytes"),
				                        amount_of(told, "wire_received"), amount_of(told, "seconds") };
	}
	json_decref(root);
	return rc;
}

void view_history_destroy(struct view_history **history)
{
	struct arena *arena = *history != NULL ? (*history)->memory : NULL;

	arena_destroy(&arena);
	*history = NULL;
}

const struct view_generation *view_history_find(const struct view_history *history, const char *name)
{
	for (size_t i = 0; history != NULL && i < history->n_generations; i++)
		if (strcmp(history->generations[i].name, name) == 0)
			return &history->generations[i];
	return NULL;
}

const struct view_alarm *view_alarm_of(const struct view_pipeline *pipeline, const char *kind)
{
	for (size_t i = 0; i < pipeline->n_alarms; i++)
		if (strcmp(pipeline->alarms[i].kind, kind) == 0)
			return &pipeline->alarms[i];
	return NULL;
}
