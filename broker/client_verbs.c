#include "broker/client_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/brake_alarm.h"
#include "broker/cancel.h"
#include "broker/care.h"
#include "broker/care_kind.h"
#include "broker/dying.h"
#include "broker/history.h"
#include "broker/history_seed.h"
#include "broker/reload.h"
#include "broker/runs.h"
#include "broker/seeding.h"
#include "broker/status_json.h"
#include "broker/watch_state.h"
#include "lib/crash_point.h"
#include "lib/hex.h"
#include "lib/json_want.h"
#include "lib/log.h"
#include "lib/seed_folder.h"

/* A verb takes its decoded request and gives its result, or NULL with *err. */
typedef json_t *verb_function(struct broker *broker, json_t *request, struct error *err);

static bool key_known(const char *const *keys, const char *key)
{
	for (; *keys != NULL; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

/* Only these keys (NULL-terminated), so that a misspelt one is not silently ignored. */
static int check_keys(json_t *object, const char *where, const char *const *keys, struct error *err)
{
	const char *key = NULL;
	json_t *value = NULL;

	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "%s: want an object", where);
	json_object_foreach(object, key, value)
	{
		if (!key_known(keys, key))
			return error_set(err, ERR_INPUT, "%s: unknown key \"%.64s\"", where, key);
	}
	return 0;
}

static const char *want_text(json_t *object, const char *key, struct error *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL)
		(void)error_set(err, ERR_INPUT, "%s: want a string", key);
	return text;
}

static int want_bool(json_t *object, const char *key, bool *value, struct error *err)
{
	json_t *found = json_object_get(object, key);

	if (found == NULL)
		return 0;
	if (!json_is_boolean(found))
		return error_set(err, ERR_INPUT, "%s: want true or false", key);
	*value = json_is_true(found);
	return 0;
}

static const struct config_pipeline *want_pipeline(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = NULL;
	const char *name = want_text(request, "pipeline", err);

	if (name == NULL)
		return NULL;
	pipeline = config_pipeline(broker->config, name);
	if (pipeline == NULL)
		(void)error_set(err, ERR_NOT_FOUND, "no pipeline %.64s in %s", name, broker->path);
	return pipeline;
}

static json_t *verb_status(struct broker *broker, json_t *request, struct error *err)
{
	(void)request;
	return status_json(broker, err);
}

static json_t *verb_run(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);
	const char *trigger = NULL;
	char run_id[RUN_ID_SIZE];
	bool is_new = false;
	bool dry_run = false;
	int paused;

	if (pipeline == NULL || want_bool(request, "dry_run", &dry_run, err) != 0)
		return NULL;
	if (json_object_get(request, "trigger") != NULL) {
		trigger = want_text(request, "trigger", err);
		if (trigger == NULL)
			return NULL;
		if (strcmp(trigger, "manual") != 0) {
			(void)error_set(err, ERR_INPUT, "trigger: a client's run is \"manual\"");
			return NULL;
		}
	}
	paused = history_paused(broker->store, pipeline->name, err);
	if (paused == 1)
		(void)error_set(err, ERR_REFUSED, "%s is paused; aob resume %s first", pipeline->name, pipeline->name);
	if (paused != 0 || runs_start(broker, pipeline, TRIGGER_MANUAL, dry_run, NULL, run_id, &is_new, err) != 0)
		return NULL;
	return json_pack("{s:s, s:b}", "run", run_id, "new", (int)is_new);
}

static json_t *verb_run_stage(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);
	const char *service = NULL;
	char run_id[RUN_ID_SIZE];
	bool is_new = false;
	bool dry_run = false;

	if (pipeline == NULL || want_bool(request, "dry_run", &dry_run, err) != 0)
		return NULL;
	service = want_text(request, "service", err);
	if (service == NULL ||
	    runs_start(broker, pipeline, TRIGGER_MANUAL, dry_run, service, run_id, &is_new, err) != 0)
		return NULL;
	return json_pack("{s:s}", "run", run_id);
}

static json_t *verb_seed(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);
	const char *root = NULL;
	char run_id[RUN_ID_SIZE];
	bool is_new = false;

	if (pipeline == NULL)
		return NULL;
	root = want_text(request, "root", err);
	if (root == NULL)
		return NULL;
	if (*root != '/' || strlen(root) >= HISTORY_SEED_ROOT_SIZE || !seeding_root_valid(root)) {
		(void)error_set(err, ERR_INPUT,
		                "root: want the absolute path of a folder " SEED_FOLDER
		                ", of less than %d bytes, as `aob seed` makes it on the disk",
		                HISTORY_SEED_ROOT_SIZE);
		return NULL;
	}
	if (runs_seed(broker, pipeline, root, run_id, &is_new, err) != 0)
		return NULL;
	return json_pack("{s:s, s:b}", "run", run_id, "new", (int)is_new);
}

