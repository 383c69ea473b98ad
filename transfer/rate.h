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
	double tokens; /* bytes that may leave; negative: owed */
	int64_t last_ms;
};

void rate_init(struct rate *rate, const struct config_rate *windows, size_t n_windows, int64_t now_ms);

/* rate_now: bytes a second in that minute of the day; 0: unlimited. The first window that holds the minute counts; none: unlimited. */
uint64_t rate_now(const struct rate *rate, unsigned minute);

/* rate_take: len_bytes leave; returns how many milliseconds to wait before they do. now_ms: a monotonic clock. The bucket holds a
 * quarter of a second, so that a pause is not made up for by a burst. */
uint64_t rate_take(struct rate *rate, size_t len_bytes, int64_t now_ms, unsigned minute);

#endif
