/* tree_fold: a tree's root hash (tree_digest.h) from its entries in tree order, as tree_walk gives them. Memory: for the folders on the way down alone.
 *
 * lifetime: tree_fold_new / tree_fold_destroy. threads: one. */
#ifndef AOB_TREE_FOLD_H
#define AOB_TREE_FOLD_H

#include "lib/tree_digest.h"

struct tree_fold_hooks {
	/* May be NULL. A folder with all in it was gone through: what it holds is now known. Children come before their parents. */
	int (*left)(void *context, const char *path, const struct tree_list *list,
	            const uint8_t content[TREE_DIGEST_BYTES], struct error *err);
	/* May be NULL. What lies directly in the root, in no order between folders and others. */
	int (*child)(void *context, const char *name, enum entry_type type, const uint8_t digest[TREE_DIGEST_BYTES],
	             struct error *err);
	void *context;
};

struct tree_fold;

/* tree_fold_new: digest: borrowed; hooks: copied. */
int tree_fold_new(struct tree_digest *digest, const struct tree_fold_hooks *hooks, struct tree_fold **fold,
                  struct error *err);
void tree_fold_destroy(struct tree_fold **fold);

/* The next entry, the root "" first. tree_fold_open: a folder whose content follows; tree_fold_add: one whose content is known, or no folder. Paths: borrowed for the call.
 * errors: the hooks', ERR_SYSTEM, ERR_INTERNAL (an entry outside of the tree) */
int tree_fold_open(struct tree_fold *fold, const char *path, const uint8_t meta[TREE_DIGEST_BYTES], struct error *err);
int tree_fold_add(struct tree_fold *fold, const char *path, enum entry_type type, const uint8_t meta[TREE_DIGEST_BYTES],
                  const uint8_t content[TREE_DIGEST_BYTES], struct error *err);

/* tree_fold_come_to: leaves the folders that do not hold this path; the next entry does it else. */
int tree_fold_come_to(struct tree_fold *fold, const char *path, struct error *err);

/* tree_fold_end: all was told. */
int tree_fold_end(struct tree_fold *fold, uint8_t root[TREE_DIGEST_BYTES], struct error *err);

#endif
