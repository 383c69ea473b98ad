#include "broker/status_json.h"

#include <stdio.h>
#include <string.h>

#include "broker/brake_alarm.h"
#include "broker/care.h"
#include "broker/figures.h"
#include "broker/history_macs.h"
#include "broker/holds.h"
#include "broker/outcome.h"
#include "broker/runs.h"
#include "broker/safety_json.h"
#include "broker/seeding.h"
#include "broker/watch_state.h"
#include "lib/log.h"
#include "lib/version.h"

static const char *const trigger_words[] = {
	[TRIGGER_IDLE] = "idle", [TRIGGER_MAX_WAIT] = "max-wait", [TRIGGER_MANUAL] = "manual"
};

json_t *status_json_error(const struct error *error)
{
	char text[ERROR_TEXT_SIZE];
	char safe[ERROR_TEXT_SIZE * 2];
	size_t used = 0;
	char *rest = text;
	char *line = NULL;

	if (error->class == ERR_NONE)
		return json_null();
	(void)snprintf(text, sizeof(text), "%s", error->text);
	safe[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL && used + 2 < sizeof(safe)) {
		if (used > 0)
			safe[used++] = '\n';
		(void)log_escape(line, safe + used, sizeof(safe) - used);
		used += strlen(safe + used);
	}
	return json_pack("{s:s, s:s}", "code", error_code(error->class), "message", safe);
}

/* Takes part; NULL parts are memory that ran out. */
static json_t *checked(json_t *part, struct error *err)
{
	if (part == NULL && err->class == ERR_NONE)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	return part;
}

static json_t *text_json(const char *text)
{
	return *text != '\0' ? json_string(text) : json_null();
}

static json_t *time_json(int64_t seconds)
{
	return seconds != 0 ? json_integer(seconds) : json_null();
}

static json_t *workers_json(struct broker *broker)
{
	json_t *list = json_array();

	for (size_t i = 0;; i++) {
		const struct worker *worker = service_at(mdp_broker_services(broker->mdp), i);

		if (worker == NULL)
			return list;
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "service", worker->service,
		                                            "worker", worker->name, "host", worker->host, "version",
		                                            worker->version, "busy_job", text_json(worker->tag)));
	}
}

static json_t *progress_json(const struct run *run)
{
	const struct stage_progress *p = &run->progress;

	if (!run->has_progress)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:s}", "done", (json_int_t)p->done_bytes, "total",
	                 (json_int_t)p->total_bytes, "files", (json_int_t)p->files, "rate", (json_int_t)p->rate_bps,
	                 "eta_s", p->eta_s < 0 ? json_null() : json_integer(p->eta_s), "note", p->note);
}

json_t *status_json_running(const struct broker *broker, const struct run *run)
{
	size_t index = 0;
	const struct run_step *step = NULL;
	bool over_it = false;

	if (run == NULL)
		return json_null();
	index = runs_step(run);
	step = &run->record.steps[index];
	over_it = step->state == STEP_WORKING && broker->now_ms - run->attempt_ms >= OUTCOME_STEADY_MS;
	return json_pack("{s:s, s:s?, s:s, s:b, s:b, s:I, s:s, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o}", "run",
	                 run->record.run, "seed", run->config->seed, "trigger", trigger_words[run->record.trigger],
	                 "dry_run", (int)run->record.dry_run, "cancelling", (int)run->record.cancelling, "started_at",
	                 (json_int_t)run->record.started_at, "step", step->service, "step_index", (json_int_t)index,
	                 "steps", (json_int_t)run->record.n_steps, "attempt", (json_int_t)step->attempt, "step_state",
	                 pipeline_step_word(step->state), "retry_at",
	                 step->state == STEP_RETRY_WAIT ? json_integer(run->retry_at) : json_null(), "last_error",
	                 over_it ? json_null() : status_json_error(&run->last_error), "progress", progress_json(run),
	                 "worker", step->state == STEP_WORKING ? text_json(run->worker) : json_null());
}

