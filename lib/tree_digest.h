/* tree_digest: what a tree is, as one hash: names, metadata and content, computed from the leaves to the root, alike on both ends. docs/vault-format.md tells
 * each byte of it ("The root"), for those who check it without us.
 *
 * What lies in a folder goes in by a sum of 1024 numbers of 16 bits (LtHash: a lattice, safe against those who look for another tree of the same hash), so
 * that one file of a folder of 100,000 can be taken out and put in again without looking at the others; its folders, which are few, go in by their names' order.
 *
 * source: Lewi, Kim, Maykov, Weis, "Securing Update Propagation with Homomorphic Hashing" (2019)
 * lifetime: tree_digest_new / tree_digest_destroy. threads: one each. */
#ifndef AOB_TREE_DIGEST_H
#define AOB_TREE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/sha256.h"

#define TREE_DIGEST_BYTES 32
#define TREE_DIGEST_TEXT (2 * TREE_DIGEST_BYTES + 1)
#define TREE_SUM_NUMBERS 1024

struct tree_digest;

/* What lies in a folder and is no folder. */
struct tree_sum {
	uint64_t n;
	uint16_t numbers[TREE_SUM_NUMBERS];
};

int tree_digest_new(struct tree_digest **digest, struct error *err);
void tree_digest_destroy(struct tree_digest **digest);

/* tree_digest_counts: does an entry of this type enter at all? A socket does not. */
bool tree_digest_counts(enum entry_type type);

/* tree_digest_meta: of what an entry has beside its name and its content. Of a symlink nothing counts, of a pipe or device neither time nor attributes: not every vault can keep them, nor be told of it there. */
void tree_digest_meta(struct tree_digest *digest, const struct entry *entry, uint8_t meta[TREE_DIGEST_BYTES]);

/* tree_digest_content: of a symlink by its target, of devices and pipes zeros; of a file its SHA-256 is known elsewhere, of a folder tree_list tells it. */
void tree_digest_content(struct tree_digest *digest, const struct entry *entry, uint8_t content[TREE_DIGEST_BYTES]);

/* tree_digest_entry: both together. */
void tree_digest_entry(struct tree_digest *digest, const uint8_t meta[TREE_DIGEST_BYTES],
                       const uint8_t content[TREE_DIGEST_BYTES], uint8_t out[TREE_DIGEST_BYTES]);

/* Puts a name that is no folder into a sum, or takes it out again; in any order. */
void tree_digest_sum_add(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                         const uint8_t entry[TREE_DIGEST_BYTES]);
void tree_digest_sum_take(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                          const uint8_t entry[TREE_DIGEST_BYTES]);

/* A folder's content: its folders one after another, in the order of memcmp of their names, then the sum of all else. */
struct tree_list {
	struct tree_sum sum;
	uint64_t n_folders;
	struct sha256 folders; /* under way */
};
void tree_digest_list_init(struct tree_list *list);
void tree_digest_list_folder(struct tree_list *list, const char *name, const uint8_t entry[TREE_DIGEST_BYTES]);
void tree_digest_list_content(const struct tree_list *list, uint8_t content[TREE_DIGEST_BYTES]);

#endif
