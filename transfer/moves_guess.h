/* moves_guess: finds among the new files of a comparison those that only have another name: files that go are remembered by what identifies them, in
 * bounded memory, and each is given to the first new file that fits. Where only size and time tell, a file of the same name goes before others, and what fits two of them
 * fits none.
 *
 * lifetime: moves_guess_new / moves_guess_destroy. threads: one. */
#ifndef AOB_MOVES_GUESS_H
#define AOB_MOVES_GUESS_H

#include <stdbool.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "transfer/plan.h"

struct moves_guess;

/* moves_guess_new: by_inode: the files that go are the anchor's, and an inode is the same one as before; else size and time must be equal. */
int moves_guess_new(bool by_inode, struct moves_guess **moves, struct error *err);
void moves_guess_destroy(struct moves_guess **moves);

/* moves_guess_leaving: a file that goes; alone: its own removal is in the plan, and not just that of a folder that it lies in. errors: link_map's */
int moves_guess_leaving(struct moves_guess *moves, const struct entry *file, bool alone, struct error *err);

/* moves_guess_resolve: every item of PLAN_DRAFT finds its place in the other lists. What moved counts no more as removed. errors: the plan's, link_map's */
int moves_guess_resolve(struct moves_guess *moves, struct plan *plan, struct error *err);

#endif
