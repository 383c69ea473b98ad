/* care_due: is it time to look after what lies in a vault? Pure. */
#ifndef AOB_BROKER_CARE_DUE_H
#define AOB_BROKER_CARE_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct care_clock {
	int64_t since_s, now_s; /* wall clock: when it was done last, or since when it is known that it is to be */
	int64_t every_s;        /* how long it may take to get through all of it; 0: it is not to be done */
	unsigned minute;        /* of the day, local time */
	bool at_once;           /* all of it each time, not a share each night */
	bool never, bad;        /* … it was never done; it was, and something was wrong */
};

/* care_due: a share each night, between 1 and 6 o'clock; by day, if there was no night for nearly two days (a machine that is off then). What is to be through in less than a day knows no
 * night: each time that so long has gone by. What is done at once: for the first time in the first night, then each time that so long has gone by, but each night while something is wrong. A clock that was set back makes it due in the next night. */
bool care_due(const struct care_clock *clock);

/* care_due_held: the newest try failed at failed_s: what it failed of does not pass in a second, so the next one waits for an hour, or as long as every_s where that is less. A clock that was set back holds nothing up. */
bool care_due_held(const struct care_clock *clock, int64_t failed_s);

#endif
