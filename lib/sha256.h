/* sha256: the one SHA-256 of the project: of contents, of paths, of lists. A value without memory of its own: it is copied by assignment, and cannot
 * fail. Taken from libcrypto, which finds out what the processor has for it.
 *
 * threads: none shared. source: FIPS 180-4; SHA256_Init(3) */
#ifndef AOB_SHA256_H
#define AOB_SHA256_H

#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	SHA256_CTX state;
};

void sha256_init(struct sha256 *sha);
void sha256_update(struct sha256 *sha, const void *data, size_t len_bytes);

/* sha256_so_far: the hash of what has come, which may go on. */
void sha256_so_far(const struct sha256 *sha, uint8_t hash[SHA256_BYTES]);

/* sha256_of: in one call. */
void sha256_of(const void *data, size_t len_bytes, uint8_t hash[SHA256_BYTES]);

#endif
