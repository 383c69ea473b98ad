#include "cli/restore_names.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "lib/link_map.h"
#include "lib/sha256.h"
#include "lib/utf8.h"
#include "wire/wire.h"

#define NUMBERS_MOST 10000u
#define ENDING_MOST 16u /* ".jpg" stays at the end; what is longer is no ending */

/* A folder that the last path led through: so long are the paths to it. */
struct level {
	size_t path_bytes, place_bytes;
};

struct restore_names {
	const struct restore_holds *holds;
	struct link_map *taken; /* by a hash of the place as the target compares it: whose it is */
	locale_t letters;       /* (locale_t)0: only those of ASCII are known */
	char *path, *place;     /* the last ones; the levels are beginnings of them */
	struct level *levels;
	size_t n, room;
	char *folded, *owner;
};

int restore_names_new(const struct restore_holds *holds, struct restore_names **names, struct error *err)
{
	struct restore_names *made = calloc(1, sizeof(*made));

	*names = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->holds = holds;
	made->letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	made->path = calloc(1, WIRE_PATH_MAX + 1);
	made->place = calloc(1, WIRE_PATH_MAX + 1);
	made->folded = malloc((size_t)UTF8_BYTES_MAX * (WIRE_PATH_MAX + 1));
	made->owner = malloc(WIRE_PATH_MAX + 1);
	if (made->path == NULL || made->place == NULL || made->folded == NULL || made->owner == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (link_map_new(&made->taken, err) == 0) {
		*names = made;
		return 0;
	}
	restore_names_destroy(&made);
	return -1;
}

void restore_names_destroy(struct restore_names **names)
{
	struct restore_names *n = *names;

	if (n == NULL)
		return;
	*names = NULL;
	link_map_destroy(&n->taken);
	if (n->letters != (locale_t)0)
		freelocale(n->letters);
	free(n->path);
	free(n->place);
	free(n->folded);
	free(n->owner);
	free(n->levels);
	free(n);
}

static bool may_stand(const struct restore_holds *holds, const char *at, unsigned bytes, uint32_t point)
{
	if (bytes == 0)
		return holds->any_bytes;
	if (point > holds->point_most)
		return false;
	if (at[bytes] == '\0' && (*at == '.' || *at == ' ') && !holds->any_end)
		return false;
	return holds->any_character || ((unsigned char)*at >= 0x20 && *at != 0x7f && strchr("\"*:<>?\\|", *at) == NULL);
}

/* The name's first bytes, as many as there is room for, without half a character at the end. */
static size_t cut(const char *name, size_t bytes, size_t most)
{
	if (bytes <= most)
		return bytes;
	while (most != 0 && ((unsigned char)name[most] & 0xc0) == 0x80)
		most--;
	return most;
}

const char *restore_names_fit(const struct restore_holds *holds, const char *name, char out[RESTORE_NAMES_SIZE])
{
	char whole[3 * RESTORE_NAMES_SIZE + 1];
	size_t used = 0;
	size_t most = holds->name_most < RESTORE_NAMES_SIZE ? holds->name_most : RESTORE_NAMES_SIZE - 1;

	for (const char *at = name; *at != '\0' && used + 3 < sizeof(whole);) {
		uint32_t point = 0;
		unsigned bytes = utf8_at(at, &point);
		bool stands = may_stand(holds, at, bytes, point);

		for (unsigned i = 0; i < (bytes != 0 ? bytes : 1) && used + 3 < sizeof(whole); i++, at++) {
			if (stands)
				whole[used++] = *at;
			else
				used += (size_t)snprintf(whole + used, sizeof(whole) - used, "%%%02X",
				                         (unsigned char)*at);
		}
	}
	whole[used] = '\0';
	if (used > most)
		return restore_names_nth(whole, 1, (uint32_t)most, out);
	memcpy(out, whole, used + 1);
	return out;
}

const char *restore_names_nth(const char *name, unsigned n, uint32_t most_bytes, char out[RESTORE_NAMES_SIZE])
{
	const char *dot = strrchr(name, '.');
	size_t bytes = strlen(name);
	size_t ending = dot != NULL && dot != name ? strlen(dot) : 0;
	char number[16];
	size_t stem;

	if (ending > ENDING_MOST || ending + sizeof(number) > most_bytes)
		ending = 0;
	(void)snprintf(number, sizeof(number), "~%u", n);
	stem = cut(name, bytes - ending, most_bytes - ending - strlen(number));
	(void)snprintf(out, RESTORE_NAMES_SIZE, "%.*s%s%s", (int)stem, name, number, name + bytes - ending);
	return out;
}

/* As the target compares it. */
static uint64_t key_of(struct restore_names *names, const char *place)
{
	uint8_t sha256[SHA256_BYTES];
	size_t used = 0;
	uint64_t key;

	for (const char *at = place; *at != '\0';) {
		uint32_t point;
		unsigned bytes = utf8_at(at, &point);

		if (bytes == 0 || names->holds->cases) {
			names->folded[used++] = *at++;
			continue;
		}
		at += bytes;
		if (names->letters != (locale_t)0)
			point = (uint32_t)towupper_l((wint_t)point, names->letters);
		else if (point >= 'a' && point <= 'z')
			point -= 'a' - 'A';
		used += utf8_put(point, names->folded + used);
	}
	sha256_of(names->folded, used, sha256);
	memcpy(&key, sha256, sizeof(key));
	return key;
}

/* Is names->place free for the path that names->path is? 1, 0, -1 */
static int take(struct restore_names *names, struct error *err)
{
	uint64_t key = key_of(names, names->place);
	size_t n;
	int rc = link_map_get(names->taken, key, names->owner, WIRE_PATH_MAX, &n, err);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return n == strlen(names->path) && memcmp(names->owner, names->path, n) == 0;
	return link_map_put(names->taken, key, names->path, strlen(names->path), err) == 0 ? 1 : -1;
}

static int too_long(const char *path, struct error *err)
{
	return error_set(err, ERR_INPUT, "\"%.300s\": the path becomes too long, with names that can be held there",
	                 path);
}

static int push(struct restore_names *names, struct error *err)
{
	if (names->n == names->room) {
		size_t room = 2 * names->room + 16;
		struct level *grown = reallocarray(names->levels, room, sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		names->levels = grown;
		names->room = room;
	}
	names->levels[names->n++] =
	        (struct level){ .path_bytes = strlen(names->path), .place_bytes = strlen(names->place) };
	return 0;
}

/* One name more, behind the level that is open. */
static int descend(struct restore_names *names, const char *name, struct error *err)
{
	char fit[RESTORE_NAMES_SIZE];
	char nth[RESTORE_NAMES_SIZE];
	size_t at = strlen(names->path);
	size_t to = strlen(names->place);
	const char *slash = at != 0 ? "/" : "";
	int rc = 0;

	(void)restore_names_fit(names->holds, name, fit);
	if (snprintf(names->path + at, WIRE_PATH_MAX + 1 - at, "%s%s", slash, name) > (int)(WIRE_PATH_MAX - at))
		return too_long(name, err);
	for (unsigned i = 1; i <= NUMBERS_MOST && rc == 0; i++) {
		const char *tried = i == 1 ? fit : restore_names_nth(fit, i, names->holds->name_most, nth);

		if (snprintf(names->place + to, WIRE_PATH_MAX + 1 - to, "%s%s", slash, tried) >
		    (int)(WIRE_PATH_MAX - to))
			return too_long(names->path, err);
		rc = take(names, err);
	}
	if (rc == 0)
		return error_set(err, ERR_INPUT, "\"%.300s\": too many names are the same there", names->path);
	return rc < 0 ? -1 : push(names, err);
}

/* Closes the levels that the path does not lead through. Returns how many bytes of it are open. */
static size_t climb(struct restore_names *names, const char *path)
{
	while (names->n != 0) {
		const struct level *level = &names->levels[names->n - 1];
		size_t n = level->path_bytes;

		if (strncmp(names->path, path, n) == 0 && (path[n] == '/' || path[n] == '\0')) {
			names->path[n] = '\0';
			names->place[level->place_bytes] = '\0';
			return n;
		}
		names->n--;
	}
	names->path[0] = names->place[0] = '\0';
	return 0;
}

int restore_names_place(struct restore_names *names, const char *path, const char **place, struct error *err)
{
	const char *at = path + climb(names, path);

	while (*at != '\0') {
		char name[RESTORE_NAMES_SIZE];
		size_t n;

		at += *at == '/';
		n = strcspn(at, "/");
		if (n >= sizeof(name))
			return error_set(err, ERR_INPUT, "\"%.300s\": a name is too long", path);
		memcpy(name, at, n);
		name[n] = '\0';
		if (descend(names, name, err) != 0)
			return -1;
		at += n;
	}
	*place = strcmp(names->place, path) == 0 ? path : names->place;
	return 0;
}

bool restore_names_changed(const char *path, const char *place)
{
	const char *last = strrchr(path, '/');
	const char *there = strrchr(place, '/');

	return strcmp(last != NULL ? last + 1 : path, there != NULL ? there + 1 : place) != 0;
}