/* Not want_pipeline: a seed of one that a reload took away is nothing to wait for either. */
static json_t *verb_forget_seed(struct broker *broker, json_t *request, struct error *err)
{
	const char *name = want_text(request, "pipeline", err);

	if (name == NULL || seeding_forget(broker, name, err) != 0)
		return NULL;
	return json_object();
}

static json_t *verb_run_info(struct broker *broker, json_t *request, struct error *err)
{
	const char *run = want_text(request, "run", err);

	return run != NULL ? status_json_run(broker, run, err) : NULL;
}

static json_t *verb_generations(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = NULL;

	if (json_object_get(request, "pipeline") == NULL)
		return status_json_generations(broker, NULL, err);
	pipeline = want_pipeline(broker, request, err);
	return pipeline != NULL ? status_json_generations(broker, pipeline->name, err) : NULL;
}

static json_t *pause_or_resume(struct broker *broker, json_t *request, bool pause, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);
	json_t *data = NULL;
	int paused;

	if (pipeline == NULL)
		return NULL;
	paused = history_paused(broker->store, pipeline->name, err);
	if (paused < 0)
		return NULL;
	if ((paused == 1) == pause)
		return json_object();
	if (broker_begin(broker, err) != 0)
		return NULL;
	data = json_object();
	if (history_pause(broker->store, pipeline->name, pause, broker_wall(), err) != 0) {
		json_decref(data);
		broker_undo(broker, err);
		return NULL;
	}
	if (broker_event(broker, pipeline->name, pause ? "pipeline.paused" : "pipeline.resumed", &data, err) != 0) {
		broker_undo(broker, err);
		return NULL;
	}
	if (broker_commit(broker, err) != 0)
		return NULL;
	crash_point("pipeline-paused");
	log_line(LOG_NOTICE, "pipeline=%s %s", pipeline->name, pause ? "paused" : "resumed");
	return json_object();
}

static json_t *verb_pause(struct broker *broker, json_t *request, struct error *err)
{
	return pause_or_resume(broker, request, true, err);
}

static json_t *verb_resume(struct broker *broker, json_t *request, struct error *err)
{
	return pause_or_resume(broker, request, false, err);
}

/* After the vault has: the next run would find out as well. */
static json_t *verb_released(struct broker *broker, json_t *request, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);
	const char *generation = NULL;

	if (pipeline == NULL)
		return NULL;
	if (json_object_get(request, "generation") != NULL) {
		generation = want_text(request, "generation", err);
		if (generation == NULL)
			return NULL;
	}
	if (brake_alarm_released(broker, pipeline->name, generation, err) != 0)
		return NULL;
	return json_object();
}

/* By a command, with what it found. */
static json_t *told(struct broker *broker, json_t *request, const char *service, struct error *err)
{
	const struct config_pipeline *pipeline = want_pipeline(broker, request, err);

	if (pipeline == NULL || care_told(broker, pipeline, service, json_object_get(request, "result"), err) != 0)
		return NULL;
	return json_object();
}

static json_t *verb_verified(struct broker *broker, json_t *request, struct error *err)
{
	return told(broker, request, CARE_VERIFY, err);
}

static json_t *verb_rehearsed(struct broker *broker, json_t *request, struct error *err)
{
	return told(broker, request, CARE_REHEARSE, err);
}

/* By the service manager. */
static json_t *verb_process(struct broker *broker, json_t *request, struct error *err)
{
	const char *name = want_text(request, "process", err);
	const char *what = name != NULL ? want_text(request, "what", err) : NULL;
	const char *reason = what != NULL ? want_text(request, "reason", err) : NULL;

	return reason != NULL && dying_told(broker, name, what, reason, err) == 0 ? json_object() : NULL;
}

