#include "lib/program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_PATH "/bin:/usr/bin" /* as execvp(3) has it */

static bool is_program(const char *folder, size_t n, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	/* An empty one is the working folder. */
	if (snprintf(path, sizeof(path), "%.*s%s%s", (int)n, folder, n != 0 ? "/" : "", name) >= (int)sizeof(path))
		return false;
	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool program_is_there(const char *name)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
	const char *folder = getenv("PATH");

	for (folder = folder != NULL ? folder : NO_PATH;;) {
		size_t n = strcspn(folder, ":");

		if (is_program(folder, n, name))
			return true;
		if (folder[n] == '\0')
			return false;
		folder += n + 1;
	}
}
