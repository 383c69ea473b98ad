/* seed_wait: what a seed, on a disk that a person carries to the vault, means for a transfer. docs/seeding.md
 *
 * threads: one. */
#ifndef AOB_SEED_WAIT_H
#define AOB_SEED_WAIT_H

#include <stdbool.h>

#include "lib/stage_msg.h"
#include "wire/remote_list.h"

/* seed_wait: if a seed is on its way: has the vault taken it up? All that it holds would else cross the link once more.
 * out: *taken_up: it was on its way, and has been. errors: ERR_LOCKED (not yet, and what to do), ERR_DAMAGED (what was taken up
 * does not come to the root hash that this machine computed of the seed), those of remote_list */
int seed_wait(struct remote *remote, const struct stage_request *request, bool *taken_up, struct error *err);

/* seed_wait_place: where a seed is to be written is a folder that nobody but root (or this process's user) may write to: who may speak to the broker is not to lead root's writing anywhere.
 * errors: ERR_REFUSED, by errno */
int seed_wait_place(const struct stage_request *request, struct error *err);

/* seed_wait_over: that generation is the seed, or as new, so that the vault would refuse the seed: then nothing is waited for any more. Pure. */
bool seed_wait_over(const struct stage_seed *seed, const struct generation_info *generation);

/* seed_wait_room: does a seed fit on its disk? first: nothing lies there that it could share blocks with; new_bytes: of files that are to be sent. What holes spare is looked at only if it
 * matters. errors: ERR_SPACE, those of tree_walk_next */
int seed_wait_room(int folder_fd, bool first, uint64_t new_bytes, const struct remote_welcome *welcome,
                   struct error *err);

#endif