/* Not want_pipeline: a run in flight can be cancelled also when a reload took its pipeline away. */
static json_t *verb_cancel(struct broker *broker, json_t *request, struct error *err)
{
	const char *name = want_text(request, "pipeline", err);
	struct run *run = NULL;
	char run_id[RUN_ID_SIZE];

	if (name == NULL)
		return NULL;
	run = runs_of(broker, name);
	/* Asked for once more while the run ends, or waits for its last steps: what else there is. */
	if (run == NULL || (run->record.cancelling && runs_care_of(broker, name) != NULL))
		run = runs_care_of(broker, name);
	if (run == NULL) {
		(void)error_set(err, ERR_NOT_FOUND, "no run of %.64s is in flight", name);
		return NULL;
	}
	memcpy(run_id, run->record.run, sizeof(run_id));
	if (cancel_run(broker, run, err) != 0)
		return NULL;
	log_line(LOG_NOTICE, "pipeline=%.64s run=%s cancelled by request", name, run_id);
	return json_pack("{s:s}", "run", run_id);
}

static json_t *verb_reload(struct broker *broker, json_t *request, struct error *err)
{
	(void)request;
	return reload_config(broker, err) == 0 ? json_object() : NULL;
}

static int want_count(json_t *object, const char *key, int64_t *value, struct error *err)
{
	json_t *found = json_object_get(object, key);

	if (!json_is_integer(found) || json_integer_value(found) < 0)
		return error_set(err, ERR_INPUT, "sources[].%s: want a number from 0 up", key);
	*value = json_integer_value(found);
	return 0;
}

static int decode_room(json_t *room, struct watch_report *report, struct error *err)
{
	const char *filesystem = json_string_value(json_object_get(room, "filesystem"));
	int64_t free_bytes;
	int64_t total_bytes;

	if (room == NULL || json_is_null(room))
		return 0;
	if (want_count(room, "free_bytes", &free_bytes, err) != 0 ||
	    want_count(room, "total_bytes", &total_bytes, err) != 0)
		return -1;
	report->room.free_bytes = (uint64_t)free_bytes;
	report->room.total_bytes = (uint64_t)total_bytes;
	report->room_seen =
	        filesystem != NULL && hex_bytes(filesystem, report->room.filesystem, sizeof(report->room.filesystem)) ==
	                                      sizeof(report->room.filesystem);
	if (!report->room_seen)
		return error_set(err, ERR_INPUT, "sources[].room.filesystem: want 32 hexadecimal digits");
	return 0;
}

static int decode_report(json_t *source, struct watch_report *report, struct error *err)
{
	static const char *const states[] = { "active", "idle", "unchanged", "unknown", NULL };
	const char *pipeline = NULL;
	const char *state = NULL;
	const char *reason = NULL;
	const char *kind = NULL;
	const char *uuid = NULL;
	json_t *trigger = NULL;

	*report = (struct watch_report){ .wants_run = false };
	if (!json_is_object(source))
		return error_set(err, ERR_INPUT, "sources[]: want an object");
	pipeline = want_text(source, "pipeline", err);
	state = pipeline != NULL ? want_text(source, "state", err) : NULL;
	reason = state != NULL ? want_text(source, "reason", err) : NULL;
	if (reason == NULL || want_count(source, "since", &report->watch.since, err) != 0 ||
	    want_count(source, "ctransid", &report->watch.ctransid, err) != 0)
		return -1;
	if (strlen(pipeline) > CONFIG_NAME_MAX || !key_known(states, state))
		return error_set(err, ERR_INPUT, "sources[]: unknown state \"%.32s\", or too long a name", state);
	(void)snprintf(report->pipeline, sizeof(report->pipeline), "%s", pipeline);
	(void)snprintf(report->watch.state, sizeof(report->watch.state), "%s", state);
	(void)log_escape(reason, report->watch.reason, sizeof(report->watch.reason));
	/* From here on what a plain watcher may leave out. */
	kind = json_string_value(json_object_get(source, "kind"));
	uuid = json_string_value(json_object_get(source, "source_uuid"));
	report->time_machine = kind != NULL && strcmp(kind, config_kind_name(CONFIG_KIND_TIME_MACHINE)) == 0;
	(void)log_escape(uuid != NULL ? uuid : "", report->source_uuid, sizeof(report->source_uuid));
	if (json_object_get(source, "forced_at") != NULL &&
	    want_count(source, "forced_at", &report->forced_at, err) != 0)
		return -1;
	if (decode_room(json_object_get(source, "room"), report, err) != 0 ||
	    watch_macs_parse(json_object_get(source, "macs"), &report->macs, err) != 0)
		return -1;
	trigger = json_object_get(source, "trigger");
	if (trigger == NULL || json_is_null(trigger))
		return 0;
	report->wants_run = true;
	if (json_is_string(trigger) && strcmp(json_string_value(trigger), "idle") == 0)
		report->trigger = TRIGGER_IDLE;
	else if (json_is_string(trigger) && strcmp(json_string_value(trigger), "max-wait") == 0)
		report->trigger = TRIGGER_MAX_WAIT;
	else
		return error_set(err, ERR_INPUT, "sources[].trigger: want \"idle\", \"max-wait\" or null");
	return 0;
}

