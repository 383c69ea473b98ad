/* words: times, ages and amounts, as the page says them. Return out. */
#ifndef AOB_MONITOR_WORDS_H
#define AOB_MONITOR_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "monitor/text.h"

#define WORDS_SIZE 96

/* words_when: local time, with its zone: "23 Nov 2026, 06:36 CET"; "never" for 0. */
const char *words_when(int64_t at_s, char out[WORDS_SIZE]);

/* words_ago: "2 h 5 min ago", "now". words_until: "in 3 d". */
const char *words_ago(int64_t at_s, int64_t now_s, char out[WORDS_SIZE]);
const char *words_until(int64_t at_s, int64_t now_s, char out[WORDS_SIZE]);

const char *words_bytes(int64_t bytes, char out[WORDS_SIZE]);
const char *words_number(int64_t number, char out[WORDS_SIZE]); /* with narrow spaces: "12 345" */

/* words_time: a <time> element: machine-readable, and words_when for people. */
void words_time(struct text *text, int64_t at_s);

#endif
