#include "lib/log_limit.h"

#include "lib/log.h"

#define MINUTE_MS 60000

bool log_limit_passes(struct log_limit *limit, unsigned most, int64_t now_ms, const char *what)
{
	if (now_ms >= limit->until_ms) {
		if (limit->said > most)
			log_line(LOG_WARNING, "%u more %s", limit->said - most, what);
		*limit = (struct log_limit){ .until_ms = now_ms + MINUTE_MS };
	}
	return ++limit->said <= most;
}
