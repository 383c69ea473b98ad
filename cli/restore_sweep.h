/* restore_sweep: over a live folder: what is there and is not in the generation is taken away, into what is kept aside. Of that only what was asked for: paths that the restore takes. What
 * backups never have stays: what the pipeline excludes, sockets, other file systems, pipes and devices that are not restored; and what restores have kept aside before.
 *
 * threads: one. */
#ifndef AOB_RESTORE_SWEEP_H
#define AOB_RESTORE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/restore_aside.h"
#include "cli/restore_pick.h"
#include "cli/restore_plan.h"

struct restore_sweep {
	int target_fd;
	struct restore_plan *plan;   /* complete */
	struct restore_aside *aside; /* NULL: only counted */
	const char *const *excludes; /* as lib/exclude.h */
	const char *work_name;       /* of the restore's own folder */
	const struct restore_pick *pick;
	int (*busy)(void *context, struct error *err); /* called now and then; -1 ends it */
	void *context;
};

/* restore_sweep_run: out: *swept: how many, a folder with all in it as one. repeat: safe. errors: restore_aside's, by errno */
int restore_sweep_run(const struct restore_sweep *sweep, uint64_t *swept, struct error *err);

#endif
