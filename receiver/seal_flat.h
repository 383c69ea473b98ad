/* seal_flat: what a large folder without folders in it holds, by what the same folder of the generation before held: only what differs is looked at, and the sum (lib/tree_digest.h) that was remembered of that one is put right by it.
 *
 * A large folder has it in its attribute user.aob.sum: u64 how many, and its 1024 numbers. Of another use than this none is made of it; so what it says of a folder that has changed since does no harm: it has to come to what user.aob.tree says.
 *
 * threads: one for each tree. */
#ifndef AOB_SEAL_FLAT_H
#define AOB_SEAL_FLAT_H

#include "lib/tree_digest.h"
#include "receiver/ticker.h"

#define SEAL_FLAT_LEAST 512u /* names; with fewer, all of them are looked at */

struct seal_flat {
	struct tree_digest *digest;
	struct ticker *ticker;  /* begun */
	int folder_fd, base_fd; /* the folder, and what it was before */
	const char *skip;       /* a name in the folder that does not belong to the tree; NULL */
	const char *path;       /* for errors */
	uint64_t unhashed;      /* counted up: files that were read, as they had no recorded hash */
};

/* seal_flat_sum: in: flat->folder_fd and base_fd. 1: *list is the folder's, 0: it takes a look at all of it, -1. cost: two readings of its names, and of the inodes' times. errors: by errno, the ticker's */
int seal_flat_sum(struct seal_flat *flat, struct tree_list *list, struct error *err);

/* seal_flat_keep: it was looked at: its sum is remembered, if it is large and holds no folder. What can't be remembered is looked at again the next time. */
void seal_flat_keep(int folder_fd, const struct tree_list *list);
/* seal_flat_copy: of one folder to another that is to hold the same. */
void seal_flat_copy(int from_fd, int to_fd);

#endif
