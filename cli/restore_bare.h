/* restore_bare: `aob restore` from a vault where nothing of ours is at the far end: rsync brings it. */
#ifndef AOB_RESTORE_BARE_H
#define AOB_RESTORE_BARE_H

#include "cli/restore_options.h"
#include "lib/config.h"

/* restore_bare_run: prints the result. repeat: safe: what is there and right does not cross again; a part of a file is gone on with.
 * errors: ERR_CONFIG (an option that takes a receiver), ERR_REFUSED (the target is not empty), ERR_NOT_FOUND, ERR_DAMAGED (there are not as many files as were published), those of bare_open and
 * bare_rsync_run */
int restore_bare_run(const struct restore_options *options, const struct config_pipeline *pipeline, struct error *err);

#endif