/* First all are checked, then all are taken. */
static json_t *verb_watch_report(struct broker *broker, json_t *request, struct error *err)
{
	json_t *sources = json_object_get(request, "sources");
	const char *host = json_string_value(json_object_get(request, "host"));
	size_t n = json_array_size(sources);
	struct watch_report *reports = NULL;
	json_t *result = NULL;

	if (!json_is_array(sources) || n > CLIENT_VERBS_SOURCES_MAX) {
		(void)error_set(err, ERR_INPUT, "sources: want a list of at most %d", CLIENT_VERBS_SOURCES_MAX);
		return NULL;
	}
	reports = calloc(n + 1, sizeof(*reports));
	if (reports == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (decode_report(json_array_get(sources, i), &reports[i], err) != 0)
			goto out;
	for (size_t i = 0; i < n; i++)
		watch_state_report(broker, host != NULL ? host : "", &reports[i]);
	result = status_json_watched(broker, host != NULL ? host : "", err);
out:
	for (size_t i = 0; i < n; i++)
		watch_macs_done(&reports[i].macs);
	free(reports);
	return result;
}

static const struct {
	const char *verb;
	verb_function *function;
	const char *const keys[6];
} verbs[] = {
	{ "status", verb_status, { "v", "verb", NULL } },
	{ "run", verb_run, { "v", "verb", "pipeline", "trigger", "dry_run", NULL } },
	{ "run-stage", verb_run_stage, { "v", "verb", "pipeline", "service", "dry_run", NULL } },
	{ "seed", verb_seed, { "v", "verb", "pipeline", "root", NULL } },
	{ "forget-seed", verb_forget_seed, { "v", "verb", "pipeline", NULL } },
	{ "run-info", verb_run_info, { "v", "verb", "run", NULL } },
	{ "generations", verb_generations, { "v", "verb", "pipeline", NULL } },
	{ "pause", verb_pause, { "v", "verb", "pipeline", NULL } },
	{ "resume", verb_resume, { "v", "verb", "pipeline", NULL } },
	{ "released", verb_released, { "v", "verb", "pipeline", "generation", NULL } },
	{ "rehearsed", verb_rehearsed, { "v", "verb", "pipeline", "result", NULL } },
	{ "verified", verb_verified, { "v", "verb", "pipeline", "result", NULL } },
	{ "process", verb_process, { "v", "verb", "process", "what", "reason", NULL } },
	{ "cancel", verb_cancel, { "v", "verb", "pipeline", NULL } },
	{ "reload", verb_reload, { "v", "verb", NULL } },
	{ "watch-report", verb_watch_report, { "v", "verb", "host", "sources", NULL } },
};

static json_t *perform(struct broker *broker, json_t *request, struct error *err)
{
	const char *verb = NULL;

	if (!json_is_integer(json_object_get(request, "v")) || json_integer_value(json_object_get(request, "v")) != 1) {
		(void)error_set(err, ERR_INPUT, "v: this broker speaks version 1");
		return NULL;
	}
	verb = want_text(request, "verb", err);
	if (verb == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return check_keys(request, verb, verbs[i].keys, err) == 0
			               ? verbs[i].function(broker, request, err)
			               : NULL;
	(void)error_set(err, ERR_INPUT, "unknown verb \"%.64s\"", verb);
	return NULL;
}

char *client_verbs_answer(void *broker, const void *body, size_t len_bytes)
{
	struct error err = { .class = ERR_NONE };
	json_t *request = json_want_load(body, len_bytes, ERR_INPUT, &err);
	json_t *result = NULL;
	json_t *reply = NULL;
	char *text = NULL;

	if (request != NULL)
		result = perform(broker, request, &err);
	if (result == NULL && err.class == ERR_NONE)
		(void)error_set(&err, ERR_SYSTEM, "out of memory");
	if (result != NULL)
		reply = json_pack("{s:s, s:o}", "status", "ok", "result", result);
	else
		reply = json_pack("{s:s, s:o}", "status", "fail", "error", status_json_error(&err));
	if (reply != NULL)
		text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	json_decref(request);
	return text;
}
