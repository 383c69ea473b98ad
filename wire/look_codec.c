#include "wire/look_codec.h"

#include <string.h>

#include "wire/entry_codec.h"

#define FLAG_BEFORE 1u
#define FLAG_AFTER 2u
#define FLAG_CONTENT 4u

void look_codec_memory_init(struct look_codec_memory *memory)
{
	entry_memory_init(&memory->memory[0]);
	entry_memory_init(&memory->memory[1]);
}

void look_codec_memory_done(struct look_codec_memory *memory)
{
	entry_memory_done(&memory->memory[0]);
	entry_memory_done(&memory->memory[1]);
}

/* It is shown to people, and taken for nothing else. */
static void get_generation(struct decoder *d, char name[LOOK_CODEC_GENERATION_SIZE])
{
	get_string(d, name, LOOK_CODEC_GENERATION_SIZE);
	if (name[0] == '\0' || name[strspn(name, "0123456789TZ-")] != '\0') {
		name[0] = '\0';
		d->bad = true;
	}
}

void put_found(struct encoder *e, const struct wire_found *found)
{
	put_string(e, found->first);
	put_string(e, found->last);
	put_u32(e, found->generations);
	put_entry(e, &found->entry);
}

void get_found(struct decoder *d, struct entry_memory *memory, struct wire_found *found)
{
	get_generation(d, found->first);
	get_generation(d, found->last);
	found->generations = get_u32(d);
	get_entry(d, memory, &found->entry);
}

void put_difference(struct encoder *e, const struct wire_difference *difference)
{
	put_u8(e, (uint8_t)((difference->before != NULL ? FLAG_BEFORE : 0) |
	                    (difference->after != NULL ? FLAG_AFTER : 0) | (difference->content ? FLAG_CONTENT : 0)));
	if (difference->before != NULL)
		put_entry(e, difference->before);
	if (difference->after != NULL)
		put_entry(e, difference->after);
}

void get_difference(struct decoder *d, struct look_codec_memory *memory, struct wire_difference *difference)
{
	unsigned flags = get_u8(d);

	*difference = (struct wire_difference){ .content = (flags & FLAG_CONTENT) != 0 };
	if ((flags & ~(FLAG_BEFORE | FLAG_AFTER | FLAG_CONTENT)) != 0 || (flags & (FLAG_BEFORE | FLAG_AFTER)) == 0)
		d->bad = true;
	if ((flags & FLAG_BEFORE) != 0) {
		get_entry(d, &memory->memory[0], &memory->before);
		difference->before = &memory->before;
	}
	if ((flags & FLAG_AFTER) != 0) {
		get_entry(d, &memory->memory[1], &memory->after);
		difference->after = &memory->after;
	}
	if (difference->before != NULL && difference->after != NULL &&
	    strcmp(difference->before->path, difference->after->path) != 0)
		d->bad = true;
}
