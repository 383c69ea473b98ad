#include "lib/durable_json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/durable.h"

int durable_json_write(int folder_fd, const char *name, mode_t mode, json_t *json, size_t flags, struct error *err)
{
	char *text = json != NULL ? json_dumps(json, flags) : NULL;
	int rc = text != NULL ? durable_write(folder_fd, name, mode, text, strlen(text), err)
	                      : error_set(err, ERR_SYSTEM, "no memory for %s, or a text in it is not UTF-8", name);

	free(text);
	json_decref(json);
	return rc;
}
