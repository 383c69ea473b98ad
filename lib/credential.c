#include "lib/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *credential_path(const char *path, char where[PATH_MAX])
{
	const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
	const char *name = strrchr(path, '/');
	const char *above = name;
	int n;

	if (folder == NULL || *folder != '/' || name == NULL)
		return path;
	while (above > path && above[-1] != '/')
		above--;
	n = snprintf(where, PATH_MAX, "%s/%.*s_%s", folder, (int)(name - above), above, name + 1);
	return n > 0 && n < PATH_MAX && access(where, R_OK) == 0 ? where : path;
}
