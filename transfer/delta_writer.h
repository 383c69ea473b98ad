/* delta_writer: writes a librsync delta command by command, and sends it in FILE_DELTA frames: for contents of which it is known, without a
 * signature, what is new and what the other end has. What it writes, `rdiff patch` reads.
 *
 * threads: one. source: librsync, doc/format.md; rs_job_iter's command table */
#ifndef AOB_DELTA_WRITER_H
#define AOB_DELTA_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "wire/wire.h"

struct delta_writer {
	struct wire *wire;
	uint64_t copy_at, copy_bytes; /* the copy that is not written yet */
	uint64_t literal_bytes, matched_bytes;
	size_t literal_at; /* where in the buffer the last literal command lies; its length is put in when it is known */
	size_t used;
	uint8_t buffer[WIRE_DATA_MAX];
};

/* delta_writer_begin: a delta begins; the counters go on. wire: borrowed. */
void delta_writer_begin(struct delta_writer *writer, struct wire *wire);

/* delta_writer_literal: new content. delta_writer_copy: of the old content. delta_writer_end: the delta is whole, and sent. errors: the wire's */
int delta_writer_literal(struct delta_writer *writer, const uint8_t *data, size_t len_bytes, struct error *err);
int delta_writer_copy(struct delta_writer *writer, uint64_t at, uint64_t len_bytes, struct error *err);
int delta_writer_end(struct delta_writer *writer, struct error *err);

#endif
