#include "broker/shared.h"

#include <string.h>

#include "broker/history.h"
#include "broker/history_seed.h"
#include "broker/runs.h"
#include "lib/own_host.h"

/* Where nothing is said it may be the same machine: a snapshot that is kept for nothing does no harm. */
static bool may_be_same(const char *source_a, const char *host_a, const char *source_b, const char *host_b)
{
	return strcmp(source_a, source_b) == 0 && own_host_may_be(host_a, host_b);
}

bool shared_source(const struct config_pipeline *a, const struct config_pipeline *b)
{
	return may_be_same(a->source, a->host, b->source, b->host);
}

static int add(json_t *list, const char *uuid, struct error *err)
{
	json_t *there = NULL;
	size_t i;

	if (uuid[0] == '\0')
		return 0;
	json_array_foreach(list, i, there)
	{
		if (strcmp(json_string_value(there), uuid) == 0)
			return 0;
	}
	return json_array_append_new(list, json_string(uuid)) == 0 ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static int add_of(struct broker *broker, const char *pipeline, json_t *list, struct error *err)
{
	struct history_generation anchor;
	struct history_seed seed;
	int found = history_anchor(broker->store, pipeline, &anchor, err);

	if (found < 0 || (found == 1 && add(list, anchor.snapshot_uuid, err) != 0))
		return -1;
	found = history_seed(broker->store, pipeline, &seed, err);
	return found < 0 ? -1 : found == 1 ? add(list, seed.snapshot_uuid, err) : 0;
}

/* What others count on that have this source: by the configuration, and what their runs hold, also of pipelines that are in it no more. */
static int add_all(struct broker *broker, const char *pipeline, const char *source, const char *host, json_t *list,
                   struct error *err)
{
	for (size_t i = 0; i < broker->config->n_pipelines; i++) {
		const struct config_pipeline *other = &broker->config->pipelines[i];

		if (strcmp(other->name, pipeline) != 0 && may_be_same(source, host, other->source, other->host) &&
		    add_of(broker, other->name, list, err) != 0)
			return -1;
	}
	for (const struct run *run = broker->runs; run != NULL; run = run->next)
		if (!run->record.care && run->holds && !run->given_up && strcmp(run->record.pipeline, pipeline) != 0 &&
		    may_be_same(source, host, run->config->source, run->config->host) &&
		    add(list, run->held_uuid, err) != 0)
			return -1;
	return 0;
}

/* The run in flight keeps the source that it began with, whatever a reload has made of the pipeline. */
json_t *shared_json(struct broker *broker, const char *pipeline, struct error *err)
{
	const struct config_pipeline *own = config_pipeline(broker->config, pipeline);
	const struct run *run = runs_of(broker, pipeline);
	json_t *list = json_array();

	if (list == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	if (list != NULL &&
	    ((own != NULL && add_all(broker, pipeline, own->source, own->host, list, err) != 0) ||
	     (run != NULL && add_all(broker, pipeline, run->config->source, run->config->host, list, err) != 0))) {
		json_decref(list);
		return NULL;
	}
	return list;
}

int shared_check(struct broker *broker, const char *pipeline, const char *result_json, struct error *err)
{
	json_t *result = json_loads(result_json, 0, NULL);
	const char *uuid = json_string_value(json_object_get(result, "uuid"));
	json_t *list = NULL;
	json_t *there = NULL;
	bool good = !json_is_true(json_object_get(result, "shared"));
	size_t i;
	int rc = 0;

	if (!good) {
		list = shared_json(broker, pipeline, err);
		rc = list != NULL ? 0 : -1;
		json_array_foreach(list, i, there)
		{
			good = good || (uuid != NULL && strcmp(json_string_value(there), uuid) == 0);
		}
	}
	json_decref(list);
	json_decref(result);
	if (rc == 0 && !good)
		rc = error_set(
		        err, ERR_INTERNAL,
		        "the snapshot was another pipeline's, which does not count on it any more; a new one is made");
	return rc;
}
