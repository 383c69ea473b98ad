#include "lib/vault_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT ".aob/format.json"

bool vault_place_is(const char *folder)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/" FORMAT, folder) >= (int)sizeof(path))
		return false;
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != EACCES);
}

/* What is there of path, without symlinks. */
static bool deepest(const char *path, char real[PATH_MAX])
{
	char at[PATH_MAX];

	if (snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
		return false;
	while (realpath(at, real) == NULL) {
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || strcmp(at, ".") == 0 || strcmp(at, "/") == 0)
			return false;
		if (slash == NULL)
			memcpy(at, ".", 2);
		else
			slash[slash == at] = '\0';
	}
	return true;
}

bool vault_place_above(const char *path, char folder[PATH_MAX])
{
	char *slash;

	if (*path == '\0' || !deepest(path, folder))
		return false;
	while (!vault_place_is(folder)) {
		slash = strrchr(folder, '/');
		if (slash == NULL || slash[1] == '\0')
			return false;
		slash[slash == folder] = '\0';
	}
	return true;
}
