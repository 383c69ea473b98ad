/* build: how the incoming tree begins: as the last generation, by the vault's strategy.
 *
 * threads: one. */
#ifndef AOB_BUILD_H
#define AOB_BUILD_H

#include "receiver/ticker.h"
#include "receiver/vault.h"

/* build_tree: makes the folder or subvolume `name` in parent_fd like the one that base_fd is open on; base_fd -1: empty. A base of another kind than the strategy
 * makes (it was changed) is copied, once, sharing blocks where the file system can.
 * out: *parted: a group of hard links had all the names that it can have, and has come apart. errors: ERR_SPACE, by errno */
int build_tree(const struct vault *vault, int base_fd, int parent_fd, const char *name, struct ticker *ticker,
               bool *parted, struct error *err);

#endif