/* "waiting": in flight, but nobody works on it now. */
static const char *run_state_word(struct broker *broker, const struct history_run *found)
{
	const struct run *run = runs_named(broker, found->pipeline, found->run);

	if (found->state == RUN_RUNNING && run != NULL && run->record.steps[runs_step(run)].state != STEP_WORKING)
		return "waiting";
	return pipeline_run_word(found->state);
}

static json_t *run_json(struct broker *broker, const struct history_run *run)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:I, s:o, s:o}", "run", run->run, "pipeline", run->pipeline,
	                 "kind", run->whole ? "whole" : "stage", "state", run_state_word(broker, run), "dry_run",
	                 (int)run->dry_run, "trigger", run->trigger, "started_at", (json_int_t)run->started_at,
	                 "ended_at", time_json(run->ended_at), "error", status_json_error(&run->error));
}

static json_t *last_run_json(struct broker *broker, const char *pipeline, struct error *err)
{
	struct history_run run;
	int found = history_last_run(broker->store, pipeline, &run, err);

	if (found < 0)
		return NULL;
	return found == 1 ? run_json(broker, &run) : json_null();
}

static void add_mac(void *list, const struct history_macs_row *mac)
{
	(void)json_array_append_new(list,
	                            json_pack("{s:s, s:s, s:s, s:o, s:b}", "bundle", mac->bundle, "name", mac->name,
	                                      "state", mac->state, "completed_at", time_json(mac->completed_at),
	                                      "verification_failed", (int)mac->verification_failed));
}

static json_t *generation_json(struct broker *broker, const struct history_generation *g)
{
	json_t *macs = json_array();
	struct error err = { .class = ERR_NONE };
	char root[65];

	/* A list without them still is a list. */
	if (history_macs_each(broker->store, g->pipeline, g->generation, add_mac, macs, &err) != 0)
		log_error(LOG_WARNING, &err, "the Macs of generation %s", g->generation);
	error_clear(&err);
	if (history_root(broker->store, g->pipeline, g->generation, root, &err) != 0)
		log_error(LOG_WARNING, &err, "the root hash of generation %s", g->generation);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:s, s:b, s:b, s:s*, s:o}",
	                 "pipeline", g->pipeline, "generation", g->generation, "run", g->run, "state", g->state,
	                 "taken_at", (json_int_t)g->taken_at, "published_at", (json_int_t)g->published_at, "files",
	                 (json_int_t)g->files, "bytes", (json_int_t)g->bytes, "literal_bytes",
	                 (json_int_t)g->literal_bytes, "wire_sent", (json_int_t)g->wire_sent, "vault", g->vault,
	                 "ctransid", (json_int_t)g->ctransid, "snapshot_uuid", g->snapshot_uuid, "pruned",
	                 (int)g->pruned, "held",
	                 (int)(!g->pruned && brake_alarm_holds(broker, g->pipeline, g->generation)), "root",
	                 root[0] != '\0' ? root : NULL, "macs", macs);
}

static json_t *last_good_json(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	struct history_generation generation;
	int found = history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &generation, err);

	if (found < 0)
		return NULL;
	return found == 1 ? generation_json(broker, &generation) : json_null();
}

static json_t *pipeline_json(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	int paused = history_paused(broker->store, pipeline->name, err);
	json_t *last_good = last_good_json(broker, pipeline, err);
	json_t *last_run = last_run_json(broker, pipeline->name, err);
	json_t *seed = seeding_json(broker, pipeline->name, err);
	json_t *json = NULL;

	if (paused < 0 || last_good == NULL || last_run == NULL || seed == NULL) {
		json_decref(seed);
		json_decref(last_good);
		json_decref(last_run);
		return checked(NULL, err);
	}
	json = json_pack("{s:s, s:s, s:s?, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "name", pipeline->name, "source",
	                 pipeline->source, "host", pipeline->host, "vault", pipeline->vault->name, "paused", paused,
	                 "watch", watch_state_json(broker, pipeline), "last_good", last_good, "last_run", last_run,
	                 "running", status_json_running(broker, runs_of(broker, pipeline->name)), "seed", seed);
	if (json != NULL &&
	    (safety_json_add(broker, pipeline, json, err) != 0 || care_json(broker, pipeline, json, err) != 0)) {
		json_decref(json);
		json = NULL;
	}
	return checked(json, err);
}

