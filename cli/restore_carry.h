/* restore_carry: does what the plan says: asks the vault for the content that is missing, some files at once (of a file that is there in another version, what differs), and puts all in its place.
 *
 * Half duplex in windows, as transfer/delta.h: a row of wishes in one frame, then all their answers; so neither side ever waits for the other while that one waits for it, and a
 * round trip is paid once a window. threads: one. */
#ifndef AOB_RESTORE_CARRY_H
#define AOB_RESTORE_CARRY_H

#include "cli/restore_plan.h"
#include "cli/unpack.h"
#include "wire/wire.h"

struct restore_carry {
	struct wire *wire;
	struct restore_plan *plan;
	struct unpack *unpack;
	int target_fd;
	/* Called behind each frame that came; -1 ends it. */
	int (*moved)(void *context, struct error *err);
	void *context;
};

/* restore_carry_run: all but the folders' metadata. errors: ERR_PROTOCOL, the wire's, unpack's */
int restore_carry_run(const struct restore_carry *carry, struct error *err);

/* restore_carry_settle: the folders' metadata; no wire. With root: that of the target itself alone; without: of all others. */
int restore_carry_settle(const struct restore_carry *carry, bool root, struct error *err);

#endif
