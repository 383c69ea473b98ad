#include "lib/generation_name.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LATEST_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
/* 9000-01-01T00:00:00Z. A client that says (or believes) that it is the end of time must not leave later generations without a name. */
#define TAKEN_LATEST_S INT64_C(221845392000)

static void format(int64_t at_s, char name[GENERATION_NAME_SIZE])
{
	time_t at = (time_t)(at_s < 0 ? 0 : at_s > LATEST_S ? LATEST_S : at_s);
	struct tm utc;

	(void)gmtime_r(&at, &utc);
	(void)strftime(name, GENERATION_NAME_SIZE, "%Y-%m-%dT%H-%M-%SZ", &utc);
}

static bool parse(const char *name, int64_t *at_s)
{
	char again[GENERATION_NAME_SIZE];
	struct tm utc = { 0 };
	const char *end;

	if (strlen(name) != GENERATION_NAME_SIZE - 1)
		return false;
	end = strptime(name, "%Y-%m-%dT%H-%M-%SZ", &utc);
	if (end == NULL || *end != '\0')
		return false;
	*at_s = timegm(&utc);
	format(*at_s, again);
	return strcmp(name, again) == 0;
}

bool generation_name_valid(const char *name)
{
	int64_t at_s;

	return parse(name, &at_s);
}

void generation_name_make(int64_t taken_at_s, const char *newest, char name[GENERATION_NAME_SIZE])
{
	int64_t newest_s;

	format(taken_at_s < TAKEN_LATEST_S ? taken_at_s : TAKEN_LATEST_S, name);
	if (newest != NULL && parse(newest, &newest_s) && strcmp(name, newest) <= 0)
		format(newest_s + 1, name);
}
