/* pack: both directions of a compressed conversation. Each is a row of zstd frames (RFC 8878), one right behind the other, with a
 * window of at most 1 MiB, so that memory stays bounded on both sides.
 *
 * What shrinks goes through zstd, by levels that follow link and CPU (pack_level). What does not is put into raw blocks by hand: no
 * byte of it is copied or looked at, and every decoder of zstd takes them.
 *
 * threads: a struct pack belongs to one thread. */
#ifndef AOB_PACK_H
#define AOB_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/error.h"

#define PACK_PIECES_MAX 4       /* of one chunk */
#define PACK_CHUNK_MAX 1179648u /* bytes of one chunk */

struct pack;

/* Takes all bytes of the pieces, which it may change. 1: it had to wait for the link, 0: not, -1 (err set). */
struct pack_writer {
	int (*write)(void *context, struct iovec *pieces, int n, struct error *err);
	void *context;
};

/* errors: ERR_SYSTEM. */
int pack_new(struct pack **pack, struct error *err);
void pack_destroy(struct pack **pack);

/* pack_write: the chunk that the pieces (1 to PACK_PIECES_MAX) hold together, and all that was before it, can be decoded at the other end when
 * this returns. errors: the writer's, ERR_INTERNAL. */
int pack_write(struct pack *pack, const struct iovec *pieces, int n, const struct pack_writer *writer,
               struct error *err);

/* pack_read: decodes from raw, from *at on, into plain behind its *plain_bytes; moves both. It may hold back output that plain has no
 * room for, so call it again before more is read. errors: ERR_PROTOCOL. */
int pack_read(struct pack *pack, const uint8_t *raw, size_t *at, size_t raw_bytes, uint8_t *plain, size_t *plain_bytes,
              size_t plain_room, struct error *err);

#endif
