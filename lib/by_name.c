#include "lib/by_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 16

/* FNV-1a. Names are the configuration's, so nobody chooses them to collide. */
static size_t hash_of(const char *name)
{
	uint64_t hash = 14695981039346656037u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

/* Where the name is, or would be put: there always is a free place. */
static size_t place_of(const struct by_name *names, const char *name)
{
	size_t at = hash_of(name) & (names->room - 1);

	while (names->places[at].name != NULL && strcmp(names->places[at].name, name) != 0)
		at = (at + 1) & (names->room - 1);
	return at;
}

static int grow(struct by_name *names)
{
	struct by_name more = { .room = names->room != 0 ? 2 * names->room : ROOM_LEAST, .n = names->n };

	more.places = calloc(more.room, sizeof(*more.places));
	if (more.places == NULL)
		return -1;
	for (size_t i = 0; i < names->room; i++)
		if (names->places[i].name != NULL)
			more.places[place_of(&more, names->places[i].name)] = names->places[i];
	free(names->places);
	*names = more;
	return 0;
}

void by_name_done(struct by_name *names)
{
	free(names->places);
	*names = (struct by_name){ .n = 0 };
}

int by_name_put(struct by_name *names, const char *name, void *thing)
{
	struct by_name_place *place = NULL;

	if (2 * (names->n + 1) > names->room && grow(names) != 0)
		return -1;
	place = &names->places[place_of(names, name)];
	names->n += place->name == NULL;
	*place = (struct by_name_place){ name, thing };
	return 0;
}

void *by_name_get(const struct by_name *names, const char *name)
{
	return names->room != 0 ? names->places[place_of(names, name)].thing : NULL;
}

void by_name_drop(struct by_name *names, const char *name)
{
	size_t hole = names->room != 0 ? place_of(names, name) : 0;

	if (names->room == 0 || names->places[hole].name == NULL)
		return;
	names->n--;
	/* Those behind it that are not at their own place move up, so that no search ends at the hole. */
	for (size_t at = (hole + 1) & (names->room - 1); names->places[at].name != NULL;
	     at = (at + 1) & (names->room - 1)) {
		size_t own = hash_of(names->places[at].name) & (names->room - 1);

		if (((at - own) & (names->room - 1)) < ((at - hole) & (names->room - 1)))
			continue;
		names->places[hole] = names->places[at];
		hole = at;
	}
	names->places[hole] = (struct by_name_place){ .name = NULL };
}
