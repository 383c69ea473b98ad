/* shake128: SHAKE-128, a hash of any length, of two pieces in one call. A function of its own, as libcrypto's brings along what a small static program need not carry.
 *
 * Pure. source: FIPS 202 */
#ifndef AOB_SHAKE128_H
#define AOB_SHAKE128_H

#include <stddef.h>
#include <stdint.h>

/* shake128: the hash of a and b, one behind the other. */
void shake128(const void *a, size_t a_bytes, const void *b, size_t b_bytes, uint8_t *out, size_t out_bytes);

#endif
