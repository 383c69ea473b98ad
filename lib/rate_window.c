#include "lib/rate_window.h"

static bool holds(const struct config_rate *window, unsigned minute)
{
	if (window->from_minute == window->to_minute)
		return true;
	if (window->from_minute < window->to_minute)
		return minute >= window->from_minute && minute < window->to_minute;
	return minute >= window->from_minute || minute < window->to_minute; /* over midnight */
}

uint64_t rate_window_at(const struct config_rate *windows, size_t n, unsigned minute)
{
	for (size_t i = 0; i < n; i++)
		if (holds(&windows[i], minute))
			return windows[i].bytes_per_s;
	return 0;
}