json_t *status_json(struct broker *broker, struct error *err)
{
	json_t *pipelines = json_array();
	bool all_paused = broker->config->n_pipelines > 0;

	error_clear(err);
	for (size_t i = 0; i < broker->config->n_pipelines; i++) {
		json_t *pipeline = pipeline_json(broker, &broker->config->pipelines[i], err);

		if (pipeline == NULL) {
			json_decref(pipelines);
			return NULL;
		}
		all_paused = all_paused && json_is_true(json_object_get(pipeline, "paused"));
		(void)json_array_append_new(pipelines, pipeline);
	}
	return checked(json_pack("{s:{s:s, s:I, s:s, s:b, s:o}, s:o}", "broker", "version", AOB_VERSION, "started_at",
	                         (json_int_t)broker->started_at, "config", broker->path, "paused_all", (int)all_paused,
	                         "workers", workers_json(broker), "pipelines", pipelines),
	               err);
}

static void add_step(void *cookie, const struct run_step *step, const char *result_json, const struct error *error)
{
	/* NULL also of one that has rotted in the store. */
	json_t *result = result_json != NULL ? json_loads(result_json, 0, NULL) : NULL;

	(void)json_array_append_new(
	        cookie, json_pack("{s:s, s:s, s:I, s:o, s:o}", "service", step->service, "state",
	                          pipeline_step_word(step->state), "attempts", (json_int_t)step->attempt, "result",
	                          result != NULL ? result : json_null(), "error", status_json_error(error)));
}

json_t *status_json_run(struct broker *broker, const char *run_id, struct error *err)
{
	struct history_run run;
	const struct run *in_flight = NULL;
	json_t *steps = NULL;
	json_t *out = NULL;
	int found;

	error_clear(err);
	found = history_run(broker->store, run_id, &run, err);
	if (found == 0)
		(void)error_set(err, ERR_NOT_FOUND, "no run %.*s", RUN_ID_SIZE, run_id);
	if (found != 1)
		return NULL;
	steps = json_array();
	if (history_steps(broker->store, run_id, add_step, steps, err) != 0) {
		json_decref(steps);
		return NULL;
	}
	in_flight = runs_named(broker, run.pipeline, run_id);
	out = run_json(broker, &run);
	if (json_object_set_new(out, "steps", steps) != 0 ||
	    json_object_set_new(out, "running", status_json_running(broker, in_flight)) != 0) {
		json_decref(out);
		out = NULL;
	}
	return checked(out, err);
}

struct listing {
	struct broker *broker;
	json_t *list;
};

static void add_generation(void *cookie, const struct history_generation *generation)
{
	const struct listing *listing = cookie;

	(void)json_array_append_new(listing->list, generation_json(listing->broker, generation));
}

static void add_space(void *cookie, const struct figures_space *space)
{
	(void)json_array_append_new(cookie, json_pack("{s:I, s:I, s:I}", "measured_at", (json_int_t)space->measured_at,
	                                              "free_bytes", (json_int_t)space->free_bytes, "total_bytes",
	                                              (json_int_t)space->total_bytes));
}

static void add_day(void *cookie, const struct history_day *day)
{
	(void)json_array_append_new(cookie, json_pack("{s:I, s:I, s:I, s:I, s:I}", "day", (json_int_t)day->day,
	                                              "generations", (json_int_t)day->generations, "literal_bytes",
	                                              (json_int_t)day->literal_bytes, "wire_sent",
	                                              (json_int_t)day->wire_sent, "bytes", (json_int_t)day->bytes));
}

