/* tree_walk: visits a tree in entry_order, folder by folder, each held open by descriptor and never through a symlink.
 * Mount points are shown as empty folders and not entered. Memory: bounded, whatever the number of names in a folder (folder_names.h).
 *
 * lifetime: tree_walk_new / tree_walk_destroy. threads: one. */
#ifndef AOB_TREE_WALK_H
#define AOB_TREE_WALK_H

#include <stdbool.h>

#include "lib/entry.h"
#include "lib/error.h"

struct tree_walk;

/* tree_walk_new: root_fd stays the caller's. digest: as entry_read. excludes: as lib/exclude.h; borrowed. */
int tree_walk_new(int root_fd, bool digest, const char *const *excludes, struct tree_walk **walk, struct error *err);
/* tree_walk_light: of everything but folders, only path and type (and with fs that do not tell it in the folder, what stat tells). Call before the first
 * tree_walk_next. */
void tree_walk_light(struct tree_walk *walk);
/* tree_walk_fake_super: it is the tree of an rsync --fake-super, whoever walks (entry.h). Call before the first tree_walk_next. */
void tree_walk_fake_super(struct tree_walk *walk);
/* tree_walk_plain: it is none. Likewise. */
void tree_walk_plain(struct tree_walk *walk);
/* tree_walk_whole: nothing changes there: what vanishes between listing and reading is ERR_NOT_FOUND, not passed over. Likewise. */
void tree_walk_whole(struct tree_walk *walk);
void tree_walk_destroy(struct tree_walk **walk);

/* tree_walk_next: 1: *entry (and the folder it lies in, its name there) valid until the next call; the root "" comes first.
 * 0: the end. -1: error, naming the path. An object that vanished between listing and reading is passed over, unless tree_walk_whole. */
int tree_walk_next(struct tree_walk *walk, const struct entry **entry, int *parent_fd, const char **name,
                   struct error *err);

/* tree_walk_at: the path of the last one that it came to; behind an error, of what could not be read. It may be gone on with then: what it was, and what lies in it, is passed over. (Where that is of no use, the error
 * comes again.) */
const char *tree_walk_at(const struct tree_walk *walk);

/* tree_walk_skip: do not enter the folder that tree_walk_next just gave. */
void tree_walk_skip(struct tree_walk *walk);

#endif
