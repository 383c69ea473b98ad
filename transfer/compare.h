/* compare: holds the snapshot against the receiver's listing of the incoming tree, both in tree order, and writes down what must be sent to make
 * them equal. Asked again after a break it finds what is left: there is no other bookkeeping.
 *
 * A file is taken as unchanged if size and mtime (ns) are the same, as rsync does, and the vault's side does not doubt it. Hard links: the first name of an inode in tree order carries the
 * content, the others become links to it; what shares an inode in the vault, but not in the source any more, is sent anew.
 *
 * A new file that looks like one that goes is planned as a move: the same inode, where the other side is the anchor; the same size and time, where it
 * is the vault's listing, and then the content is checked by its hash. */
#ifndef AOB_COMPARE_H
#define AOB_COMPARE_H

#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "transfer/plan.h"

struct compare_totals {
	uint64_t files;   /* names of regular files in the snapshot */
	uint64_t bytes;   /* their content, each inode once */
	uint64_t skipped; /* sockets: they mean nothing without their process */
};

/* What the comparison asks of both sides, so that it can be tested without them. */
struct compare_side {
	/* 1: *entry valid until the next call; 0: the end; -1 */
	int (*next)(void *context, const struct entry **entry, struct error *err);
	/* Of the vault's side, may be NULL. 1: the source's file, which has the size and the time of the vault's, may have another content all the same; 0; -1 */
	int (*doubts)(void *context, const struct entry *source, struct error *err);
	void *context;
};

/* What the other side is. */
enum compare_with {
	COMPARE_VAULT, /* the vault's listing */
	COMPARE_ANCHOR /* the snapshot that the vault's last generation was made from */
};

/* compare_trees: errors: those of the sides; ERR_PROTOCOL if the listing is not in order; ERR_SPACE */
int compare_trees(const struct compare_side *source, const struct compare_side *vault, enum compare_with with,
                  struct plan *plan, struct compare_totals *totals, struct error *err);

#endif
