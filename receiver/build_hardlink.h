/* build_hardlink: the strategy "hardlink": a new generation begins as a tree of hard links to the last one. Works on every file system that
 * has hard links, as any user. What changes later becomes a new inode (apply.h), so nothing reaches into the older generation. */
#ifndef AOB_BUILD_HARDLINK_H
#define AOB_BUILD_HARDLINK_H

#include <stdbool.h>

#include "lib/error.h"
#include "receiver/ticker.h"

/* build_hardlink: fill the empty folder to_fd. A file that can't get another link (EMLINK) is copied: *parted tells it, as a group of
 * links in the tree has come apart then. errors: by errno */
int build_hardlink(int from_fd, int to_fd, bool fake_super, struct ticker *ticker, bool *parted, struct error *err);

#endif
