/* restore_excludes: what a pipeline leaves out of its backups: a restore over its source leaves that alone.
 *
 * lifetime: restore_excludes_init / restore_excludes_done. */
#ifndef AOB_RESTORE_EXCLUDES_H
#define AOB_RESTORE_EXCLUDES_H

#include "lib/config.h"

struct restore_excludes {
	const char **patterns; /* as lib/exclude.h; NULL-terminated */
	struct json_t *json;   /* private; they lie in it */
};

/* restore_excludes_init: pipeline: NULL: nothing is known of it. */
int restore_excludes_init(struct restore_excludes *excludes, const struct config_pipeline *pipeline, struct error *err);
void restore_excludes_done(struct restore_excludes *excludes);

#endif
