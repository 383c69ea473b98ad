#include "lib/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384

struct block {
	struct block *next;
	size_t room_bytes;
	size_t used_bytes;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the first one has the room */
	size_t left_bytes;
	bool failed;
};

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena != NULL)
		arena->left_bytes = limit_bytes;
	return arena;
}

void arena_destroy(struct arena **arena)
{
	if (*arena == NULL)
		return;
	while ((*arena)->blocks != NULL) {
		struct block *next = (*arena)->blocks->next;

		free((*arena)->blocks);
		(*arena)->blocks = next;
	}
	free(*arena);
	*arena = NULL;
}

static void *fail(struct arena *arena)
{
	arena->failed = true;
	return NULL;
}

void *arena_array(struct arena *arena, size_t n, size_t element_bytes)
{
	struct block *block = arena->blocks;
	size_t bytes = 0;
	void *piece = NULL;

	if (element_bytes != 0 && n > (SIZE_MAX / 2) / element_bytes)
		return fail(arena);
	bytes = n * element_bytes;
	bytes = (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (bytes > arena->left_bytes)
		return fail(arena);
	if (block == NULL || block->room_bytes - block->used_bytes < bytes) {
		size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		block = calloc(1, sizeof(*block) + room);
		if (block == NULL)
			return fail(arena);
		block->room_bytes = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	piece = block->data + block->used_bytes;
	block->used_bytes += bytes;
	arena->left_bytes -= bytes;
	return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t len_bytes)
{
	char *copy = len_bytes < SIZE_MAX ? arena_array(arena, len_bytes + 1, 1) : fail(arena);

	if (copy != NULL && len_bytes != 0)
		memcpy(copy, text, len_bytes);
	return copy;
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}
