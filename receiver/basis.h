/* basis: the old content that a file's delta is made against: what an earlier, broken connection had already built of the new content, followed by
 * the rest of the file that the tree has. So a break inside a large file costs what was not yet written, not the file.
 *
 * lifetime: basis_open / basis_close. threads: one. */
#ifndef AOB_BASIS_H
#define AOB_BASIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "receiver/incoming.h"

#define BASIS_NAME_SIZE 40 /* of a part, with ".old" behind */

struct basis {
	int part_fd; /* -1: none */
	int tree_fd; /* -1 */
	uint64_t part_bytes;
	uint64_t size_bytes; /* of the whole */
};

/* basis_part_name: of the part of this path: from its hash, as a path may be longer than a name. */
void basis_part_name(const char *path, char name[BASIS_NAME_SIZE]);

/* basis_open: nothing there: size 0 and no error. errors: by errno */
int basis_open(struct incoming *incoming, const char *path, struct basis *basis, struct error *err);
/* basis_open_tree: the tree's file alone. */
int basis_open_tree(struct incoming *incoming, const char *path, struct basis *basis, struct error *err);
void basis_close(struct basis *basis);

/* basis_read_ahead: the disk is asked for the beginning of the tree's file, and not waited for. */
void basis_read_ahead(struct incoming *incoming, const char *path);

/* basis_keep: the part under way becomes "<name>.old", so that a new one can be built from it. Call before the new one is created. */
int basis_keep(struct incoming *incoming, const char *path, struct error *err);

/* basis_restore: if "<name>.old" is the longer one, it becomes the part again. */
int basis_restore(struct incoming *incoming, const char *path, struct error *err);

/* The parts that an earlier connection left, one after another. next: 1: *part, 0: the end, -1. errors: by errno */
#define BASIS_KEY_BYTES ((size_t)16)
struct basis_part {
	uint8_t key[BASIS_KEY_BYTES]; /* the first bytes of the SHA-256 of its path */
	uint64_t bytes;
};
struct basis_parts;
int basis_parts_open(const struct incoming *incoming, struct basis_parts **parts, struct error *err);
int basis_parts_next(struct basis_parts *parts, struct basis_part *part, struct error *err);
void basis_parts_close(struct basis_parts **parts);

/* basis_drop_old: the kept part goes, if it is longer than most_bytes. The basis that was opened with it stays usable. */
int basis_drop_old(struct incoming *incoming, const char *path, uint64_t most_bytes, struct error *err);

/* basis_read: as pread(2), but full unless the end is met. returns bytes, or -1. */
int64_t basis_read(const struct basis *basis, uint64_t at, void *out, size_t len_bytes, struct error *err);

#endif
