#include "transfer/delta_writer.h"

#include <string.h>

#define MAGIC 0x72730236u /* RS_DELTA_MAGIC */
#define OP_END 0x00u
#define OP_LITERAL_N2 0x42u /* a length of two bytes follows; _N4: of four */
#define OP_LITERAL_N4 0x43u
#define OP_COPY_N1_N1 0x45u /* then by the width of the position, four for each, and by the width of the length */
#define COPY_COMMAND_MOST 17u
#define LITERAL_HEAD 5u /* the widest that is written here */
#define NO_LITERAL SIZE_MAX

static void put_number(struct delta_writer *w, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		w->buffer[w->used++] = (uint8_t)(value >> (8 * bytes));
}

/* 0, 1, 2, 3 for one, two, four, eight bytes. */
static unsigned width_of(uint64_t value)
{
	return value <= UINT8_MAX ? 0 : value <= UINT16_MAX ? 1 : value <= UINT32_MAX ? 2 : 3;
}

/* The literal that was open has its length now. Short ones give back two bytes of their head. */
static void close_literal(struct delta_writer *w)
{
	size_t at = w->literal_at;
	size_t n;

	if (at == NO_LITERAL)
		return;
	n = w->used - at - LITERAL_HEAD;
	w->literal_at = NO_LITERAL;
	if (n == 0) {
		w->used = at;
	} else if (n <= UINT16_MAX) {
		w->used = at;
		put_number(w, OP_LITERAL_N2, 1);
		put_number(w, n, 2);
		memmove(w->buffer + w->used, w->buffer + at + LITERAL_HEAD, n);
		w->used += n;
	} else {
		w->used = at;
		put_number(w, OP_LITERAL_N4, 1);
		put_number(w, n, 4);
		w->used += n;
	}
}

static int flush(struct delta_writer *w, struct error *err)
{
	size_t n;

	close_literal(w);
	n = w->used;
	w->used = 0;
	return n != 0 ? wire_send(w->wire, FRAME_FILE_DELTA, w->buffer, n, err) : 0;
}

static int make_room(struct delta_writer *w, size_t len_bytes, struct error *err)
{
	return sizeof(w->buffer) - w->used < len_bytes ? flush(w, err) : 0;
}

static int write_copy(struct delta_writer *w, struct error *err)
{
	unsigned at_width = width_of(w->copy_at);
	unsigned len_width = width_of(w->copy_bytes);

	if (w->copy_bytes == 0)
		return 0;
	close_literal(w);
	if (make_room(w, COPY_COMMAND_MOST, err) != 0)
		return -1;
	put_number(w, OP_COPY_N1_N1 + 4 * at_width + len_width, 1);
	put_number(w, w->copy_at, 1u << at_width);
	put_number(w, w->copy_bytes, 1u << len_width);
	w->matched_bytes += w->copy_bytes;
	w->copy_bytes = 0;
	return 0;
}

void delta_writer_begin(struct delta_writer *w, struct wire *wire)
{
	w->wire = wire;
	w->copy_at = w->copy_bytes = 0;
	w->literal_at = NO_LITERAL;
	w->used = 0;
	put_number(w, MAGIC, 4);
}

int delta_writer_literal(struct delta_writer *w, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (len_bytes == 0)
		return 0;
	if (write_copy(w, err) != 0)
		return -1;
	w->literal_bytes += len_bytes;
	while (len_bytes != 0) {
		size_t n;

		if (make_room(w, LITERAL_HEAD + 1, err) != 0)
			return -1;
		if (w->literal_at == NO_LITERAL) {
			w->literal_at = w->used;
			w->used += LITERAL_HEAD;
		}
		n = sizeof(w->buffer) - w->used < len_bytes ? sizeof(w->buffer) - w->used : len_bytes;
		memcpy(w->buffer + w->used, data, n);
		w->used += n;
		data += n;
		len_bytes -= n;
	}
	return 0;
}

int delta_writer_copy(struct delta_writer *w, uint64_t at, uint64_t len_bytes, struct error *err)
{
	if (len_bytes == 0)
		return 0;
	if (w->copy_bytes != 0 && w->copy_at + w->copy_bytes == at) {
		w->copy_bytes += len_bytes;
		return 0;
	}
	if (write_copy(w, err) != 0)
		return -1;
	w->copy_at = at;
	w->copy_bytes = len_bytes;
	return 0;
}

int delta_writer_end(struct delta_writer *w, struct error *err)
{
	if (write_copy(w, err) != 0)
		return -1;
	close_literal(w);
	if (make_room(w, 1, err) != 0)
		return -1;
	put_number(w, OP_END, 1);
	return flush(w, err);
}
