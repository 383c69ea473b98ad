/* snapshots_option: where a pipeline's local snapshots lie, by its configuration. Pure. */
#ifndef AOB_SNAPSHOTS_OPTION_H
#define AOB_SNAPSHOTS_OPTION_H

#include "lib/config.h"

/* snapshots_option: the folder that the pipeline's snapshot stage is told to use; NULL: the usual one (subvolume_snapshots), also if pipeline is NULL. Owned by the caller, free(3). */
char *snapshots_option(const struct config_pipeline *pipeline);

#endif
