#include "broker/care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/care_due.h"
#include "broker/care_store.h"
#include "broker/reply.h"
#include "lib/clock.h"
#include "lib/log.h"

#define VERIFY "verify"
#define DAMAGED "damaged"
#define TURN_MS 1000
#define EVENTS_MOST 20 /* generations that one verification tells of by name */

/* Something to verify, and somebody who does? */
static bool can(struct broker *broker, const struct config_pipeline *pipeline)
{
	struct history_generation last;
	struct error err;

	return runs_of(broker, pipeline->name) == NULL && runs_care_of(broker, pipeline->name) == NULL &&
	       service_idle(mdp_broker_services(broker->mdp), VERIFY) != NULL &&
	       history_paused(broker->store, pipeline->name, &err) == 0 &&
	       history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &last, &err) == 1;
}

/* From now on it is known that it is to be done. */
static int begin_clock(struct broker *broker, const char *pipeline, struct error *err)
{
	if (broker_begin(broker, err) != 0)
		return -1;
	if (care_store_keep(broker->store, pipeline, VERIFY, broker_wall(), "", err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	return broker_commit(broker, err);
}

static int look_at(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	struct care_clock clock = { .now_s = broker_wall(),
		                    .every_s = (int64_t)(pipeline->verify_every_ms / 1000),
		                    .minute = clock_minute_of_day() };
	int found;

	if (clock.every_s == 0 || !can(broker, pipeline))
		return 0;
	found = care_store_since(broker->store, pipeline->name, VERIFY, &clock.since_s, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return begin_clock(broker, pipeline->name, err);
	if (!care_due(&clock))
		return 0;
	return runs_care(broker, pipeline, VERIFY, json_pack("{s:I}", "every_s", (json_int_t)clock.every_s), err);
}

void care_turn(struct broker *broker)
{
	struct error err;

	if (broker->now_ms < broker->care_ms || broker->now_ms < broker->store_retry_ms)
		return;
	broker->care_ms = broker->now_ms + TURN_MS;
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		if (look_at(broker, &broker->config->pipelines[i], &err) != 0)
			log_error(LOG_WARNING, &err, "pipeline=%s verifying", broker->config->pipelines[i].name);
}

static bool was_known(const json_t *before, const char *generation)
{
	size_t i;
	json_t *known;

	json_array_foreach(json_object_get(before, "generations"), i, known)
	{
		const char *name = json_string_value(known);

		if (name != NULL && strcmp(name, generation) == 0)
			return true;
	}
	return false;
}

/* Each generation once, when it is found. */
static int tell_new(struct broker *broker, const char *pipeline, const struct reply_verified *now, const json_t *before,
                    struct error *err)
{
	size_t told = 0;

	for (size_t i = 0; i < now->n_generations && told < EVENTS_MOST; i++) {
		const struct reply_damaged *damaged = &now->generations[i];
		json_t *data;

		if (was_known(before, damaged->generation))
			continue;
		told++;
		data = json_pack("{s:s, s:I, s:s}", "generation", damaged->generation, "files",
		                 (json_int_t)damaged->files, "reason", damaged->reason);
		if (broker_event(broker, pipeline, "generation.damaged", &data, err) != 0)
			return -1;
	}
	return 0;
}

static int set_alarm(struct broker *broker, const char *pipeline, const struct reply_verified *now, struct error *err)
{
	static const char *const kinds[] = { DAMAGED, NULL };
	struct figures_alarm alarm = { .kind = DAMAGED, .since = broker_wall() };

	if (now->left == 0)
		return alarms_end(broker, pipeline, kinds, NULL, err);
	(void)snprintf(
	        alarm.reason, sizeof(alarm.reason),
	        "%lld files in the vault are damaged and could not be mended, in %zu generations; %s; all of them: "
	        "aob verify %s --all",
	        (long long)now->left, now->n_generations,
	        now->n_generations > 0 ? now->generations[now->n_generations - 1].reason : "", pipeline);
	broker->alarms_stale = true;
	return figures_alarm_keep(broker->store, pipeline, &alarm, err);
}

static json_t *numbers(const struct reply_verified *v)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I}", "files", (json_int_t)v->files,
	                 "bytes", (json_int_t)v->bytes, "unhashed", (json_int_t)v->unhashed, "damaged",
	                 (json_int_t)v->damaged, "mended", (json_int_t)v->mended, "left", (json_int_t)v->left,
	                 "round_ended", (int)v->round_ended, "round_began_at", (json_int_t)v->round_began_at,
	                 "round_bytes", (json_int_t)v->round_bytes, "round_total", (json_int_t)v->round_total,
	                 "last_round_at", (json_int_t)v->last_round_at);
}

