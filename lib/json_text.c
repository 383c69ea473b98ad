#include "lib/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

json_t *json_text(const char *text)
{
	json_t *value = json_string(text);

	if (value != NULL)
		return value;
	size_t size = strlen(text) * 4 + 1;
	char *escaped = malloc(size);

	if (escaped == NULL)
		return NULL;
	value = json_string(log_escape(text, escaped, size));
	free(escaped);
	return value;
}
