#include "broker/care.h"

#include <stdlib.h>
#include <string.h>

#include "broker/care_due.h"
#include "broker/care_kind.h"
#include "broker/care_store.h"
#include "broker/status_json.h"
#include "lib/clock.h"
#include "lib/log.h"

#define TURN_MS 1000

/* In the order in which they begin, if several are due: one at a time goes on. */
static const struct care_kind *const kinds[] = { &care_verify_kind, &care_rehearse_kind };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct care_kind *kind_of(const char *service)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i]->service, service) == 0)
			return kinds[i];
	return NULL;
}

/* Something to look after, and somebody who does? */
static bool can(struct broker *broker, const struct config_pipeline *pipeline, const struct care_kind *kind)
{
	struct history_generation last;
	struct error err;

	return runs_of(broker, pipeline->name) == NULL && runs_care_of(broker, pipeline->name) == NULL &&
	       service_idle(mdp_broker_services(broker->mdp), kind->service, pipeline->host) != NULL &&
	       (pipeline->host != NULL || !service_scattered(mdp_broker_services(broker->mdp), kind->service)) &&
	       history_paused(broker->store, pipeline->name, &err) == 0 &&
	       history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &last, &err) == 1;
}

/* From now on it is known that it is to be done. */
static int begin_clock(struct broker *broker, const char *pipeline, const struct care_kind *kind, struct error *err)
{
	if (broker_begin(broker, err) != 0)
		return -1;
	if (care_store_keep(broker->store, pipeline, kind->service, broker_wall(), "", err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	return broker_commit(broker, err);
}

/* last: how it went then; NULL: never yet */
static int begin_care(struct broker *broker, const struct config_pipeline *pipeline, const struct care_kind *kind,
                      const struct care_clock *clock, const json_t *last, struct error *err)
{
	json_t *with = json_pack("{s:I}", "every_s", (json_int_t)clock->every_s);

	if (with != NULL && kind->give != NULL && kind->give(last, with, err) != 0) {
		json_decref(with);
		return -1;
	}
	return runs_care(broker, pipeline, kind->service, with, err);
}

/* 1: one has just failed, and is not begun again yet. */
static int is_held(struct broker *broker, const char *pipeline, const struct care_kind *kind,
                   const struct care_clock *clock, struct error *err)
{
	struct care_failure failure;
	int found = care_store_failure(broker->store, pipeline, kind->service, &failure, err);

	return found == 1 ? care_due_held(clock, failure.at) : found;
}

static int begin_if_due(struct broker *broker, const struct config_pipeline *pipeline, const struct care_kind *kind,
                        struct care_clock *clock, struct error *err)
{
	json_t *last = NULL;
	int found = care_store_result(broker->store, pipeline->name, kind->service, &last, err);
	int rc = found < 0 ? -1 : 0;

	clock->never = found == 0;
	clock->bad = found == 1 && kind->is_bad != NULL && kind->is_bad(last);
	if (rc == 0 && care_due(clock)) {
		rc = is_held(broker, pipeline->name, kind, clock, err);
		if (rc == 0)
			rc = begin_care(broker, pipeline, kind, clock, last, err);
	}
	json_decref(last);
	return rc < 0 ? -1 : 0;
}

static int look_at(struct broker *broker, const struct config_pipeline *pipeline, const struct care_kind *kind,
                   struct error *err)
{
	struct care_clock clock = { .now_s = broker_wall(),
		                    .every_s = (int64_t)(kind->every_ms(pipeline) / 1000),
		                    .at_once = kind->at_once,
		                    .minute = clock_minute_of_day() };
	int found;

	if (clock.every_s == 0 || !can(broker, pipeline, kind))
		return 0;
	found = care_store_since(broker->store, pipeline->name, kind->service, &clock.since_s, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return begin_clock(broker, pipeline->name, kind, err);
	return begin_if_due(broker, pipeline, kind, &clock, err);
}

void care_turn(struct broker *broker)
{
	struct error err;

	if (broker->now_ms < broker->care_ms || broker->now_ms < broker->store_retry_ms)
		return;
	broker->care_ms = broker->now_ms + TURN_MS;
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		for (size_t k = 0; k < N_KINDS; k++)
			if (look_at(broker, &broker->config->pipelines[i], kinds[k], &err) != 0)
				log_error(LOG_WARNING, &err, "pipeline=%s step=%s", broker->config->pipelines[i].name,
				          kinds[k]->service);
}

static int check(const struct care_kind *kind, const char *result_json, struct error *err)
{
	return kind != NULL && kind->check != NULL ? kind->check(result_json, err) : 0;
}

int care_check(const struct run *run, const char *result_json, struct error *err)
{
	return check(kind_of(run->record.steps[0].service), result_json, err);
}

int care_done(struct broker *broker, const struct run *run, const char *result_json, struct error *err)
{
	const struct care_kind *kind = kind_of(run->record.steps[0].service);

	/* What is wrong with a pipeline that is not there any more is nobody's alarm. */
	if (kind == NULL || config_pipeline(broker->config, run->record.pipeline) == NULL)
		return 0;
	return kind->take(broker, run->record.pipeline, result_json, err);
}

int care_told(struct broker *broker, const struct config_pipeline *pipeline, const char *service, const json_t *result,
              struct error *err)
{
	const struct care_kind *kind = kind_of(service);
	char *text = json_is_object(result) ? json_dumps(result, JSON_COMPACT) : NULL;
	int rc = -1;

	if (text == NULL || kind == NULL) {
		free(text);
		return error_set(err, ERR_INPUT, "result: want an object");
	}
	if (check(kind, text, err) == 0 && broker_begin(broker, err) == 0) {
		rc = kind->take(broker, pipeline->name, text, err);
		if (rc != 0)
			broker_undo(broker, err);
		else
			rc = broker_commit(broker, err);
	}
	free(text);
	return rc;
}

/* NULL: the newest ended well, or there was none since the last that did. */
static int failure_json(struct broker *broker, const char *pipeline, const struct care_kind *kind, int64_t since,
                        json_t **json, struct error *err)
{
	struct care_failure failure;
	int found = care_store_failure(broker->store, pipeline, kind->service, &failure, err);

	*json = json_null();
	if (found == 1 && failure.at >= since)
		*json = json_pack("{s:I, s:o}", "at", (json_int_t)failure.at, "error",
		                  status_json_error(&failure.error));
	return found < 0 ? -1 : 0;
}

static int kind_json(struct broker *broker, const struct config_pipeline *pipeline, const struct care_kind *kind,
                     json_t **json, struct error *err)
{
	const struct run *run = runs_care_of(broker, pipeline->name);
	bool is_it = run != NULL && strcmp(run->record.steps[0].service, kind->service) == 0;
	json_t *result = NULL;
	json_t *failure = NULL;
	int64_t since = 0;
	int found = care_store_since(broker->store, pipeline->name, kind->service, &since, err);

	if (found < 0 || failure_json(broker, pipeline->name, kind, since, &failure, err) != 0 ||
	    care_store_result(broker->store, pipeline->name, kind->service, &result, err) < 0)
		return -1;
	*json = json_pack("{s:I, s:o, s:o, s:o}", "every_s", (json_int_t)(kind->every_ms(pipeline) / 1000), "at",
	                  result != NULL ? json_integer(since) : json_null(), "failure", failure, "running",
	                  status_json_running(broker, is_it ? run : NULL));
	if (*json != NULL && result != NULL && json_object_update_missing(*json, result) != 0) {
		json_decref(*json);
		*json = NULL;
	}
	json_decref(result);
	return *json != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

int care_json(struct broker *broker, const struct config_pipeline *pipeline, json_t *json, struct error *err)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		json_t *care = NULL;

		if (kind_json(broker, pipeline, kinds[i], &care, err) != 0)
			return -1;
		if (json_object_set_new(json, kinds[i]->service, care) != 0)
			return error_set(err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}
