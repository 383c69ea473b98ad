/* parts: what the receiver told, in its listing, of files that a broken connection left in the middle. */
#ifndef AOB_PARTS_H
#define AOB_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define PARTS_KEY_BYTES 16
#define PARTS_MOST 64u /* more are not remembered: one connection leaves one */

struct parts {
	struct {
		uint8_t key[PARTS_KEY_BYTES];
		uint64_t bytes;
	} list[PARTS_MOST];
	size_t n;
};

/* parts_key: the first bytes of the SHA-256 of a path. */
void parts_key(const char *path, uint8_t key[PARTS_KEY_BYTES]);

void parts_add(struct parts *parts, const uint8_t key[PARTS_KEY_BYTES], uint64_t bytes);
uint64_t parts_find(const struct parts *parts, const uint8_t key[PARTS_KEY_BYTES]); /* 0: none */

#endif
