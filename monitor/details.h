/* details: what a run's transfer told of its generation, beyond what lists of generations say: asked of the broker when somebody looks at the generation's page,
 * and kept for a while.
 *
 * Bounded: DETAILS_MAX are kept, DETAILS_WANTED_MAX wait to be asked for; further wishes are dropped, and come again with the next look.
 * threads: as the state that it is part of: under its lock. */
#ifndef AOB_MONITOR_DETAILS_H
#define AOB_MONITOR_DETAILS_H

#include <stdbool.h>

#include "monitor/view_detail.h"

#define DETAILS_MAX 64
#define DETAILS_WANTED_MAX 16
#define DETAILS_RUN_SIZE 64

struct details {
	struct {
		char run[DETAILS_RUN_SIZE];
		struct view_detail *detail; /* NULL: none */
	} kept[DETAILS_MAX];                /* a ring */
	size_t next;
	char wanted[DETAILS_WANTED_MAX][DETAILS_RUN_SIZE]; /* the oldest first */
	size_t n_wanted;
};

/* details_find: NULL: not known; wanted from now on, unless the run's ID is none. */
const struct view_detail *details_find(struct details *details, const char *run);

/* details_next: which run to ask for; false: none. It stays wanted until details_put. */
bool details_next(const struct details *details, char run[DETAILS_RUN_SIZE]);

/* details_put: takes *detail over; also if the broker knows nothing of the run (any more). *detail NULL: it did not answer; the next look makes it be asked again. */
void details_put(struct details *details, const char *run, struct view_detail **detail);

void details_done(struct details *details);

#endif
