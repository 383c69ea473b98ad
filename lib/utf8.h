/* utf8: the well-formed sequences of RFC 3629, one at a time. Pure. */
#ifndef AOB_UTF8_H
#define AOB_UTF8_H

#include <stdint.h>

#define UTF8_BYTES_MAX 4u

/* utf8_at: the bytes of the character that the text begins with; 0: of none. out: *point: which; may be NULL. */
unsigned utf8_at(const char *text, uint32_t *point);

/* utf8_put: returns how many bytes went into out. */
unsigned utf8_put(uint32_t point, char out[UTF8_BYTES_MAX]);

/* utf8_cut: of a text that was cut by bytes: what is left of a character at its end goes too. */
void utf8_cut(char *text);

#endif
