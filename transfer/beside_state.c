#include "transfer/beside_state.h"

#include <stdio.h>
#include <string.h>

int beside_state(const char *state, const char *name, char *path, size_t size)
{
	const char *slash = state != NULL ? strrchr(state, '/') : NULL;
	int n = slash != NULL ? snprintf(path, size, "%.*s/%s", (int)(slash - state), state, name) : -1;

	return n >= 0 && (size_t)n < size ? 0 : -1;
}
