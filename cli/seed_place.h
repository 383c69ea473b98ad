/* seed_place: may a seed be written there? A disk that a person carries: not the machine's own, where it would fill what others need, and not one that can't hold what a backup keeps. */
#ifndef AOB_SEED_PLACE_H
#define AOB_SEED_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "lib/config.h"
#include "lib/error.h"

#define SEED_PLACE_SIZE (PATH_MAX + 16)

/* seed_place_make: in: dir: the disk's mount point; force: also if it is none, or on the source's own disk. Makes the folder on it that the seed goes into.
 * out: root: that folder, absolute, without symlinks. errors: ERR_NOT_FOUND, ERR_CONFIG (with the remedy), ERR_PERMISSION, by errno */
int seed_place_make(const struct config *config, const struct config_pipeline *pipeline, const char *dir, bool force,
                    char root[SEED_PLACE_SIZE], struct error *err);

#endif
