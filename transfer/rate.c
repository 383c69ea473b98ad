#include "transfer/rate.h"

#define BURST_S 0.25

void rate_init(struct rate *rate, const struct config_rate *windows, size_t n_windows, int64_t now_ms)
{
	*rate = (struct rate){ .windows = windows, .n_windows = n_windows, .last_ms = now_ms };
}

static int holds(const struct config_rate *window, unsigned minute)
{
	if (window->from_minute == window->to_minute)
		return 1;
	if (window->from_minute < window->to_minute)
		return minute >= window->from_minute && minute < window->to_minute;
	return minute >= window->from_minute || minute < window->to_minute; /* over midnight */
}

uint64_t rate_now(const struct rate *rate, unsigned minute)
{
	for (size_t i = 0; i < rate->n_windows; i++)
		if (holds(&rate->windows[i], minute))
			return rate->windows[i].bytes_per_s;
	return 0;
}

uint64_t rate_take(struct rate *rate, size_t len_bytes, int64_t now_ms, unsigned minute)
{
	double per_s = (double)rate_now(rate, minute);
	double passed_s = (double)(now_ms - rate->last_ms) / 1000;

	rate->last_ms = now_ms;
	if (per_s <= 0) {
		rate->tokens = 0;
		return 0;
	}
	if (passed_s > 0)
		rate->tokens += passed_s * per_s;
	if (rate->tokens > per_s * BURST_S)
		rate->tokens = per_s * BURST_S;
	rate->tokens -= (double)len_bytes;
	return rate->tokens >= 0 ? 0 : (uint64_t)(-rate->tokens * 1000 / per_s);
}
