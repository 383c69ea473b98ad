/* look_codec: what a receiver tells of its generations, as bytes (FOUND, DIFFERENCE). docs/wire.md has the table of fields. */
#ifndef AOB_LOOK_CODEC_H
#define AOB_LOOK_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/entry.h"
#include "wire/codec.h"

#define LOOK_CODEC_GENERATION_SIZE 32

/* One version of what was looked for, and the generations one behind the other that have it. */
struct wire_found {
	char first[LOOK_CODEC_GENERATION_SIZE], last[LOOK_CODEC_GENERATION_SIZE];
	uint32_t generations;
	struct entry entry; /* as the last of them has it */
};

/* What two generations have at one place. */
struct wire_difference {
	const struct entry *before, *after; /* NULL: it is not there; one of them is */
	bool content;                       /* not the metadata alone */
};

/* What the pointers of a difference that was taken apart lead to; reused from one to the next. */
struct look_codec_memory {
	struct entry_memory memory[2];
	struct entry before, after;
};
void look_codec_memory_init(struct look_codec_memory *memory);
void look_codec_memory_done(struct look_codec_memory *memory);

void put_found(struct encoder *e, const struct wire_found *found);
/* get_found: the names of generations have no characters but theirs. A fault makes d bad. */
void get_found(struct decoder *d, struct entry_memory *memory, struct wire_found *found);

void put_difference(struct encoder *e, const struct wire_difference *difference);
/* get_difference: pointers lead into memory, valid until its next use. A fault makes d bad. */
void get_difference(struct decoder *d, struct look_codec_memory *memory, struct wire_difference *difference);

#endif
