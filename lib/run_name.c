#include "lib/run_name.h"

#include <stdio.h>
#include <time.h>

void run_name_make(char name[RUN_NAME_SIZE], int64_t at_s, uint32_t number)
{
	time_t seconds = (time_t)at_s;
	struct tm utc;
	char stamp[20];

	(void)gmtime_r(&seconds, &utc);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	(void)snprintf(name, RUN_NAME_SIZE, "%s-%08x", stamp, number);
}
