/* seal: the root hash (lib/tree_digest.h) of a tree of the vault, from what lies there: metadata, and the recorded hashes of the files' content.
 *
 * What a folder holds is remembered in its attribute user.aob.tree, as 32 bytes: the next generation begins with it, and only folders in which something has changed
 * are looked into again. A folder without it has only folders without it above: so a change takes it from its folder and upwards until there is none any more, before
 * it is made. Killed in between: looked into once more.
 *
 * threads: one for each tree. */
#ifndef AOB_SEAL_H
#define AOB_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/tree_fold.h"
#include "receiver/ticker.h"

enum seal_how {
	SEAL_KEEP, /* what is remembered counts, and is completed */
	SEAL_ANEW, /* nothing of it counts, all is remembered anew */
	SEAL_LOOK  /* nothing of it counts, and nothing is written */
};

struct seal {
	const char *skip; /* a name in the root that does not belong to the tree; NULL */
	enum seal_how how;
	bool has_base; /* of SEAL_KEEP: */
	int base_fd; /* the generation that the tree began as: of large folders only what differs from it is looked at (seal_flat.h) */
	int (*child)(void *context, const char *name, enum entry_type type, const uint8_t digest[TREE_DIGEST_BYTES],
	             struct error *err); /* may be NULL: as tree_fold_hooks */
	void *context;
	struct ticker *ticker; /* begun */
	uint8_t root[TREE_DIGEST_BYTES];
	uint64_t unhashed; /* files whose content was read, as no hash of it was recorded */
};

/* seal_possible: does this file system have attributes at all? */
bool seal_possible(int folder_fd);

/* seal_believe_none: from now on SEAL_KEEP of a whole tree is SEAL_ANEW. Called once, before there are threads, by who keeps a vault on GlusterFS: there a heal does not bring back times, so what a folder is
 * made by, and what its own folder remembers of it, may be of two bricks, and differ. */
void seal_believe_none(void);

/* seal_root: in: tree_fd: the tree's root. out: seal->root, seal->unhashed. errors: by errno, the ticker's */
int seal_root(int tree_fd, struct seal *seal, struct error *err);

/* seal_break: something in this folder of the tree is about to change. errors: by errno: it must not be changed then */
int seal_break(int tree_fd, int folder_fd, struct error *err);

/* seal_copy: of one folder to another that is to hold the same. errors: by errno */
int seal_copy(int from_fd, int to_fd, const char *name, const char *to_name, struct error *err);

#endif
