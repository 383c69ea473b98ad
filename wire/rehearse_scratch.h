/* rehearse_scratch: a private folder for what a rehearsal brings back, in $TMPDIR, else /var/tmp (lib/scratch.h says why). Gone when it is closed; one that a killed process left goes when the next one
 * is opened: its lock tells that nobody has it.
 *
 * lifetime: rehearse_scratch_open / rehearse_scratch_close. threads: none shared. */
#ifndef AOB_REHEARSE_SCRATCH_H
#define AOB_REHEARSE_SCRATCH_H

#include <limits.h>
#include <stdint.h>

#include "lib/error.h"

#define REHEARSE_SCRATCH_PREFIX "aob-rehearsal-"

struct rehearse_scratch {
	char path[PATH_MAX];
	int fd; /* locked; -1: not open */
};

/* rehearse_scratch_sweep: removes what killed ones left. What can't be is left, and tried again next time. */
void rehearse_scratch_sweep(void);

/* rehearse_scratch_open: sweeps, and makes one. errors: by errno */
int rehearse_scratch_open(struct rehearse_scratch *scratch, struct error *err);
/* rehearse_scratch_bytes: what the files below a folder in it take of the disk, as far as it can be seen. */
uint64_t rehearse_scratch_bytes(const struct rehearse_scratch *scratch, const char *name);
/* rehearse_scratch_clear: a folder in it goes, with all that it holds. errors: by errno */
int rehearse_scratch_clear(const struct rehearse_scratch *scratch, const char *name, struct error *err);
/* rehearse_scratch_close: repeat: safe */
void rehearse_scratch_close(struct rehearse_scratch *scratch);

#endif