static int keep(struct broker *broker, const char *pipeline, const struct reply_verified *now, struct error *err)
{
	json_t *json = numbers(now);
	json_t *generations = json_array();
	char *text = NULL;
	int rc = -1;

	for (size_t i = 0; i < now->n_generations; i++)
		(void)json_array_append_new(generations, json_string(now->generations[i].generation));
	if (json_object_set_new(json, "generations", generations) == 0)
		text = json_dumps(json, JSON_COMPACT);
	if (text == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else
		rc = care_store_keep(broker->store, pipeline, VERIFY, broker_wall(), text, err);
	free(text);
	json_decref(json);
	return rc;
}

/* In a change. */
static int take(struct broker *broker, const char *pipeline, const char *result_json, struct error *err)
{
	struct reply_verified *now = calloc(1, sizeof(*now));
	json_t *before = NULL;
	json_t *data = NULL;
	int rc = -1;

	if (now == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (reply_verified(result_json, now, err) == 0 &&
	    care_store_result(broker->store, pipeline, VERIFY, &before, err) >= 0 &&
	    tell_new(broker, pipeline, now, before, err) == 0 && set_alarm(broker, pipeline, now, err) == 0 &&
	    keep(broker, pipeline, now, err) == 0) {
		data = numbers(now);
		rc = broker_event(broker, pipeline, "generation.verified", &data, err);
	}
	if (rc == 0 && now->left > 0)
		log_line(LOG_ERR, "pipeline=%s %lld files in the vault are damaged", pipeline, (long long)now->left);
	json_decref(before);
	free(now);
	return rc;
}

int care_done(struct broker *broker, const struct run *run, const char *result_json, struct error *err)
{
	/* What is wrong with a pipeline that is not there any more is nobody's alarm. */
	if (config_pipeline(broker->config, run->record.pipeline) == NULL)
		return 0;
	return take(broker, run->record.pipeline, result_json, err);
}

int care_told(struct broker *broker, const struct config_pipeline *pipeline, const json_t *result, struct error *err)
{
	char *text = json_dumps(result, JSON_COMPACT);
	int rc = -1;

	if (text == NULL)
		return error_set(err, ERR_INPUT, "result: want an object");
	if (broker_begin(broker, err) == 0) {
		rc = take(broker, pipeline->name, text, err);
		if (rc != 0)
			broker_undo(broker, err);
		else
			rc = broker_commit(broker, err);
	}
	free(text);
	return rc;
}

int care_json(struct broker *broker, const struct config_pipeline *pipeline, json_t **json, struct error *err)
{
	json_t *result = NULL;
	int64_t since = 0;
	int found = care_store_since(broker->store, pipeline->name, VERIFY, &since, err);

	if (found < 0 || care_store_result(broker->store, pipeline->name, VERIFY, &result, err) < 0)
		return -1;
	*json = json_pack("{s:I, s:o}", "every_s", (json_int_t)(pipeline->verify_every_ms / 1000), "at",
	                  result != NULL ? json_integer(since) : json_null());
	if (*json != NULL && result != NULL && json_object_update(*json, result) != 0) {
		json_decref(*json);
		*json = NULL;
	}
	json_decref(result);
	return *json != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}
