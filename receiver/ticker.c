#include "receiver/ticker.h"

#include "lib/clock.h"
#include "wire/codec.h"

#define EVERY_MS 1000
#define LOOK_EVERY 64 /* units between two looks at the clock */

void ticker_begin(struct ticker *ticker, const char *text, uint64_t total)
{
	ticker->text = text;
	ticker->done = 0;
	ticker->total = total;
	ticker->told_ms = clock_now_ms();
}

static int tell(struct ticker *ticker, struct error *err)
{
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_u64(&e, ticker->done);
	put_u64(&e, ticker->total);
	put_string(&e, ticker->text);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(ticker->wire, FRAME_NOTE, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc == 0 ? wire_flush(ticker->wire, err) : -1;
}

int ticker_step(struct ticker *ticker, struct error *err)
{
	int64_t now;

	if (ticker->also != NULL && ticker->also(ticker->context, err) != 0)
		return -1;
	if (++ticker->done % LOOK_EVERY != 0)
		return 0;
	now = clock_now_ms();
	if (now - ticker->told_ms < EVERY_MS || ticker->wire == NULL)
		return 0;
	ticker->told_ms = now;
	return tell(ticker, err);
}
