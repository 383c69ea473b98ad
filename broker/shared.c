#include "broker/shared.h"

#include <string.h>

#include "broker/history.h"
#include "broker/history_seed.h"
#include "broker/runs.h"
#include "lib/own_host.h"

bool shared_source(const struct config_pipeline *a, const struct config_pipeline *b)
{
	bool same_host = a->host == NULL ? b->host == NULL : b->host != NULL && own_host_same(a->host, b->host);

	return same_host && strcmp(a->source, b->source) == 0;
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
	const struct run *run = runs_of(broker, pipeline);
	struct history_generation anchor;
	struct history_seed seed;
	int found;

	if (run != NULL && run->holds && !run->given_up && add(list, run->held_uuid, err) != 0)
		return -1;
	found = history_anchor(broker->store, pipeline, &anchor, err);
	if (found < 0 || (found == 1 && add(list, anchor.snapshot_uuid, err) != 0))
		return -1;
	found = history_seed(broker->store, pipeline, &seed, err);
	return found < 0 ? -1 : found == 1 ? add(list, seed.snapshot_uuid, err) : 0;
}

json_t *shared_json(struct broker *broker, const char *pipeline, struct error *err)
{
	const struct config_pipeline *own = config_pipeline(broker->config, pipeline);
	json_t *list = json_array();

	if (list == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; list != NULL && own != NULL && i < broker->config->n_pipelines; i++) {
		const struct config_pipeline *other = &broker->config->pipelines[i];

		if (other != own && shared_source(own, other) && add_of(broker, other->name, list, err) != 0) {
			json_decref(list);
			return NULL;
		}
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
