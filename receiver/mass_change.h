/* mass_change: how much of the last generation is not in the next one any more: measured, by looking at both trees. For when the tally does not tell.
 *
 * A file is there if its inode is, or its content (by its recorded SHA-256) under any name. Of a file with another content at its old place, what is equal at
 * the same offset is kept. What can't be read counts as lost: the brake errs on the side that keeps.
 * cost: a walk over both trees; the content is read of files that differ, alone. */
#ifndef AOB_MASS_CHANGE_H
#define AOB_MASS_CHANGE_H

#include <stdint.h>

#include "lib/error.h"
#include "receiver/ticker.h"

/* Files of which more than their name and place is remembered while it is looked for what was moved; beyond, what was moved counts as lost. */
#define MASS_CHANGE_REMEMBERED ((size_t)500000)

struct mass_change {
	uint64_t base_files, base_bytes; /* names of regular files, the size of each */
	uint64_t files, bytes;           /* of the new tree */
	uint64_t lost_files, lost_bytes; /* of the base, as in struct brake_question */
};

/* mass_change_measure: base_fd, tree_fd: the open roots. ticker: a step an object, and a MiB. errors: a folder that can't be read, ERR_SYSTEM, the wire's */
int mass_change_measure(int base_fd, int tree_fd, struct ticker *ticker, struct mass_change *change, struct error *err);

#endif
