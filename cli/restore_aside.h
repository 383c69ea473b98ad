/* restore_aside: what a restore over a live folder replaces or takes away is kept, under the path that it had, in a folder of the target: so nothing is lost, and each
 * of it comes back by a rename. The folder is made when the first thing goes there.
 *
 * lifetime: restore_aside_new / restore_aside_destroy. threads: one. */
#ifndef AOB_RESTORE_ASIDE_H
#define AOB_RESTORE_ASIDE_H

#include <stdint.h>

#include "lib/error.h"

#define RESTORE_ASIDE_PREFIX ".aob-replaced-"
#define RESTORE_ASIDE_NAME_SIZE 40

struct restore_aside;

/* restore_aside_new: target_fd: borrowed. name: of the folder in it; borrowed. Nothing is made yet. */
int restore_aside_new(int target_fd, const char *name, struct restore_aside **aside, struct error *err);
void restore_aside_destroy(struct restore_aside **aside);

/* What lies in parent_fd as leaf, and has that path in the target; nothing there is no error. Killed anywhere, it lies at one of both places; repeat: safe.
 * restore_aside_swap: what lies in from_fd as `from`, on the same file system, takes its place at one stroke, so that what somebody else puts there meanwhile is kept, too, whenever that is;
 * where the file system can't do that, nothing is in that place for a moment. restore_aside_move: it is gone from its place.
 * errors: ERR_REFUSED (it is on another file system, or one is mounted on it), ERR_SPACE, by errno */
int restore_aside_swap(struct restore_aside *aside, int from_fd, const char *from, int parent_fd, const char *leaf,
                       const char *path, struct error *err);
int restore_aside_move(struct restore_aside *aside, int parent_fd, const char *leaf, const char *path,
                       struct error *err);

/* restore_aside_count: of those that went there, a folder with all in it as one. */
uint64_t restore_aside_count(const struct restore_aside *aside);

#endif
