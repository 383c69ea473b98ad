#include "monitor/notify_secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/credential.h"

int notify_secret_read(const char *path, char secret[static NOTIFY_SECRET_SIZE], struct error *err)
{
	char where[PATH_MAX];
	FILE *in = fopen(credential_path(path, where), "re");
	char *line = NULL;
	size_t n = 0;
	bool good;

	if (in == NULL)
		return error_sys(err, errno, "reading %s", path);
	line = fgets(secret, NOTIFY_SECRET_SIZE, in);
	good = line != NULL && (strchr(line, '\n') != NULL || feof(in) != 0 || strlen(line) < NOTIFY_SECRET_SIZE - 1);
	(void)fclose(in);
	if (line != NULL) {
		n = strcspn(secret, "\r\n");
		secret[n] = '\0';
	}
	/* It goes into headers, where anything else would begin another one. */
	for (size_t i = 0; i < n; i++)
		good = good && secret[i] > 0x20 && secret[i] < 0x7f;
	if (good && n > 0)
		return 0;
	return error_set(err, ERR_CONFIG, "%s: want the secret alone in the first line, printable and without spaces",
	                 path);
}
