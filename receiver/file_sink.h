/* file_sink: one file under way: FILE_BEGIN, FILE_DELTA and FILE_HOLE…, FILE_END. The new content is built from the basis and the delta (librsync patch) in
 * parts/, hashed as it is written; only when its SHA-256 is the sender's does it take its place in the tree.
 *
 * lifetime: file_sink_new / file_sink_destroy; used for one file after another. threads: one. */
#ifndef AOB_FILE_SINK_H
#define AOB_FILE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receiver/incoming.h"
#include "wire/wire.h"

struct file_sink;

int file_sink_new(struct incoming *incoming, struct file_sink **sink, struct error *err);
void file_sink_destroy(struct file_sink **sink);

bool file_sink_busy(const struct file_sink *sink); /* is a file under way? */

/* file_sink_begin: in: the payload of FILE_BEGIN. errors: ERR_PROTOCOL, ERR_INPUT (larger than ENTRY_FILE_MOST_BYTES), by errno */
int file_sink_begin(struct file_sink *sink, const uint8_t *payload, size_t len_bytes, struct error *err);
/* file_sink_delta: errors: ERR_PROTOCOL (no delta, more content than announced), ERR_SPACE, by errno */
int file_sink_delta(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err);
/* file_sink_data: new content as it is; not inside a delta. */
int file_sink_data(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err);
/* file_sink_hole: in: the payload of FILE_HOLE; wire: looked at while a large hole is hashed, as a client that is gone needs it no more; may be NULL.
 * errors: ERR_PROTOCOL, ERR_LINK, ERR_SPACE, by errno */
int file_sink_hole(struct file_sink *sink, const uint8_t *payload, size_t len_bytes, const struct wire *wire,
                   struct error *err);
/* file_sink_part: what an earlier connection left of this file: *bytes (0: nothing) and their hash; a FILE_BEGIN may go on behind them.
 * ticker: a step a MiB. errors: by errno, ERR_PROTOCOL */
int file_sink_part(struct file_sink *sink, const char *path, struct ticker *ticker, uint64_t *bytes, uint8_t sha256[32],
                   struct error *err);
/* file_sink_finish: errors: ERR_DAMAGED: the content is not what the sender hashed; the part is gone then */
int file_sink_finish(struct file_sink *sink, const uint8_t sha256[32], struct error *err);

#endif
