/* rate_window: which of a vault's `rate` windows counts at a minute of the day. Pure. */
#ifndef AOB_RATE_WINDOW_H
#define AOB_RATE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"

/* rate_window_at: bytes a second in that minute of the day (local time); 0: unlimited. The first window that holds the minute counts; none: unlimited. */
uint64_t rate_window_at(const struct config_rate *windows, size_t n, unsigned minute);

#endif
