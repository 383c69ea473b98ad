#include "receiver/crash_point.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *name)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the receiver has one thread and does not change its environment */
	const char *wanted = getenv("AOB_CRASH_POINT");

	if (wanted != NULL && strcmp(wanted, name) == 0)
		(void)raise(SIGKILL);
}
