/* hex: n bytes as 2 * n lower-case hexadecimal digits and a NUL, as coreutils print hashes; and back. Pure. */
#ifndef AOB_HEX_H
#define AOB_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void hex_text(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0xfu];
	}
	out[2 * n] = '\0';
}

static inline int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* hex_bytes: returns how many; 0: text is no such digits, an odd number of them, or more than room bytes. */
static inline size_t hex_bytes(const char *text, uint8_t *bytes, size_t room)
{
	size_t n = 0;

	for (; text[2 * n] != '\0'; n++) {
		int high = hex_digit(text[2 * n]);
		int low = high >= 0 ? hex_digit(text[2 * n + 1]) : -1;

		if (low < 0 || n == room)
			return 0;
		bytes[n] = (uint8_t)(high * 16 + low);
	}
	return n;
}

/* hex_is: are these exactly n bytes? */
static inline bool hex_is(const char *text, size_t n)
{
	size_t digits = 0;

	while (hex_digit(text[digits]) >= 0)
		digits++;
	return digits == 2 * n && text[digits] == '\0';
}

#endif
