/* parents: the folders that lead to a place, made if they are not there. */
#ifndef AOB_PARENTS_H
#define AOB_PARENTS_H

#include <sys/types.h>

#include "lib/inside.h"

/* parents_locate: the open folder that path's last name lies in, or would; those above it are made with this mode if they are missing.
 * out: as inside_parent. errors: those of inside_parent but ERR_NOT_FOUND; by errno */
int parents_locate(struct inside *inside, const char *path, mode_t mode, int *parent_fd, const char **leaf,
                   struct error *err);

#endif
