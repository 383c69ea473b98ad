/* number: the decimal number at the start of a text, with up to three places behind the point. Pure, whatever the locale. */
#ifndef AOB_NUMBER_H
#define AOB_NUMBER_H

#include <stdint.h>

#define NUMBER_MAX 1000000000000u /* so that thousandths fit with room for a unit's factor to be checked */

/* number_parse: digits[.digits] at *text as thousandths; *text is moved behind it and the spaces that follow.
 * returns: 0, or -1: no digit there, more than three places, over NUMBER_MAX. */
int number_parse(const char **text, uint64_t *thousandths);

/* number_scale: thousandths * factor / 1000, rounded down. returns: 0, or -1: does not fit. */
int number_scale(uint64_t thousandths, uint64_t factor, uint64_t *value);

#endif
