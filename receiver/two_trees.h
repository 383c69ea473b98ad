/* two_trees: two trees, or the same part of both, side by side in entry_order: what only one of them has, and what both have at one place.
 *
 * lifetime: of each side two_trees_open (an all-zero one is one where nothing is), of both two_trees_close. threads: one. */
#ifndef AOB_TWO_TREES_H
#define AOB_TWO_TREES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/tree_walk.h"

struct two_trees_side {
	const struct entry *entry; /* path and type, of folders everything; NULL: the end */
	int parent_fd;             /* where it lies, and its name there */
	const char *name;
	struct stat st; /* of what is no folder; the mode is 0 if it is gone by now, or */
	int sys;        /* … for this errno can't be looked at; 0: it was */
	/* private */
	struct tree_walk *walk;
	bool only; /* there is no walk, but this one entry: */
	struct entry root;
	struct entry_memory memory;
	int folder_fd, root_parent_fd;
	const char *root_name;
};

struct two_trees {
	struct two_trees_side a, b;
	const struct two_trees_side *failed; /* whose the last error was; its place is tree_walk_at */
	/* private */
	bool begun;
	int order;
};

/* two_trees_open: in: what lies at `name` in the open folder parent_fd (both borrowed until closed): a folder with all in it, or one other entry; what is not there is no
 * error. errors: by errno, those of entry_read */
int two_trees_open(struct two_trees_side *side, int parent_fd, const char *name, struct error *err);
void two_trees_close(struct two_trees *trees);
/* two_trees_drop: nothing more comes from that side; also of one that could not be opened. */
void two_trees_drop(struct two_trees_side *side);

/* two_trees_next: 1: *order < 0: only a has it, > 0: only b, 0: both; valid until the next call. 0: the end. -1: those of tree_walk_next, behind which it may be gone on with as there; something that both have may be told as
 * of one then */
int two_trees_next(struct two_trees *trees, int *order, struct error *err);

/* two_trees_read: all of the entry that the side stands at. errors: those of entry_read */
int two_trees_read(const struct two_trees_side *side, struct entry_memory *memory, struct entry *entry,
                   struct error *err);

#endif
