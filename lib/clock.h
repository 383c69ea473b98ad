/* clock: the time that only goes forward, for spans: clock_gettime(2), CLOCK_MONOTONIC. Any thread. */
#ifndef AOB_CLOCK_H
#define AOB_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);
int64_t clock_now_us(void);

/* clock_boot_s: the same counting sleep too, CLOCK_BOOTTIME: for spans of days. */
int64_t clock_boot_s(void);

#endif
