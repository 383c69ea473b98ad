#include "cli/restore_above.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MOST ((size_t)32 << 20)

/* In `data`: the path with its NUL, then the payload. */
struct restore_above_level {
	size_t at, path_bytes, payload_bytes;
	bool given;
};

void restore_above_init(struct restore_above *above)
{
	*above = (struct restore_above){ .data = NULL };
}

void restore_above_done(struct restore_above *above)
{
	free(above->data);
	free(above->levels);
	restore_above_init(above);
}

static const char *path_of(const struct restore_above *above, const struct restore_above_level *level)
{
	return (const char *)above->data + level->at;
}

static bool leads_to(const struct restore_above *above, const struct restore_above_level *level, const char *path)
{
	size_t n = level->path_bytes - 1;

	return strncmp(path_of(above, level), path, n) == 0 && path[n] == '/';
}

static int make_room(struct restore_above *above, size_t bytes, struct error *err)
{
	void *grown;

	if (bytes > BYTES_MOST)
		return error_set(err, ERR_INPUT, "the folders above one file have more than %zu bytes of metadata",
		                 BYTES_MOST);
	if (above->n == above->room) {
		grown = reallocarray(above->levels, 2 * above->room + 16, sizeof(*above->levels));
		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		above->levels = grown;
		above->room = 2 * above->room + 16;
	}
	if (bytes > above->room_bytes) {
		grown = realloc(above->data, 2 * bytes);
		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		above->data = grown;
		above->room_bytes = 2 * bytes;
	}
	return 0;
}

int restore_above_pass(struct restore_above *above, const char *path, const uint8_t *payload, size_t payload_bytes,
                       struct error *err)
{
	struct restore_above_level level = { .path_bytes = strlen(path) + 1, .payload_bytes = payload_bytes };

	if (*path == '\0')
		return 0;
	for (size_t i = 0; i < above->n; i++)
		if (strcmp(path_of(above, &above->levels[i]), path) == 0)
			return 0;
	while (above->n != 0 && !leads_to(above, &above->levels[above->n - 1], path))
		above->n--;
	if (above->n != 0) {
		const struct restore_above_level *last = &above->levels[above->n - 1];

		level.at = last->at + last->path_bytes + last->payload_bytes;
	}
	if (make_room(above, level.at + level.path_bytes + level.payload_bytes, err) != 0)
		return -1;
	memcpy(above->data + level.at, path, level.path_bytes);
	memcpy(above->data + level.at + level.path_bytes, payload, payload_bytes);
	above->levels[above->n++] = level;
	return 0;
}

bool restore_above_next(struct restore_above *above, const char *path, const uint8_t **payload, size_t *payload_bytes)
{
	for (size_t i = 0; i < above->n; i++) {
		struct restore_above_level *level = &above->levels[i];

		if (level->given || !leads_to(above, level, path))
			continue;
		level->given = true;
		*payload = above->data + level->at + level->path_bytes;
		*payload_bytes = level->payload_bytes;
		return true;
	}
	return false;
}
