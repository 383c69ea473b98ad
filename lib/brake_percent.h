/* brake_percent: how much of a generation a run may remove or rewrite before the brake holds what was there before: "50%", or "off". Pure. */
#ifndef AOB_BRAKE_PERCENT_H
#define AOB_BRAKE_PERCENT_H

#include <stdbool.h>

#include "lib/error.h"

#define BRAKE_PERCENT_DEFAULT 50u
#define BRAKE_PERCENT_OFF 0u
#define BRAKE_PERCENT_MOST 99u /* nothing can be more than all */

/* brake_percent_parse: out: *percent, BRAKE_PERCENT_OFF for "off". errors: ERR_INPUT, saying what to write instead */
int brake_percent_parse(const char *text, unsigned *percent, struct error *err);

/* brake_percent_valid: off, or 1 to BRAKE_PERCENT_MOST. */
bool brake_percent_valid(unsigned percent);

/* brake_percent_stricter: of two; the one that trips sooner. */
unsigned brake_percent_stricter(unsigned a, unsigned b);

#endif
