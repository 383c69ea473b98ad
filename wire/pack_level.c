#include "wire/pack_level.h"

#define TELLING_BYTES 16384u /* a smaller chunk is headers and a flush, whatever it holds */
#define DULL_PERCENT 98u     /* what it must get below to be worth anything */
#define DULL_CHUNKS 2u       /* so many dull ones, one after the other, and the next are stored */
#define LOOK_LEAST (512u << 10)
#define LOOK_MOST (4u << 20) /* what shrinks is noticed so many bytes late at most */
#define THINK_CHUNKS 16u     /* about 1 MiB: a new level costs what zstd remembers of the last MiB */
#define RISE_WAITS 8u
#define FALL_WAITS 1u

void pack_level_init(struct pack_level *level)
{
	*level = (struct pack_level){ .level = PACK_LEVEL_FIRST, .look_bytes = LOOK_LEAST };
}

static int step(int level, int by)
{
	level += by;
	if (level == 0) /* for zstd, 0 is "the usual one" */
		level += by;
	if (level < PACK_LEVEL_LEAST)
		return PACK_LEVEL_LEAST;
	return level > PACK_LEVEL_MOST ? PACK_LEVEL_MOST : level;
}

/* Only of chunks that were compressed: on those stored the level has no influence. */
static void think(struct pack_level *level, bool waited)
{
	level->chunks++;
	level->waited_chunks += waited;
	if (level->chunks < THINK_CHUNKS)
		return;
	if (level->waited_chunks >= RISE_WAITS)
		level->level = step(level->level, 1);
	else if (level->waited_chunks <= FALL_WAITS)
		level->level = step(level->level, -1);
	level->chunks = level->waited_chunks = 0;
}

void pack_level_took(struct pack_level *level, size_t in_bytes, size_t out_bytes, bool waited)
{
	if (level->stored) {
		level->stored_bytes += in_bytes;
		level->stored = level->stored_bytes < level->look_bytes;
		return;
	}
	if (in_bytes < TELLING_BYTES)
		return;
	if (out_bytes < in_bytes / 100 * DULL_PERCENT) {
		level->dull_chunks = 0;
		level->stored_bytes = 0;
		level->look_bytes = LOOK_LEAST;
		think(level, waited);
		return;
	}
	/* One dull look is enough to go on storing, for longer each time. */
	if (level->stored_bytes != 0)
		level->look_bytes = level->look_bytes * 2 < LOOK_MOST ? level->look_bytes * 2 : LOOK_MOST;
	else if (++level->dull_chunks < DULL_CHUNKS)
		return;
	level->stored_bytes = 0;
	level->dull_chunks = 0;
	level->stored = true;
}
