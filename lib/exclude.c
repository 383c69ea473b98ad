#include "lib/exclude.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

bool exclude_name(const char *const *patterns, const char *path, const char *name)
{
	if (patterns == NULL)
		return false;
	for (; *patterns != NULL; patterns++) {
		bool whole = strchr(*patterns, '/') != NULL;

		if (fnmatch(*patterns, whole ? path : name, whole ? FNM_PATHNAME : 0) == 0)
			return true;
	}
	return false;
}

bool exclude_path(const char *const *patterns, const char *path)
{
	char *above;
	bool found = false;

	if (patterns == NULL || *patterns == NULL || *path == '\0')
		return false;
	above = strdup(path);
	if (above == NULL)
		return false;
	for (char *end = above; end != NULL && !found;) {
		const char *name;

		end = strchr(end + 1, '/');
		if (end != NULL)
			*end = '\0';
		name = strrchr(above, '/');
		found = exclude_name(patterns, above, name != NULL ? name + 1 : above);
		if (end != NULL)
			*end = '/';
	}
	free(above);
	return found;
}

bool exclude_by_path(const char *const *patterns)
{
	for (; patterns != NULL && *patterns != NULL; patterns++)
		if (strchr(*patterns, '/') != NULL)
			return true;
	return false;
}
