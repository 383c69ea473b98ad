/* pace: how long this process waits where the time is not a promise by itself: between heartbeats, until a peer counts as gone, before the next try.
 *
 * $AOB_HURRY=N, from 1 to 100: N times shorter than usual, so that a torture need not spend its hours in pauses. All processes of a broker need the same one.
 * threads: any, as no process of ours changes its environment. */
#ifndef AOB_PACE_H
#define AOB_PACE_H

#include <stdint.h>

#define PACE_MOST 100

/* pace_ms: what becomes of a wait; at least 1 of more than 0. */
int64_t pace_ms(int64_t usual_ms);

#endif
