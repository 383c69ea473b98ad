/* strategy: how a generation begins as the last one without its blocks being copied.
 *
 * snapshot: the tree is a btrfs subvolume, and begins as a snapshot of the last generation. reflink: the tree begins as hard links; a file that changes
 * shares the blocks that did not (FICLONERANGE: btrfs, XFS). hardlink: the tree begins as hard links, and a file that changes is written whole.
 *
 * threads: none shared. source: btrfs-subvolume(8), ioctl_ficlonerange(2) */
#ifndef AOB_STRATEGY_H
#define AOB_STRATEGY_H

#include <stdbool.h>

#include "lib/error.h"

enum strategy { STRATEGY_AUTO, STRATEGY_SNAPSHOT, STRATEGY_REFLINK, STRATEGY_HARDLINK };

const char *strategy_name(enum strategy strategy); /* static */

/* strategy_named: errors: ERR_CONFIG */
int strategy_named(const char *name, enum strategy *strategy, struct error *err);

/* strategy_works: does the file system of this folder let us do it? Tried out with objects that are removed again. */
bool strategy_works(int folder_fd, enum strategy strategy);

/* strategy_choose: in: wanted: STRATEGY_AUTO: the recorded one; without one, the best that works. used: the vault has generations already, which an older
 * receiver made of plain folders: its strategy is not `snapshot` then unless that is wanted.
 * errors: ERR_CONFIG: it does not work there; no hard links at all (FAT, exFAT), or no attributes of users in a vault that is new, with the remedy */
int strategy_choose(int folder_fd, enum strategy wanted, enum strategy recorded, bool used, enum strategy *chosen,
                    struct error *err);

/* strategy_is_subvolume: is this open folder the root of a subvolume of its own? */
bool strategy_is_subvolume(int fd);

#endif
