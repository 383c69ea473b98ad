/* api: what is answered as JSON to other programs (docs/monitoring.md).
 *
 * threads: any; the state is to be locked by the caller. */
#ifndef AOB_MONITOR_API_H
#define AOB_MONITOR_API_H

#include "monitor/state.h"
#include "monitor/text.h"

/* api_generation: a generation, and what its transfer told of it. Returns 0; 1: the broker is being asked, *text is empty; -1: there is no such pipeline, or
 * generation. */
int api_generation(struct state *state, const char *pipeline, const char *generation, struct text *text);

#endif
