#include "lib/snapshots_option.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

char *snapshots_option(const struct config_pipeline *pipeline)
{
	char *dir = NULL;

	for (size_t i = 0; pipeline != NULL && i < pipeline->n_stages; i++) {
		json_t *with;
		const char *text;

		if (strcmp(pipeline->stages[i].service, "snapshot") != 0)
			continue;
		with = json_loads(pipeline->stages[i].with_json, 0, NULL);
		text = json_string_value(json_object_get(with, "dir"));
		if (text != NULL && dir == NULL)
			dir = strdup(text);
		json_decref(with);
	}
	return dir;
}

char *snapshots_option_of(const struct stage_request *request, const struct config *config)
{
	const char *told = stage_request_snapshots(request)->dir;

	if (told != NULL)
		return strdup(told);
	return snapshots_option(config_pipeline(config, stage_request_pipeline(request)));
}
