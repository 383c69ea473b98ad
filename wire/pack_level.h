/* pack_level: how much work the next chunk of a compressed stream is worth. Pure.
 *
 * What does not shrink is stored as it is, and looked at again now and then. Where the link is what is waited for, the level
 * rises, as time spent on compressing is time won; where the link always takes what there is, it falls. */
#ifndef AOB_PACK_LEVEL_H
#define AOB_PACK_LEVEL_H

#include <stdbool.h>
#include <stddef.h>

#define PACK_LEVEL_FIRST 3 /* zstd's own usual one */
#define PACK_LEVEL_LEAST (-1)
#define PACK_LEVEL_MOST 9

struct pack_level {
	int level;              /* of zstd, for what is compressed */
	bool stored;            /* the next chunk is worth no work */
	unsigned dull_chunks;   /* one after the other that did not shrink */
	size_t stored_bytes;    /* since the last look */
	size_t look_bytes;      /* stored before the next look */
	unsigned chunks;        /* since the level was last thought about … */
	unsigned waited_chunks; /* … those that the link was waited for */
};

void pack_level_init(struct pack_level *level);

/* pack_level_took: a chunk of in_bytes became out_bytes (as many, if it was stored); waited: the link did not take it at once.
 * Sets what the next chunk gets: level->stored, else level->level. A chunk of less than 16 KiB says nothing about shrinking. */
void pack_level_took(struct pack_level *level, size_t in_bytes, size_t out_bytes, bool waited);

#endif
