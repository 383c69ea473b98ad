/* The plain functions, not those of EVP: EVP looks each algorithm up in a table of all, so that whoever links it statically has all of libcrypto (3 MB,
 * where this has 16 KB), and beginning a hash costs it as much as hashing three small files. libcrypto keeps them for who says that the interface of 1.1 is
 * meant. */
#define OPENSSL_API_COMPAT 10100

#include "lib/sha256.h"

_Static_assert(SHA256_BYTES == SHA256_DIGEST_LENGTH, "32 bytes");

void sha256_init(struct sha256 *sha)
{
	(void)SHA256_Init(&sha->state);
}

void sha256_update(struct sha256 *sha, const void *data, size_t len_bytes)
{
	(void)SHA256_Update(&sha->state, data, len_bytes);
}

void sha256_so_far(const struct sha256 *sha, uint8_t hash[SHA256_BYTES])
{
	SHA256_CTX then = sha->state;

	(void)SHA256_Final(hash, &then);
}

void sha256_of(const void *data, size_t len_bytes, uint8_t hash[SHA256_BYTES])
{
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, data, len_bytes);
	sha256_so_far(&sha, hash);
}
