#include "wire/measure.h"

#include <string.h>

#include "lib/chance.h"
#include "lib/clock.h"
#include "wire/codec.h"

#define FRAME_BYTES 16384u
#define FIRST_BYTES UINT64_C(65536)
#define GROWTH 4u
#define ENOUGH_US 2000000u /* a piece that takes so long is told from the noise of buffers and of other traffic */

uint64_t measure_more(const struct measure_limits *limits, const struct measure_result *last, uint64_t spent_ms)
{
	uint64_t room = limits->bytes > last->sent_bytes ? limits->bytes - last->sent_bytes : 0;
	uint64_t more = FIRST_BYTES;

	if (last->sent_bytes != 0) {
		uint64_t left_ms = limits->ms > spent_ms ? limits->ms - spent_ms : 0;
		/* What still fits in the time. */
		uint64_t fits =
		        last->rate_bps > UINT64_MAX / (left_ms + 1) ? UINT64_MAX : last->rate_bps * left_ms / 1000;

		if (last->us >= ENOUGH_US)
			return 0;
		more = last->bytes * GROWTH;
		if (more > fits)
			more = fits;
		/* Less than before says less. */
		if (more > room)
			more = room;
		return more > last->bytes ? more : 0;
	}
	return more > room ? room : more;
}

/* Numbers by Marsaglia's xorshift: nothing of what crosses is worth compressing. */
static void fill(uint64_t *state, uint8_t *data, size_t n)
{
	for (size_t i = 0; i + sizeof(*state) <= n; i += sizeof(*state)) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		memcpy(data + i, state, sizeof(*state));
	}
}

static int send_piece(struct wire *wire, uint64_t bytes, uint64_t *state, struct error *err)
{
	uint8_t data[FRAME_BYTES];

	/* The first frame is not counted. */
	for (uint64_t left = bytes + FRAME_BYTES; left > 0;) {
		size_t n = left < FRAME_BYTES ? (size_t)left : FRAME_BYTES;

		fill(state, data, sizeof(data));
		if (wire_send(wire, FRAME_MEASURE, data, n, err) != 0)
			return -1;
		left -= n;
	}
	return wire_send(wire, FRAME_MEASURE_END, NULL, 0, err);
}

static int read_answer(struct wire *wire, struct measure_result *result, struct error *err)
{
	struct frame frame;
	struct decoder d;

	if (wire_expect(wire, FRAME_MEASURED, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	result->bytes = get_u64(&d);
	result->us = get_u64(&d);
	if (codec_done(&d, "MEASURED", err) != 0)
		return -1;
	if (result->bytes > result->sent_bytes)
		return error_set(err, ERR_PROTOCOL, "MEASURED tells more than was sent");
	if (result->us == 0)
		result->us = 1;
	result->rate_bps = (uint64_t)((double)result->bytes * 1e6 / (double)result->us);
	if (result->rate_bps == 0)
		result->rate_bps = 1;
	return 0;
}

int measure_link(struct wire *wire, const struct measure_limits *limits, struct measure_result *result,
                 struct error *err)
{
	uint64_t state = ((uint64_t)chance() << 32 | chance()) | 1;
	int64_t began_ms = clock_now_ms();
	uint64_t more;

	*result = (struct measure_result){ 0 };
	while ((more = measure_more(limits, result, (uint64_t)(clock_now_ms() - began_ms))) > 0) {
		result->sent_bytes += more + FRAME_BYTES;
		if (send_piece(wire, more, &state, err) != 0 || read_answer(wire, result, err) != 0)
			return -1;
	}
	return result->rate_bps != 0 ? 0 : error_set(err, ERR_INPUT, "nothing may be sent, so nothing is measured");
}
