/* duration: spans of time and times of the day, as people write and read them. Pure.
 *
 * Written: a number and a unit, or several from large to small: "500ms", "10m", "1h30m", "1.5 h", "30d".
 * Units: ms, s, m (min), h, d, w. A number without a unit is refused, so that nobody waits minutes for seconds. */
#ifndef AOB_DURATION_H
#define AOB_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define DURATION_TEXT_SIZE 40

/* duration_parse: errors: ERR_INPUT, saying what is wrong and what to write instead. Zero is a duration here. */
int duration_parse(const char *text, uint64_t *ms, struct error *err);

/* duration_minute_parse: "HH:MM", 00:00 to 24:00, as minutes since midnight (0 to 1440). errors: ERR_INPUT. */
int duration_minute_parse(const char *text, uint16_t *minute, struct error *err);

/* duration_text: the two largest units, rounded down: "3 d 4 h", "12 min", "45 s", "250 ms". Returns out. */
const char *duration_text(uint64_t ms, char *out, size_t size);

/* duration_about: rounded up, as one says it of what is only estimated: "less than a minute", "about 7 min", "about 3 h 20 min", "about 2 d 5 h". Returns out. */
const char *duration_about(uint64_t ms, char *out, size_t size);

#endif
