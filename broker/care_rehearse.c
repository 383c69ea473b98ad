#include "broker/care_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/care_store.h"
#include "broker/reply.h"
#include "lib/json_text.h"
#include "lib/log.h"

#define NOT_RESTORABLE "not-restorable"

/* In one sentence, for people; "" if nothing is wrong. */
static void tell(const char *pipeline, const struct reply_rehearsed *now, char *reason, size_t size)
{
	const char *path = now->n_faults != 0 ? now->faults[0].path : "";
	const char *why = now->n_faults != 0 ? now->faults[0].reason : "no reason was given";
	char where[201];
	char what[301];
	char others[48] = "";

	*reason = '\0';
	if (now->restorable)
		return;
	if (now->wrong > 1)
		(void)snprintf(others, sizeof(others), " (and %lld more)", (long long)(now->wrong - 1));
	(void)snprintf(reason, size,
	               "generation %.31s would not come back whole: %s%s%s%s; `aob verify %s --all` mends what can "
	               "be mended, and `aob rehearse %s` tells whether it is over",
	               now->generation, log_escape(path, where, sizeof(where)), *path != '\0' ? ": " : "",
	               log_escape(why, what, sizeof(what)), others, pipeline, pipeline);
}

static int set_alarm(struct broker *broker, const char *pipeline, const char *reason, struct error *err)
{
	static const char *const kinds[] = { NOT_RESTORABLE, NULL };
	struct figures_alarm alarm = { .kind = NOT_RESTORABLE, .since = broker_wall() };

	if (*reason == '\0')
		return alarms_end(broker, pipeline, kinds, NULL, err);
	(void)snprintf(alarm.reason, sizeof(alarm.reason), "%s", reason);
	alarms_stale(broker, pipeline);
	return figures_alarm_keep(broker->store, pipeline, &alarm, err);
}

/* What is kept, and told. */
static json_t *told(const struct reply_rehearsed *r, const char *reason)
{
	json_t *faults = json_array();

	for (size_t i = 0; i < r->n_faults; i++)
		(void)json_array_append_new(faults, json_pack("{s:s, s:s, s:s}", "path", r->faults[i].path, "reason",
		                                              r->faults[i].reason, "mark", r->faults[i].mark));
	return json_pack("{s:s, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "generation",
	                 r->generation, "restorable", (int)r->restorable, "reason", json_text(reason), "files",
	                 (json_int_t)r->files, "bytes", (json_int_t)r->bytes, "seconds", (json_int_t)r->seconds,
	                 "whole_files", (json_int_t)r->whole_files, "whole_bytes", (json_int_t)r->whole_bytes,
	                 "whole_seconds", (json_int_t)r->whole_seconds, "bundles", (json_int_t)r->bundles, "wrong",
	                 (json_int_t)r->wrong, "faults", faults, "seed", r->seed);
}

static int keep_and_tell(struct broker *broker, const char *pipeline, const struct reply_rehearsed *now,
                         const char *reason, struct error *err)
{
	json_t *data = told(now, reason);
	char *text = json_dumps(data, JSON_COMPACT);
	int rc = -1;

	if (text == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else
		rc = care_store_keep(broker->store, pipeline, CARE_REHEARSE, broker_wall(), text, err);
	free(text);
	if (rc == 0)
		return broker_event(broker, pipeline, "generation.rehearsed", &data, err);
	json_decref(data);
	return -1;
}

static int take(struct broker *broker, const char *pipeline, const char *result_json, struct error *err)
{
	struct reply_rehearsed *now = calloc(1, sizeof(*now));
	char reason[ERROR_TEXT_SIZE];
	int rc = -1;

	if (now == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (reply_rehearsed(result_json, now, err) == 0) {
		tell(pipeline, now, reason, sizeof(reason));
		if (set_alarm(broker, pipeline, reason, err) == 0)
			rc = keep_and_tell(broker, pipeline, now, reason, err);
	}
	if (rc == 0 && !now->restorable)
		log_line(LOG_ERR, "pipeline=%s %s", pipeline, reason);
	free(now);
	return rc;
}

static int check(const char *result_json, struct error *err)
{
	struct reply_rehearsed *now = calloc(1, sizeof(*now));
	int rc = now != NULL ? reply_rehearsed(result_json, now, err) : error_set(err, ERR_SYSTEM, "out of memory");

	free(now);
	return rc;
}

static uint64_t every_ms(const struct config_pipeline *pipeline)
{
	return pipeline->rehearse_ms;
}

static bool is_bad(const json_t *result)
{
	return json_is_false(json_object_get(result, "restorable"));
}

/* That another sample is good does not say that what was wrong is over: the same once more, and in any case what was wrong. */
static int give(const json_t *result, json_t *with, struct error *err)
{
	json_t *again = json_array();
	json_t *fault;
	size_t i;

	if (!is_bad(result)) {
		json_decref(again);
		return 0;
	}
	json_array_foreach(json_object_get(result, "faults"), i, fault)
	{
		json_t *mark = json_object_get(fault, "mark");

		if (json_string_length(mark) != 0)
			(void)json_array_append(again, mark);
	}
	if (json_object_set_new(with, "again", again) == 0 &&
	    json_object_set(with, "seed", json_object_get(result, "seed")) == 0)
		return 0;
	return error_set(err, ERR_SYSTEM, "out of memory");
}

const struct care_kind care_rehearse_kind = { .service = CARE_REHEARSE,
	                                      .at_once = true,
	                                      .every_ms = every_ms,
	                                      .check = check,
	                                      .take = take,
	                                      .is_bad = is_bad,
	                                      .give = give };
