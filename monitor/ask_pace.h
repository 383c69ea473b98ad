/* ask_pace: when to ask the broker for its status next. Pure; times are monotonic milliseconds.
 *
 * Soon after something happened, every few seconds while something runs, seldom else; and never so often that asking costs more than a tenth of the broker's
 * time, however many pipelines there are. */
#ifndef AOB_MONITOR_ASK_PACE_H
#define AOB_MONITOR_ASK_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define ASK_PACE_EVENT_MS 200 /* events come in swarms: one question for all of them */
#define ASK_PACE_BUSY_MS 2000
#define ASK_PACE_IDLE_MS 10000
#define ASK_PACE_LOST_MS 2000
#define ASK_PACE_SHARE 10

struct ask_pace {
	int64_t asked_ms; /* when the last question was answered, or given up */
	int64_t took_ms;  /* and how long that took */
	bool answered;
	bool busy;        /* something runs */
	int64_t event_ms; /* of the first event since then; 0: none */
};

int64_t ask_pace_next_ms(const struct ask_pace *pace);

#endif
