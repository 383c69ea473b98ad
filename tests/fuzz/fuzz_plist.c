/* Property lists that anybody may have put on a share: read or refused. */
#include <stddef.h>
#include <stdint.h>

#include "lib/plist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *cookie, const char *path, const struct plist_value *value)
{
	size_t *n = cookie;

	/* Whoever takes a value reads these to their ends. */
	while (*path != '\0')
		path++;
	for (const char *at = value->text; *at != '\0'; at++)
		(*n)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	size_t n = 0;

	(void)plist_parse(data, size, look, &n, &err);
	return 0;
}
