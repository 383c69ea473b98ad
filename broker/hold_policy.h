/* hold_policy: what may wait on the source's disk for a vault that cannot be reached, and what is given up for room. Pure.
 *
 * A hold is a local snapshot that somebody counts on: a run's in flight, or the anchor (what the vault's newest generation was made
 * of), or what a seed on its way to the vault was made of. One run waits for each vault; a newer change takes its place unless too much has crossed already. Below `min_free`
 * first goes what nobody counts on, then the runs, oldest first, then the anchors, oldest first, then those of seeds. */
#ifndef AOB_BROKER_HOLD_POLICY_H
#define AOB_BROKER_HOLD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/room.h"

#define HOLD_UNDER_WAY_BYTES (UINT64_C(1) << 30)
#define HOLD_UNDER_WAY_SHARE 10 /* a tenth */

/* hold_policy_under_way: has so much crossed that the run shall keep its snapshot, whatever changes? done: of this run, total 0: not known.
 * A first copy takes weeks, so it keeps it from the first byte on. */
bool hold_policy_under_way(bool first_copy, uint64_t done_bytes, uint64_t total_bytes);

enum hold_kind { HOLD_LEFTOVER, HOLD_RUN, HOLD_ANCHOR, HOLD_SEED }; /* in the order of giving up */

struct hold {
	int64_t since;      /* when the snapshot was taken, or the run began */
	uint64_t min_bytes; /* `min_free` there */
	struct room room;   /* of its source */
	enum hold_kind kind;
	bool busy; /* room is being made on that file system, or it was just decided */
};

/* hold_policy_give_up: the one to be given up now: below its `min_bytes` and not busy. Returns its index, or n: none. */
size_t hold_policy_give_up(const struct hold *holds, size_t n);

#endif
