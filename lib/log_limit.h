/* log_limit: what a stranger can cause without end must not fill the log: so many lines of a kind a minute, and then how many more there were.
 *
 * A limit is zeroed memory of the caller's, one for each kind of line. threads: a limit belongs to one thread. */
#ifndef AOB_LOG_LIMIT_H
#define AOB_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct log_limit {
	int64_t until_ms; /* of the minute */
	unsigned said;    /* in it, what was left out included */
};

/* log_limit_passes: may this line be written? When a minute is over in which some were not, a line tells how many.
 * in: most: lines a minute; now_ms: of a clock that does not go back (clock_now_ms); what: they were, for that line, as "messages dropped" */
bool log_limit_passes(struct log_limit *limit, unsigned most, int64_t now_ms, const char *what);

#endif
