/* steady: a time line, in seconds, that a wrong or jumping wall clock does not bend: ages are measured on it. Pure: clocks come as arguments.
 *
 * While the machine is up it follows the kernel's boot-time clock (CLOCK_BOOTTIME, which no setting of the time moves and which counts sleep), also
 * across restarts of the process. Across a reboot only the wall clock can tell how long that took: it counts, unless it goes back. A clock that stands before
 * where it was has not been set yet (no battery, no network): then nothing is added, until it has passed that again; what was left out is added then. */
#ifndef AOB_BROKER_STEADY_H
#define AOB_BROKER_STEADY_H

#include <stdbool.h>
#include <stdint.h>

#define STEADY_BOOT_SIZE 40
#define STEADY_OFF_MOST_S ((int64_t)3650 * 86400) /* a machine was not off for longer */

struct steady_mark {                    /* what is kept: all clocks at one moment */
	char boot_id[STEADY_BOOT_SIZE]; /* "": there is none yet */
	int64_t boot_s;
	int64_t wall_s;
	int64_t steady_s;
};

struct steady {
	struct steady_mark base; /* of this boot: steady_s at boot_s */
	int64_t unset_until_s;   /* the wall clock is not believed before it has passed this; 0: it is */
};

/* steady_resume: go on from what was kept last. */
struct steady steady_resume(const struct steady_mark *kept, const char *boot_id, int64_t boot_s, int64_t wall_s);

/* steady_now: never goes back. */
int64_t steady_now(struct steady *steady, int64_t boot_s, int64_t wall_s);

/* steady_keep: what to keep of this moment. */
struct steady_mark steady_keep(struct steady *steady, int64_t boot_s, int64_t wall_s);

#endif
