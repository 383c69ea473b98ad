/* ticker: tells the other end that long work goes on, at most once a second, by NOTE frames; so the client can show it, and a connection that
 * nothing else crosses stays alive. */
#ifndef AOB_TICKER_H
#define AOB_TICKER_H

#include <stdint.h>

#include "lib/error.h"
#include "wire/wire.h"

struct ticker {
	struct wire *wire; /* NULL: it is mute: the other end is sending, and may not be reading */
	const char *text;  /* what is being done; borrowed */
	uint64_t done, total;
	int64_t told_ms;
	int (*also)(void *context, struct error *err); /* NULL, or called at each step; -1 stops the work */
	void *context;
};

/* ticker_begin: new work; nothing is sent yet. total 0: not known. */
void ticker_begin(struct ticker *ticker, const char *text, uint64_t total);

/* ticker_step: one unit more is done. errors: the wire's: the client is gone, so the work may stop. */
int ticker_step(struct ticker *ticker, struct error *err);

#endif
