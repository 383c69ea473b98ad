/* below: a part of a tree, with its paths as they are from the root of the whole. */
#ifndef AOB_BELOW_H
#define AOB_BELOW_H

#include <stdbool.h>

#include "lib/entry.h"
#include "wire/wire.h"

struct below {
	char whole[2 * WIRE_PATH_MAX + 2]; /* private */
};

/* below_entry: in: part: where the part lies in the whole, "" for all of it, at most WIRE_PATH_MAX bytes; found: with a path from there.
 * out: *entry: found, with the whole path; valid as long as found and until the next call. errors: ERR_INPUT (too long) */
int below_entry(struct below *below, const char *part, const struct entry *found, struct entry *entry,
                struct error *err);

struct below_walk {
	int whole_fd;
	const char *part; /* as for below_entry */
	bool digests;     /* attributes are read as their digest only */
	bool flat;        /* of a folder only it and its own names */
	/* Called in tree order; the entry lies in parent_fd as `name`. -1 ends the walk. */
	int (*each)(void *context, int parent_fd, const char *name, const struct entry *entry, struct error *err);
	void *context;
};

/* below_walk: a folder with all in it, or one other entry. errors: ERR_NOT_FOUND, ERR_REFUSED (a symlink or a file on the way), each's, by errno */
int below_walk(struct below *below, const struct below_walk *walk, struct error *err);

#endif
