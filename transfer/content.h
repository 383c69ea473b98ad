/* content: the new content of one file on its way: FILE_BEGIN, then deltas and holes, then FILE_END with the SHA-256 of all of it.
 *
 * How the delta comes about is the basis's: nothing (all is literal), the old file itself, where it lies on this machine (read side by side), or a
 * signature (librsync). Holes of the file are told by their length, and not read.
 *
 * lifetime: content_new / content_destroy, for one file after another. threads: one. */
#ifndef AOB_CONTENT_H
#define AOB_CONTENT_H

#include <librsync.h>
#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "transfer/plan.h"
#include "transfer/sender.h"

/* On the wire: what the receiver builds from. */
enum content_from { CONTENT_NOTHING, CONTENT_SIGNED, CONTENT_TREE };

struct content_basis {
	enum content_from from;
	rs_signature_t *sums; /* with its hash table built; NULL: by position */
	size_t block_bytes;   /* of sums */
	int old_fd;           /* by position: the old content; -1: none, or (with `same`) not needed */
	uint64_t old_bytes;
	const struct plan_extent *extents; /* by position: outside of them and below old_bytes nothing differs */
	uint32_t n_extents;                /* PLAN_EVERYWHERE */
	bool same;                         /* all is as the receiver has it: its hash will tell */
};

struct content;

int content_new(struct sender *sender, struct content **content, struct error *err);
void content_destroy(struct content **content);

/* content_open: of a file of the snapshot. out: *entry, with its attributes, valid until the next one is read. errors: by errno; ERR_BUSY: it is no file
 * any more; ERR_INPUT: it is larger than ENTRY_FILE_MOST_BYTES */
int content_open(struct content *content, const char *path, struct entry *entry, struct error *err);

int content_fd(const struct content *content); /* of the open file; the content's */

/* content_has_prefix: does the file begin with these many bytes of that SHA-256? Then they need not cross: they count as sent.
 * 1: yes; 0: no, or 0 bytes; -1 */
int content_has_prefix(struct content *content, uint64_t bytes, const uint8_t sha256[32], struct error *err);

/* content_send: all that content_has_prefix did not cover. errors: the wire's, by errno, ERR_BUSY: it changed while it was read */
int content_send(struct content *content, const struct content_basis *basis, struct error *err);

#endif
