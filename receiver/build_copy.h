/* build_copy: begins a tree as a copy of another one on the same file system, sharing blocks where that can: for the one time that links or a snapshot
 * can't be made of the last generation, after the strategy was changed. Names that are one file stay one file. */
#ifndef AOB_BUILD_COPY_H
#define AOB_BUILD_COPY_H

#include <stdbool.h>

#include "lib/error.h"
#include "receiver/ticker.h"

/* build_copy: to_fd: an empty folder. errors: ERR_SPACE, by errno */
int build_copy(int from_fd, int to_fd, bool fake_super, struct ticker *ticker, struct error *err);

#endif
