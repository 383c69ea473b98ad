/* take_in: a tree that lies on a disk here becomes an incoming tree's content, as if a client had sent it. Asked again after a break, it goes on: what is in the tree already is
 * passed over, file by file.
 *
 * The disk is as little to be trusted as a client: each of its names is opened beneath its folder without following a symlink, and nothing but regular files is read.
 * threads: one; the vault is locked. */
#ifndef AOB_TAKE_IN_H
#define AOB_TAKE_IN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/progress.h"
#include "receiver/incoming.h"

struct take_in {
	/* the caller's */
	int from_fd;         /* the tree */
	uint64_t files_most; /* of one that is recorded: more it can't have */
	bool recorded; /* it is a generation: its files carry their hashes, and what it does not have goes from the incoming tree */
	bool fake_super; /* rsync --fake-super made it, or may have */
	bool move;       /* its files may be taken away rather than copied, where blocks can't be shared */
	FILE *names;     /* what can't be taken, or not all of it, is named here, a line each */
	struct progress_bar *bar;
	/* what was found */
	uint64_t files, bytes; /* names of regular files; their content, each inode once */
	uint64_t there_files;  /* that were in the tree already */
	uint64_t shared_bytes, copied_bytes, moved_bytes;
	uint64_t damaged;   /* files that are not what they were, or can't be read */
	uint64_t sockets;   /* which nobody keeps */
	uint64_t elsewhere; /* other file systems and subvolumes below it */
};

/* take_in_run: in: a tree that is built (incoming_build). repeat: goes on. Damaged files are no error here: they are named and counted, and not in the tree.
 * errors: ERR_IO (the disk does not answer), ERR_SPACE, ERR_PERMISSION, ERR_BUSY (it is being written to), by errno */
int take_in_run(struct take_in *take, struct incoming *incoming, struct error *err);

#endif
