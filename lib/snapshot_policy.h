/* snapshot_policy: which of a pipeline's local snapshots stay. Pure. Used by the snapshotter, which needs no vault for it, and by the pruner.
 */
#ifndef AOB_SNAPSHOT_POLICY_H
#define AOB_SNAPSHOT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_POLICY_REASON_SIZE 128

struct snapshot_policy_item { /* a local snapshot of the pipeline; strings borrowed */
	const char *run;
	const char *uuid;
	uint64_t order; /* larger: made later, by the file system's own count */
};

struct snapshot_policy_verdict {
	bool keep;
	char reason[SNAPSHOT_POLICY_REASON_SIZE]; /* "anchor of the next difference" */
};

/* snapshot_policy_judge: keeps the anchor (the snapshot that the vault's current generation was made of: the basis of the next
 * difference), the one of a seed on its way to the vault (it will be the anchor), the snapshot of this very run, and the `more` newest others. anchor_uuid, run: "" for
 * none; seed_uuid: likewise, or NULL; others: those that other pipelines count on, NULL-terminated, or NULL. Any order. */
void snapshot_policy_judge(const char *anchor_uuid, const char *seed_uuid, const char *const *others, const char *run,
                           uint64_t more, const struct snapshot_policy_item *snapshots, size_t n,
                           struct snapshot_policy_verdict *verdicts);

/* snapshot_policy_run: the run in a snapshot's name "<pipeline>.<run>"; NULL if it is no snapshot of this pipeline. The
 * run is checked to the letter, as pipeline names may hold dots. Borrowed from name. */
const char *snapshot_policy_run(const char *name, const char *pipeline);

#endif
