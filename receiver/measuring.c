#include "receiver/measuring.h"

#include "lib/clock.h"
#include "wire/codec.h"

static int answer(const struct measuring *measuring, struct wire *wire, struct error *err)
{
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_u64(&e, measuring->bytes);
	put_u64(&e, (uint64_t)(clock_now_us() - measuring->from_us));
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(wire, FRAME_MEASURED, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc;
}

int measuring_take(struct measuring *measuring, struct wire *wire, const struct frame *frame, struct error *err)
{
	int rc;

	if (frame->type == FRAME_MEASURE) {
		if (measuring->from_us == 0)
			measuring->from_us = clock_now_us();
		else
			measuring->bytes += frame->len_bytes;
		return 0;
	}
	if (measuring->from_us == 0)
		return error_set(err, ERR_PROTOCOL, "MEASURE_END without a MEASURE");
	rc = answer(measuring, wire, err);
	*measuring = (struct measuring){ 0 };
	return rc;
}
