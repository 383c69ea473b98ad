/* measure: how fast is the way to the far end? Asked by sending a little, and more when that came fast; bounded in bytes and in time.
 *
 * threads: one at a time. */
#ifndef AOB_MEASURE_H
#define AOB_MEASURE_H

#include "wire/wire.h"

struct measure_limits {
	uint64_t bytes; /* at most so many are sent */
	uint64_t ms;    /* no more is begun when so much time has gone by */
};

struct measure_result {
	uint64_t sent_bytes; /* in all */
	uint64_t bytes, us;  /* of the last and largest piece, as the far end saw it come: what the rate is of */
	uint64_t rate_bps;   /* bytes a second; never 0 */
};

/* measure_more: how many bytes are sent next, when `sent` went before, the last `bytes` of them in `us`; 0: it is known well enough. Pure.
 * spent_ms: since the beginning */
uint64_t measure_more(const struct measure_limits *limits, const struct measure_result *last, uint64_t spent_ms);

/* measure_link: wire: of a `doctor` (remote_open) whose receiver knows that, without compression, as what is sent is not to shrink. What it is over, ssh, may be slow to end a
 * piece: who wants an end to it in any case gives up by the wire's `waiting`. errors: ERR_LINK, ERR_PROTOCOL, the hooks' */
int measure_link(struct wire *wire, const struct measure_limits *limits, struct measure_result *result,
                 struct error *err);

#endif
