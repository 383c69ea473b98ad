/* clock: the time that only goes forward, for spans: clock_gettime(2), CLOCK_MONOTONIC. Any thread. */
#ifndef AOB_CLOCK_H
#define AOB_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);
int64_t clock_now_us(void);

/* clock_boot_s: the same counting sleep too, CLOCK_BOOTTIME: for spans of days. */
int64_t clock_boot_s(void);

/* clock_minute_of_day: of the wall clock, local time: 0 to 1439; what windows of the day are looked up by. */
unsigned clock_minute_of_day(void);

#endif
