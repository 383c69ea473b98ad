#include "cli/restore_excludes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Of all its transfers. The configuration's check has seen that they are strings. */
int restore_excludes_init(struct restore_excludes *excludes, const struct config_pipeline *pipeline, struct error *err)
{
	size_t n = 0;

	*excludes = (struct restore_excludes){ .json = json_array() };
	for (size_t i = 0; pipeline != NULL && i < pipeline->n_stages; i++) {
		json_t *with = strcmp(pipeline->stages[i].service, "transfer") == 0
		                       ? json_loads(pipeline->stages[i].with_json, 0, NULL)
		                       : NULL;
		json_t *list = json_object_get(with, "exclude");

		if (list != NULL)
			(void)json_array_extend(excludes->json, list);
		json_decref(with);
	}
	excludes->patterns = calloc(json_array_size(excludes->json) + 1, sizeof(*excludes->patterns));
	if (excludes->json == NULL || excludes->patterns == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < json_array_size(excludes->json); i++)
		if (json_is_string(json_array_get(excludes->json, i)))
			excludes->patterns[n++] = json_string_value(json_array_get(excludes->json, i));
	return 0;
}

void restore_excludes_done(struct restore_excludes *excludes)
{
	free(excludes->patterns);
	json_decref(excludes->json);
	*excludes = (struct restore_excludes){ .json = NULL };
}
