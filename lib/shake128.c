#include "lib/shake128.h"

#include <string.h>

#define LANES 25u
#define RATE_BYTES 168u
#define ROUNDS 24u

struct sponge {
	uint64_t lanes[LANES];
	size_t at; /* in the rate */
};

static const uint64_t round_constants[ROUNDS] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
	0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
	0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
	0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Along the way of rho and pi: how far each lane turns, and where it goes. */
static const uint8_t turns[LANES - 1] = { 1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
	                                  27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44 };
static const uint8_t places[LANES - 1] = { 10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
	                                   15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1 };

static uint64_t turn(uint64_t lane, unsigned by)
{
	return lane << by | lane >> (64 - by);
}

static void permute(uint64_t lanes[LANES])
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t column[5];
		uint64_t carried;

		for (unsigned x = 0; x < 5; x++)
			column[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
		for (unsigned i = 0; i < LANES; i++)
			lanes[i] ^= column[(i + 4) % 5] ^ turn(column[(i + 1) % 5], 1);
		carried = lanes[1];
		for (unsigned i = 0; i < LANES - 1; i++) {
			uint64_t there = lanes[places[i]];

			lanes[places[i]] = turn(carried, turns[i]);
			carried = there;
		}
		for (unsigned y = 0; y < LANES; y += 5) {
			uint64_t row[5];

			memcpy(row, lanes + y, sizeof(row));
			for (unsigned x = 0; x < 5; x++)
				lanes[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
		}
		lanes[0] ^= round_constants[round];
	}
}

static void put_byte(struct sponge *s, size_t at, uint8_t byte)
{
	s->lanes[at / 8] ^= (uint64_t)byte << 8 * (at % 8);
}

static void absorb(struct sponge *s, const uint8_t *data, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		put_byte(s, s->at++, data[i]);
		if (s->at == RATE_BYTES) {
			permute(s->lanes);
			s->at = 0;
		}
	}
}

void shake128(const void *a, size_t a_bytes, const void *b, size_t b_bytes, uint8_t *out, size_t out_bytes)
{
	struct sponge s = { .at = 0 };

	absorb(&s, a, a_bytes);
	absorb(&s, b, b_bytes);
	put_byte(&s, s.at, 0x1f);
	put_byte(&s, RATE_BYTES - 1, 0x80);
	for (size_t i = 0; i < out_bytes; i++) {
		if (i % RATE_BYTES == 0)
			permute(s.lanes);
		out[i] = (uint8_t)(s.lanes[i % RATE_BYTES / 8] >> 8 * (i % 8));
	}
}
