#include "lib/crash_point.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *name)
{
	static long times;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
	const char *wanted = getenv("AOB_CRASH_POINT");
	size_t n = strlen(name);

	if (wanted == NULL || strncmp(wanted, name, n) != 0 || (wanted[n] != '\0' && wanted[n] != ':'))
		return;
	if (wanted[n] == ':' && ++times < strtol(wanted + n + 1, NULL, 10))
		return;
	(void)raise(SIGKILL);
}
