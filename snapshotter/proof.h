/* proof: what a snapshot is a picture of: clean, quiet, incomplete or in flight. What the watcher saw of the source at rest is held against what the snapshot itself
 * holds: its counter, and the completion dates of the bundles in it. Both the same: then this is that rest, and nothing was written since. The judgement is pure;
 * docs/idleness.md "The proof".
 *
 * lifetime: zeros; proof_done. threads: one. */
#ifndef AOB_PROOF_H
#define AOB_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/stage_msg.h"
#include "lib/subvolume.h"
#include "lib/time_machine.h"

struct proof {
	bool time_machine;
	struct time_machine *macs; /* as the snapshot has them */
	size_t n_macs;
	bool more;       /* bundles that nobody looks after, see time_machine_find: never clean */
	bool unreadable; /* the snapshot could not be looked through */
	/* judged: */
	bool other; /* it is of another subvolume than the watcher saw */
	bool at_rest;
	const char *state; /* "clean", "quiet", "incomplete", "in-flight" */
	bool finished[TIME_MACHINE_BUNDLES_MAX];
};

/* proof_find: the bundles in the snapshot's folder. What can't be read is no error: then nothing is proved by it. */
void proof_find(struct proof *proof, int folder_fd, const struct stage_rest *rest, int64_t now_s);
void proof_done(struct proof *proof);

/* proof_judge: still: nothing was written around the snapshot, by its own proof. forced: the source would not come to rest (max_wait); then
 * this is a pause of its writer, however still it is. frozen: the snapshot. */
void proof_judge(struct proof *proof, const struct stage_rest *rest, bool still, bool forced,
                 const struct subvolume *frozen);

/* proof_tell: kind and Macs into the result (docs/protocol.md). */
void proof_tell(const struct proof *proof, struct stage_result *result);

#endif
