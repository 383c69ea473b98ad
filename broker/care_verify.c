#include "broker/care_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/care_store.h"
#include "broker/reply.h"
#include "lib/log.h"

#define DAMAGED "damaged"
#define EVENTS_MOST 20 /* generations that one verification tells of by name */

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
	alarms_stale(broker, pipeline);
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
		rc = care_store_keep(broker->store, pipeline, CARE_VERIFY, broker_wall(), text, err);
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
	    care_store_result(broker->store, pipeline, CARE_VERIFY, &before, err) >= 0 &&
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

static uint64_t every_ms(const struct config_pipeline *pipeline)
{
	return pipeline->verify_every_ms;
}

const struct care_kind care_verify_kind = { .service = CARE_VERIFY, .every_ms = every_ms, .take = take };
