/* snapshots_option: where a pipeline's local snapshots lie, by its configuration; a machine that works for a broker elsewhere needs to know nothing of pipelines. Pure. */
#ifndef AOB_SNAPSHOTS_OPTION_H
#define AOB_SNAPSHOTS_OPTION_H

#include "lib/config.h"
#include "lib/stage_msg.h"

/* snapshots_option: the folder that the pipeline's snapshot stage is told to use; NULL: the usual one (subvolume_snapshots), also if pipeline is NULL. Owned by the caller, free(3). */
char *snapshots_option(const struct config_pipeline *pipeline);

/* snapshots_option_of: what the broker says in the request, which counts more than this machine's own configuration (NULL: none). Likewise. */
char *snapshots_option_of(const struct stage_request *request, const struct config *config);

#endif
