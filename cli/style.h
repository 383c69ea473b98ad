/* style: how things look on a terminal, and elsewhere. Colours only on a terminal, and never with NO_COLOR (no-color.org). */
#ifndef AOB_STYLE_H
#define AOB_STYLE_H

#include <stddef.h>
#include <stdint.h>

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_DIM };

/* style_code: the escape sequence, or "" where there are no colours; static. */
const char *style_code(enum style style);

/* style_when: local time, "2026-11-23 06:36"; "never" for 0. style_age: "2 h 5 min ago". Return out. */
const char *style_when(int64_t at_s, char *out, size_t size);
const char *style_age(int64_t at_s, int64_t now_s, char *out, size_t size);

#endif
