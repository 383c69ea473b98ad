#include "wire/codec.h"

#include <stdlib.h>
#include <string.h>

#include "lib/big_endian.h"
#include "wire/wire.h"

#define ROOM_MIN_BYTES 256
#define ROOM_MAX_BYTES (4u << 20) /* no payload is that large: a caller that gets here is wrong */

void encoder_init(struct encoder *e)
{
	*e = (struct encoder){ 0 };
}

void encoder_done(struct encoder *e)
{
	free(e->data);
	*e = (struct encoder){ 0 };
}

void encoder_reset(struct encoder *e)
{
	e->len_bytes = 0;
	e->bad = false;
}

void put_raw(struct encoder *e, const void *data, size_t len_bytes)
{
	if (e->bad || len_bytes > ROOM_MAX_BYTES - e->len_bytes) {
		e->bad = true;
		return;
	}
	if (e->len_bytes + len_bytes > e->room_bytes) {
		size_t room = e->room_bytes != 0 ? e->room_bytes : ROOM_MIN_BYTES;
		uint8_t *grown;

		while (room < e->len_bytes + len_bytes)
			room *= 2;
		grown = realloc(e->data, room);
		if (grown == NULL) {
			e->bad = true;
			return;
		}
		e->data = grown;
		e->room_bytes = room;
	}
	if (len_bytes != 0)
		memcpy(e->data + e->len_bytes, data, len_bytes);
	e->len_bytes += len_bytes;
}

static void put_integer(struct encoder *e, uint64_t value, unsigned bytes)
{
	uint8_t out[8];

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	put_raw(e, out, bytes);
}

void put_u8(struct encoder *e, uint8_t value)
{
	put_integer(e, value, 1);
}

void put_u16(struct encoder *e, uint16_t value)
{
	put_integer(e, value, 2);
}

void put_u32(struct encoder *e, uint32_t value)
{
	put_integer(e, value, 4);
}

void put_u64(struct encoder *e, uint64_t value)
{
	put_integer(e, value, 8);
}

void put_i64(struct encoder *e, int64_t value)
{
	put_integer(e, (uint64_t)value, 8);
}

void put_bytes(struct encoder *e, const void *data, size_t len_bytes)
{
	if (len_bytes > ROOM_MAX_BYTES) {
		e->bad = true;
		return;
	}
	put_u32(e, (uint32_t)len_bytes);
	put_raw(e, data, len_bytes);
}

void put_string(struct encoder *e, const char *value)
{
	size_t len_bytes = strlen(value);

	if (len_bytes > WIRE_STRING_MAX)
		e->bad = true;
	else
		put_bytes(e, value, len_bytes);
}

void decoder_init(struct decoder *d, const void *data, size_t len_bytes)
{
	*d = (struct decoder){ .data = data, .len_bytes = len_bytes };
}

const uint8_t *get_raw(struct decoder *d, size_t len_bytes)
{
	const uint8_t *at;

	if (d->bad || len_bytes > d->len_bytes - d->at) {
		d->bad = true;
		return NULL;
	}
	at = d->data + d->at;
	d->at += len_bytes;
	return at;
}

static uint64_t get_integer(struct decoder *d, unsigned bytes)
{
	const uint8_t *at = get_raw(d, bytes);

	return at != NULL ? big_endian(at, bytes) : 0;
}

uint8_t get_u8(struct decoder *d)
{
	return (uint8_t)get_integer(d, 1);
}

uint16_t get_u16(struct decoder *d)
{
	return (uint16_t)get_integer(d, 2);
}

uint32_t get_u32(struct decoder *d)
{
	return (uint32_t)get_integer(d, 4);
}

uint64_t get_u64(struct decoder *d)
{
	return get_integer(d, 8);
}

int64_t get_i64(struct decoder *d)
{
	return (int64_t)get_integer(d, 8);
}

const uint8_t *get_bytes(struct decoder *d, size_t limit_bytes, size_t *len_bytes)
{
	size_t announced = get_u32(d);
	const uint8_t *at = NULL;

	if (announced > limit_bytes)
		d->bad = true;
	if (!d->bad)
		at = get_raw(d, announced);
	*len_bytes = at != NULL ? announced : 0;
	return at;
}

void get_string(struct decoder *d, char *out, size_t size)
{
	size_t len_bytes;
	const uint8_t *at = get_bytes(d, size - 1, &len_bytes);

	out[0] = '\0';
	if (at == NULL)
		return;
	if (memchr(at, '\0', len_bytes) != NULL) {
		d->bad = true;
		return;
	}
	memcpy(out, at, len_bytes);
	out[len_bytes] = '\0';
}

int codec_done(const struct decoder *d, const char *frame, struct error *err)
{
	if (d->bad)
		return error_set(err, ERR_PROTOCOL, "malformed %s frame (%zu bytes)", frame, d->len_bytes);
	if (d->at != d->len_bytes)
		return error_set(err, ERR_PROTOCOL, "%s frame has %zu bytes too many", frame, d->len_bytes - d->at);
	return 0;
}
