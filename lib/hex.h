/* hex: n bytes as 2 * n lower-case hexadecimal digits and a NUL, as coreutils print hashes. Pure. */
#ifndef AOB_HEX_H
#define AOB_HEX_H

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

#endif
