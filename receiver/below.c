#include "receiver/below.h"

#include <stdio.h>
#include <string.h>

int below_entry(struct below *below, const char *part, const struct entry *found, struct entry *entry,
                struct error *err)
{
	*entry = *found;
	if (part[0] == '\0')
		return 0;
	(void)snprintf(below->whole, sizeof(below->whole), "%s%s%s", part, *found->path != '\0' ? "/" : "",
	               found->path);
	if (strlen(below->whole) > WIRE_PATH_MAX)
		return error_set(err, ERR_INPUT, "\"%.300s…\": the path is too long", below->whole);
	entry->path = below->whole;
	return 0;
}
