/* take_file: one file of a tree that lies on a disk here, as a part of an incoming tree: by sharing its blocks, by copying it hole for hole, or by taking it out of where it lies;
 * hashed on the way, and held against the hash that it carries.
 *
 * lifetime: take_file_init / take_file_done. threads: one. */
#ifndef AOB_TAKE_FILE_H
#define AOB_TAKE_FILE_H

#include <stdbool.h>

#include "lib/entry.h"
#include "lib/progress.h"
#include "receiver/flusher.h"
#include "receiver/incoming.h"
#include "receiver/write_out.h"

enum take_file_result { TAKE_FILE_TAKEN, TAKE_FILE_DAMAGED, TAKE_FILE_UNREADABLE };

struct take_file {
	struct incoming *incoming;
	bool recorded; /* each file must carry its hash; else one that carries none is taken as it is */
	bool move;     /* what is no copy already may be taken away from where it lies */
	struct progress_bar *bar;
	uint64_t shared_bytes, copied_bytes, moved_bytes;
	/* private */
	enum { SHARING_UNKNOWN, SHARING_WORKS, SHARING_FAILS } sharing;
	bool marked;         /* that files are taken away */
	uint64_t hole_bytes; /* that were hashed */
	struct flusher *flusher;
	struct write_out write_out;
	unsigned char *piece;
};

/* take_file_init: the fields above `private` are the caller's to fill in, before. */
int take_file_init(struct take_file *take, struct error *err);
void take_file_done(struct take_file *take);

/* take_file_take: in: the entry, with all attributes, of the file `name` in the open folder from_fd. It takes its place in the incoming tree, at entry->path.
 * out: *result: with TAKE_FILE_DAMAGED (why: what is wrong with it, static) and TAKE_FILE_UNREADABLE (*err is set) nothing was done.
 * errors: ERR_BUSY (it is being written to), ERR_PERMISSION, ERR_SPACE, by errno */
int take_file_take(struct take_file *take, int from_fd, const char *name, const struct entry *entry,
                   enum take_file_result *result, const char **why, struct error *err);

#endif
