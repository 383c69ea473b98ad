/* rate: how many bytes may leave now: an exact token bucket, whose rate changes by the time of the day. Pure: the caller brings the clocks.
 * source: RFC 2697 (token bucket); windows are those of the vault's `rate`. */
#ifndef AOB_RATE_H
#define AOB_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"

struct rate {
	const struct config_rate *windows; /* borrowed */
	size_t n_windows;
	double credit_bytes; /* that may leave now */
	int64_t last_us;
};

void rate_init(struct rate *rate, const struct config_rate *windows, size_t n_windows, int64_t now_us);

/* rate_now: bytes a second in that minute of the day; 0: unlimited. The first window that holds the minute counts; none: unlimited. */
uint64_t rate_now(const struct rate *rate, unsigned minute);

/* rate_take: of want_bytes (> 0), how many leave now: a twentieth of a second's worth at most, but 1 KiB or ten seconds' worth,
 * whichever is less, so that a slow link is not silent for long. 0: none yet, ask again in *wait_us. now_us: a monotonic clock.
 * The bucket holds 0.15 s, so that naps that last too long are made up for, and a pause is not. */
size_t rate_take(struct rate *rate, size_t want_bytes, int64_t now_us, unsigned minute, uint64_t *wait_us);

#endif
