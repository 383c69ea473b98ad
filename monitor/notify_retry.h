/* notify_retry: when a notice that did not arrive is tried again, and when it is given up. Pure.
 * source: "Exponential Backoff And Jitter", aws.amazon.com/blogs/architecture, "equal jitter" */
#ifndef AOB_MONITOR_NOTIFY_RETRY_H
#define AOB_MONITOR_NOTIFY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define NOTIFY_RETRY_BASE_MS 4000
#define NOTIFY_RETRY_CAP_MS (INT64_C(15) * 60 * 1000)
#define NOTIFY_RETRY_LEAST 5 /* attempts that each has, whatever its age: this process may have been down for long */

/* notify_retry_delay_ms: attempts that failed, from 1. random: any number. */
int64_t notify_retry_delay_ms(unsigned attempts, uint32_t random);

/* notify_retry_gives_up: passing: that a run began or ended, which is no news after an hour; else days. */
bool notify_retry_gives_up(bool passing, int64_t age_s, unsigned attempts);

#endif
