/* changes: what is to be sent, worked out of an overlay: only the objects that a send stream spoke of are looked at, in the snapshot and in the anchor.
 *
 * The order in which moves are planned is the one in which they can be taken away: what lay deepest first. Where something cannot be told from an
 * overlay alone (hard links, also those with names that are not backed up; moves over the edge of the source folder), it says so, and the two trees are compared instead.
 *
 * threads: one. */
#ifndef AOB_CHANGES_H
#define AOB_CHANGES_H

#include <stdio.h>

#include "lib/error.h"
#include "lib/inside.h"
#include "transfer/compare.h"
#include "transfer/overlay.h"
#include "transfer/plan.h"

struct changes_input {
	struct overlay *overlay; /* settled */
	FILE *extents;           /* as follow_stream filled it */
	struct inside *snapshot; /* of the source folder in the snapshot */
	struct inside *anchor;   /* and in the anchor */
	int snapshot_fd;         /* of the subvolume, whole: to look at what is not backed up */
	const char *below;       /* the source folder's path in its subvolume; "" */
	const char *const *excludes;
	uint64_t base_files, base_bytes;               /* what the last generation holds */
	int (*busy)(void *context, struct error *err); /* called for each object that is looked at: -1 ends it */
	void *context;
};

/* changes_plan: returns: 0 (plan filled, *totals of the snapshot); 1: it takes a comparison (*why, static; nothing planned); -1.
 * errors: by errno, ERR_SPACE, ERR_PROTOCOL (the overlay and the trees do not belong together) */
int changes_plan(const struct changes_input *in, struct plan *plan, struct compare_totals *totals, const char **why,
                 struct error *err);

#endif
