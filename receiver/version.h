/* version: is a file of one generation that of another? Told without reading their content. */
#ifndef AOB_VERSION_H
#define AOB_VERSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "receiver/hash_tag.h"

struct version {
	struct stat st;
	bool hashed; /* sha256 is there */
	uint8_t sha256[HASH_TAG_BYTES];
};

/* version_untouched: the same inode; or in a snapshot of the tree, which has inodes of its own, the one with the same number that nothing was done to since: neither
 * content nor metadata differ. Pure. */
bool version_untouched(const struct stat *a, const struct stat *b);

/* version_read_hash: in: the file `name` in the open folder parent_fd. A file without a recorded hash, or that can't be opened, stays without one. */
void version_read_hash(struct version *version, int parent_fd, const char *name);

/* version_same_content: of two files, by size and recorded hash; where one has none (a file system without attributes), by size and time. Pure. */
bool version_same_content(const struct version *a, const struct version *b);

#endif
