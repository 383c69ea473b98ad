#include "lib/beside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *beside_program(const char *name, char *out, size_t size)
{
	size_t room = strlen(name) + 1;
	ssize_t n = size > room ? readlink("/proc/self/exe", out, size - room) : -1;
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		memcpy(slash + 1, name, room);
	if (slash == NULL || access(out, X_OK) != 0)
		(void)snprintf(out, size, "%s", name);
	return out;
}
