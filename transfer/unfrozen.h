/* unfrozen: a source that nothing could freeze (`driver: none`) is read as it is. If anything was written to it meanwhile, what was read is no instant of it: then it is read again, of which only
 * crosses what differs; three times at most. Then what was read is published all the same, marked `in-flight`, so that a source that is always written to is in the vault, too.
 *
 * lifetime: unfrozen_init, for all passes of one job. threads: one. */
#ifndef AOB_UNFROZEN_H
#define AOB_UNFROZEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/stage_msg.h"

#define UNFROZEN_PASSES 3 /* that must find it at rest; another one takes it as it is */

struct unfrozen {
	bool is;                 /* false: there is a snapshot, and nothing of this matters */
	unsigned pass;           /* from 1 */
	const char *file_system; /* that the source lay on at the snapshot step, and … */
	uint64_t inode;          /* … its folder there; 0: not told */
	uint64_t before;         /* the fingerprint when the pass began; 0: not known */
	const char *state;       /* of the generation, as far as is known */
	bool macs;               /* a later pass says nothing of what the snapshot step saw of them */
	int (*busy)(void *context,
	            struct error *err); /* between two steps of a long look; set by the caller; -1 (err set) gives up */
	void *context;
};

/* unfrozen_init: in: request: borrowed for all passes. */
void unfrozen_init(struct unfrozen *unfrozen, const struct stage_request *request);

/* unfrozen_begin: before anything is read. errors: ERR_IO (another folder lies there than at the snapshot step: a disk was unmounted), by errno, busy's */
int unfrozen_begin(struct unfrozen *unfrozen, int folder_fd, struct error *err);

/* unfrozen_check: after something was read: ERR_BUSY: anything was written since unfrozen_begin. Never of a pass that takes it as it is. errors: by errno, busy's */
int unfrozen_check(struct unfrozen *unfrozen, int folder_fd, struct error *err);

/* unfrozen_as_it_is: this pass does: no proof can be had of it. */
bool unfrozen_as_it_is(const struct unfrozen *unfrozen);

/* unfrozen_late: the last pass failed with err: what a writer may have done is no fault of anybody: the run is deferred (ERR_BUSY), and the watch goes on. */
void unfrozen_late(const struct unfrozen *unfrozen, struct error *err);

/* unfrozen_again: the pass failed with err: is it to be read again? Then err is logged and cleared, and the next pass begins. */
bool unfrozen_again(struct unfrozen *unfrozen, struct error *err);

#endif
