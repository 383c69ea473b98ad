/* delta: sends the content of the plan's files as librsync deltas, against the receiver's signatures where it has an older content.
 *
 * Half duplex in windows: a few signatures are asked for and spooled, then those deltas are sent; so neither side ever waits for the other while
 * that one waits for it, and a round trip is paid once a window, not once a file. Block lengths are multiples of 4096, the unit that databases and
 * disk images are written in. source: the rsync algorithm (Tridgell, Mackerras 1996), librsync */
#ifndef AOB_DELTA_H
#define AOB_DELTA_H

#include <stddef.h>
#include <stdint.h>

#include "transfer/plan.h"
#include "transfer/sender.h"

struct delta_lengths {
	uint32_t block;
	uint32_t strong;
	uint64_t signature_bytes; /* of the whole signature */
};

/* delta_lengths: for an old content of that size. Pure. careful: full-length strong hashes. */
struct delta_lengths delta_lengths(uint64_t old_bytes, bool careful);

/* delta_send_files: the plan's PLAN_FILES. errors: the wire's, ERR_IO, ERR_BUSY (a file changed while it was read), ERR_SPACE (spool) */
int delta_send_files(struct sender *sender, struct plan *plan, struct error *err);

#endif
