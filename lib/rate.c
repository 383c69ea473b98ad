#include "lib/rate.h"

#include "lib/rate_window.h"

#define BUCKET_S 0.15
#define PIECE_S 0.05
#define PIECE_LEAST 1024.0
#define SILENCE_S 10 /* far less than the far end takes for a lost connection */
#define US_PER_S 1000000.0

void rate_init(struct rate *rate, const struct config_rate *windows, size_t n_windows, int64_t now_us)
{
	*rate = (struct rate){ .windows = windows, .n_windows = n_windows, .last_us = now_us };
}

uint64_t rate_now(const struct rate *rate, unsigned minute)
{
	return rate_window_at(rate->windows, rate->n_windows, minute);
}

size_t rate_take(struct rate *rate, size_t want_bytes, int64_t now_us, unsigned minute, uint64_t *wait_us)
{
	double per_s = (double)rate_now(rate, minute);
	double passed_s = (double)(now_us - rate->last_us) / US_PER_S;
	double least = per_s * SILENCE_S < PIECE_LEAST ? per_s * SILENCE_S : PIECE_LEAST;
	double piece = per_s * PIECE_S > least ? per_s * PIECE_S : least;
	double most = per_s * BUCKET_S > least ? per_s * BUCKET_S : least;

	rate->last_us = now_us;
	*wait_us = 0;
	if (per_s <= 0) {
		rate->credit_bytes = 0;
		return want_bytes;
	}
	if (passed_s > 0)
		rate->credit_bytes += passed_s * per_s;
	if (rate->credit_bytes > most)
		rate->credit_bytes = most;
	if ((double)want_bytes < piece)
		piece = (double)want_bytes;
	if (rate->credit_bytes < piece) {
		*wait_us = (uint64_t)((piece - rate->credit_bytes) * US_PER_S / per_s) + 1;
		return 0;
	}
	rate->credit_bytes -= (double)(size_t)piece;
	return (size_t)piece;
}
