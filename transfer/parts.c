#include "transfer/parts.h"

#include <string.h>

#include "lib/sha256.h"

void parts_key(const char *path, uint8_t key[PARTS_KEY_BYTES])
{
	uint8_t sha256[SHA256_BYTES];

	sha256_of(path, strlen(path), sha256);
	memcpy(key, sha256, PARTS_KEY_BYTES);
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
