/* detect: finds out what is to be sent, in the cheapest way that is sure: what btrfs itself knows of the changes since the anchor; else snapshot and
 * anchor compared on this machine; else the snapshot compared with the vault's listing, which needs nothing to be remembered.
 *
 * threads: one. */
#ifndef AOB_DETECT_H
#define AOB_DETECT_H

#include "lib/error.h"
#include "transfer/anchor.h"
#include "transfer/compare.h"
#include "transfer/parts.h"
#include "transfer/plan.h"
#include "transfer/sender.h"

/* `detection:` of the step: the cheapest way that may be taken. */
enum detect_way { DETECT_AUTO, DETECT_SNAPSHOTS, DETECT_LISTING };

struct detect_input {
	enum detect_way way;
	struct sender *sender;
	int snapshot_fd;             /* of the subvolume that is read; -1: it is none */
	int folder_fd;               /* of the source folder in it */
	const struct anchor *anchor; /* NULL: there is none */
	const char *
	        why_not; /* the changes since the anchor are not what the vault lacks, for this reason, which is for people; NULL: they are */
	const char *const *excludes;
	uint64_t base_files, base_bytes;
};

/* detect_way_named: "auto", "snapshots", "listing". errors: ERR_CONFIG */
int detect_way_named(const char *name, enum detect_way *way, struct error *err);

/* detect_is_nested: the placeholder of a subvolume that lies in this one: no folder of this tree. Pure. */
bool detect_is_nested(const struct entry *entry);

/* detect_changes: out: *plan, the caller's; parts: filled if a listing was asked for; *how: static, for the log; *since_anchor: the plan is all that differs from the anchor.
 * errors: the wire's, by errno, ERR_SPACE */
int detect_changes(const struct detect_input *in, struct plan **plan, struct compare_totals *totals,
                   struct parts *parts, const char **how, bool *since_anchor, struct error *err);

/* detect_since_anchor: all that the snapshot differs in from the anchor, cheaply or not at all, as it is only to be told: what `why_not` says of the vault does
 * not matter. Returns 1: *plan, the caller's; 0: it would take a comparison; -1: the wire's. */
int detect_since_anchor(const struct detect_input *in, struct plan **plan, struct error *err);

#endif
