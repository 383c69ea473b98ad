#include "transfer/source_view.h"

#include <string.h>

#include "lib/exclude.h"

const char *source_view_path(const char *below, const char *path)
{
	size_t n = strlen(below);

	if (n == 0)
		return path;
	if (strncmp(path, below, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] == '/' ? path + n + 1 : path + n;
}

bool source_view_shows(const char *below, const char *const *excludes, const char *path)
{
	const char *rel = source_view_path(below, path);

	return rel != NULL && !exclude_path(excludes, rel);
}

bool source_view_above(const char *below, const char *path)
{
	size_t n = strlen(path);

	return n == 0 || (strncmp(below, path, n) == 0 && (below[n] == '/' || below[n] == '\0'));
}