/* What is told of one pipeline alone. */
static int add_past(struct broker *broker, const char *pipeline, json_t *object, struct error *err)
{
	json_t *days = json_array();
	json_t *space = json_array();
	int rc = history_days(broker->store, pipeline, add_day, days, err);

	if (rc == 0)
		rc = figures_space_days(broker->store, pipeline, "vault", add_space, space, err);
	if (rc == 0 &&
	    (json_object_set(object, "days", days) != 0 || json_object_set(object, "vault_space", space) != 0))
		rc = error_set(err, ERR_SYSTEM, "out of memory");
	json_decref(days);
	json_decref(space);
	return rc;
}

json_t *status_json_generations(struct broker *broker, const char *pipeline, struct error *err)
{
	struct listing listing = { broker, json_array() };
	json_t *object = json_pack("{s:O}", "generations", listing.list);
	int64_t left_out = 0;

	error_clear(err);
	if (history_generations(broker->store, pipeline, add_generation, &listing, &left_out, err) != 0 ||
	    json_object_set_new(object, "left_out", json_integer(left_out)) != 0 ||
	    (pipeline != NULL && add_past(broker, pipeline, object, err) != 0)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(listing.list);
	return checked(object, err);
}

static json_t *watched_json(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	const struct config_watch *watch = &pipeline->watch;
	const struct run *run = runs_of(broker, pipeline->name);
	const struct history_generation *clean = NULL;
	struct history_generation last = { .ctransid = 0 };
	int paused = history_paused(broker->store, pipeline->name, err);
	json_t *past = NULL;

	if (paused < 0 || watch_state_last(broker, pipeline, &last, err) < 0 ||
	    watch_state_past(broker, pipeline->name, &past, &clean, err) != 0)
		return NULL;
	return checked(
	        json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:s, s:s, s:I, s:I, s:I, "
	                  "s:I, "
	                  "s:s, s:O, s:b}",
	                  "pipeline", pipeline->name, "source", pipeline->source, "kind",
	                  config_kind_name(pipeline->kind), "snapshots", (int)pipeline->frozen, "idle_ms",
	                  (json_int_t)watch->idle_ms, "max_wait_ms", (json_int_t)watch->max_wait_ms, "finished_ms",
	                  (json_int_t)watch->finished_ms, "attached_ms", (json_int_t)watch->attached_ms,
	                  "unfinished_ms", (json_int_t)watch->unfinished_ms, "apart_ms", (json_int_t)watch->apart_ms,
	                  "running", (int)(run != NULL && !holds_replaceable(run)), "paused", paused, "last_ctransid",
	                  (json_int_t)last.ctransid, "last_source_uuid", last.source_uuid, "last_snapshot_uuid",
	                  last.snapshot_uuid, "waiting_since",
	                  (json_int_t)watch_state_waiting_since(broker, pipeline->name), "last_published_at",
	                  (json_int_t)last.published_at, "last_taken_at", (json_int_t)last.taken_at, "clean_ctransid",
	                  (json_int_t)clean->ctransid, "clean_source_uuid", clean->source_uuid, "macs", past, "room",
	                  (int)(pipeline->frozen && watch_state_is_far(broker, pipeline))),
	        err);
}

json_t *status_json_watched(struct broker *broker, const char *host, struct error *err)
{
	json_t *list = json_array();

	error_clear(err);
	for (size_t i = 0; i < broker->config->n_pipelines; i++) {
		json_t *one = NULL;

		if (!watch_state_watches(&broker->config->pipelines[i], host))
			continue;
		one = watched_json(broker, &broker->config->pipelines[i], err);
		if (one == NULL) {
			json_decref(list);
			return NULL;
		}
		(void)json_array_append_new(list, one);
	}
	return checked(json_pack("{s:o}", "pipelines", list), err);
}
