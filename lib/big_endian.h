/* big_endian: an unsigned number of n bytes (at most 8), the most significant first, as protocols and file formats keep it. Pure. */
#ifndef AOB_BIG_ENDIAN_H
#define AOB_BIG_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t big_endian(const uint8_t *bytes, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* big_endian_put: the lowest n bytes of value. */
static inline void big_endian_put(uint8_t *bytes, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(value >> 8 * (n - 1 - i));
}

#endif
