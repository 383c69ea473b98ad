/* view_history: a pipeline's generations, and how full its vault was, as the broker's `generations` tells them (docs/protocol.md), by days.
 *
 * As a view it does not change once it is made. lifetime: view_history_parse / view_history_destroy. threads: may be read from any. */
#ifndef AOB_MONITOR_VIEW_HISTORY_H
#define AOB_MONITOR_VIEW_HISTORY_H

#include "monitor/view.h"

#define VIEW_DAYS 372            /* of the calendar: a year, and the week that it begins in */
#define VIEW_GENERATIONS_MAX 400 /* kept of one pipeline, the newest */

struct view_day {              /* of UTC */
	uint32_t generations;  /* published on it */
	int64_t carried_bytes; /* content that was sent for them */
	int64_t size_bytes;    /* of the newest generation at its end; 0: no generation yet */
	int64_t used_bytes;    /* of the vault's disk, as measured last then; 0: not measured yet */
};

struct view_history {
	int64_t first_day; /* days since 1970 of days[0] */
	struct view_day days[VIEW_DAYS];
	int64_t vault_bytes; /* how large the vault's disk was at the last measurement; 0: nobody measured */
	size_t n_held;       /* generations that are in the vault */
	const struct view_generation *generations; /* newest first, at most VIEW_GENERATIONS_MAX, pruned ones too */
	size_t n_generations;
	void *memory;
};

/* view_history_parse: reply: the broker's answer to `generations` of one pipeline; days end with that of now. errors: as view_parse. */
int view_history_parse(const char *reply, size_t len_bytes, int64_t now, struct view_history **history,
                       struct error *err);
void view_history_destroy(struct view_history **history);
const struct view_generation *view_history_find(const struct view_history *history, const char *name);

#endif
