/* codec: payloads, put together and taken apart. A reader never reads beyond its end: the first fault makes it `bad`, every
 * later get gives zeros, and codec_done tells it once, so decoders read top to bottom without a check a line.
 *
 * threads: none shared. */
#ifndef AOB_CODEC_H
#define AOB_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* Growing buffer for one payload. codec_reset keeps the memory for the next frame. */
struct encoder {
	uint8_t *data;
	size_t len_bytes;
	size_t room_bytes;
	bool bad; /* out of memory, or a string too long */
};

void encoder_init(struct encoder *e);
void encoder_done(struct encoder *e);
void encoder_reset(struct encoder *e);
void put_u8(struct encoder *e, uint8_t value);
void put_u16(struct encoder *e, uint16_t value);
void put_u32(struct encoder *e, uint32_t value);
void put_u64(struct encoder *e, uint64_t value);
void put_i64(struct encoder *e, int64_t value);
void put_bytes(struct encoder *e, const void *data, size_t len_bytes); /* u32 length | bytes */
void put_string(struct encoder *e, const char *value);                 /* as put_bytes, at most WIRE_STRING_MAX */
void put_raw(struct encoder *e, const void *data, size_t len_bytes);   /* no length */

struct decoder {
	const uint8_t *data;
	size_t len_bytes;
	size_t at;
	bool bad;
};

void decoder_init(struct decoder *d, const void *data, size_t len_bytes);
uint8_t get_u8(struct decoder *d);
uint16_t get_u16(struct decoder *d);
uint32_t get_u32(struct decoder *d);
uint64_t get_u64(struct decoder *d);
int64_t get_i64(struct decoder *d);
/* get_bytes: borrowed from the payload; NULL and *len_bytes 0 when bad or over the limit. */
const uint8_t *get_bytes(struct decoder *d, size_t limit_bytes, size_t *len_bytes);
const uint8_t *get_raw(struct decoder *d, size_t len_bytes);
/* get_string: copied into out, size bytes with the NUL; a NUL inside, or too long, is bad. */
void get_string(struct decoder *d, char *out, size_t size);
/* codec_done: 0 if everything was read, nothing is left and nothing was bad; else ERR_PROTOCOL naming the frame. */
int codec_done(const struct decoder *d, const char *frame, struct error *err);

#endif
