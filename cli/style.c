#include "cli/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/duration.h"

const char *style_code(enum style style)
{
	static const char *const codes[] = { "\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m" };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, and nobody changes the environment */
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || *no_color == '\0') ? codes[style] : "";
}

const char *style_when(int64_t at_s, char *out, size_t size)
{
	time_t at = (time_t)at_s;
	struct tm local;

	if (at_s == 0 || localtime_r(&at, &local) == NULL || strftime(out, size, "%Y-%m-%d %H:%M", &local) == 0)
		(void)snprintf(out, size, "never");
	return out;
}

const char *style_age(int64_t at_s, int64_t now_s, char *out, size_t size)
{
	char span[64];

	if (now_s - at_s < 1)
		(void)snprintf(out, size, "now");
	else
		(void)snprintf(out, size, "%s ago", duration_text((uint64_t)(now_s - at_s) * 1000, span, sizeof(span)));
	return out;
}
