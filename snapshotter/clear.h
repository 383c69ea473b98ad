/* clear: old snapshots of the pipeline go: what runs left behind that failed, were cancelled, given up or overtaken. The vault isn't asked, so
 * that it happens while the vault can't be reached; which one is the anchor is in the broker's request. */
#ifndef AOB_CLEAR_H
#define AOB_CLEAR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/stage_main.h"

struct clear {
	struct stage_job *job;
	const struct stage_request *request;
	const char *folder; /* of the snapshots; borrowed */
	uint64_t *removed;  /* IDs of the subvolumes that went; clear_done */
	size_t n_removed;
};

/* clear_old: removes every snapshot of the pipeline but the anchor, the run's own, and the newest others that the pruner is to keep (`local`; none
 * when room is asked for). Nothing if the request doesn't name the anchor, or is a dry run. result: rows "removed"; may be NULL.
 * One that can't be removed is logged, and the others still go. repeat: safe.
 * errors: of the first that could not be removed, by errno */
int clear_old(struct clear *clear, struct stage_result *result, struct error *err);

/* clear_wait: until the file system has given back what those took, for five minutes at most, or until the job is cancelled.
 * btrfs does it in the background; without waiting, the room that comes is not seen, and more would be given up than needed. */
void clear_wait(const struct clear *clear, int source_fd);

void clear_done(struct clear *clear);

#endif
