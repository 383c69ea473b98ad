#include "transfer/parts.h"

#include <openssl/evp.h>
#include <string.h>

int parts_key(const char *path, uint8_t key[PARTS_KEY_BYTES], struct error *err)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];

	if (EVP_Digest(path, strlen(path), sha256, NULL, EVP_sha256(), NULL) != 1)
		return error_set(err, ERR_SYSTEM, "SHA-256 of a path");
	memcpy(key, sha256, PARTS_KEY_BYTES);
	return 0;
}

void parts_add(struct parts *parts, const uint8_t key[PARTS_KEY_BYTES], uint64_t bytes)
{
	if (parts->n == PARTS_MOST)
		return;
	memcpy(parts->list[parts->n].key, key, PARTS_KEY_BYTES);
	parts->list[parts->n++].bytes = bytes;
}

uint64_t parts_find(const struct parts *parts, const uint8_t key[PARTS_KEY_BYTES])
{
	for (size_t i = 0; i < parts->n; i++)
		if (memcmp(parts->list[i].key, key, PARTS_KEY_BYTES) == 0)
			return parts->list[i].bytes;
	return 0;
}
