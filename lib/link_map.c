#include "lib/link_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/scratch.h"

/* Most trees have so few that all of it stays in memory, where a table grows up to MEMORY_SLOTS, and values wait until there are TAIL_BYTES of them. */
#define FIRST_SLOTS 1024u
#define GROWS 4u
#define MEMORY_SLOTS (UINT64_C(1) << 18)
#define TAIL_BYTES ((size_t)256 << 10)
#define CHUNK 128u    /* slots that are read at once */
#define FIRST_LOOK 8u /* the first time: mostly the only one */

/* Where a key's value lies. An empty one is zeros, so that a hole of a file is empty too. */
struct slot {
	uint64_t key;
	uint64_t place; /* in the file of values, and one; 0: empty */
	uint64_t len_bytes;
};

struct table {
	FILE *file;         /* NULL: it is in memory */
	struct slot *slots; /* that one */
	uint64_t n_slots;   /* a power of two */
	uint64_t n_used;
	uint64_t seed;
};

struct link_map {
	struct table table;
	FILE *values;   /* NULL: nothing is in it yet */
	uint64_t bytes; /* of the values */
	uint64_t tail_from;
	char *tail; /* those from there on; TAIL_BYTES of room */
};

static int failed(int sys, struct error *err)
{
	return error_sys(err, sys, "the map of hard links (a temporary file)");
}

/* What is read of a hole or behind the end is zeros. */
static int read_at(FILE *file, void *out, size_t len_bytes, uint64_t at, struct error *err)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = pread(fileno(file), (char *)out + done, len_bytes - done, (off_t)(at + done));

		if (n < 0 && errno != EINTR)
			return failed(errno, err);
		if (n == 0) {
			memset((char *)out + done, 0, len_bytes - done);
			return 0;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int write_at(FILE *file, const void *data, size_t len_bytes, uint64_t at, struct error *err)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = pwrite(fileno(file), (const char *)data + done, len_bytes - done, (off_t)(at + done));

		if (n < 0 && errno != EINTR)
			return failed(errno, err);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Inodes come in rows and in steps, and who names files may choose what becomes a key: all bits take part (the finaliser of MurmurHash3), and so does a
 * number that nobody knows. */
static uint64_t first_place(const struct table *t, uint64_t key)
{
	key ^= t->seed;
	key ^= key >> 33;
	key *= UINT64_C(0xff51afd7ed558ccd);
	key ^= key >> 33;
	key *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (key ^ key >> 33) & (t->n_slots - 1);
}

static int table_read(const struct table *t, uint64_t at, struct slot *slots, size_t n, struct error *err)
{
	if (t->file != NULL)
		return read_at(t->file, slots, n * sizeof(*slots), at * sizeof(*slots), err);
	memcpy(slots, t->slots + at, n * sizeof(*slots));
	return 0;
}

static int table_write(struct table *t, uint64_t at, const struct slot *slot, struct error *err)
{
	if (t->file != NULL)
		return write_at(t->file, slot, sizeof(*slot), at * sizeof(*slot), err);
	t->slots[at] = *slot;
	return 0;
}

/* The key's place, or the empty one where it belongs: there always is one, as a table is never full. */
static int table_find(const struct table *t, uint64_t key, uint64_t *at, struct slot *found, struct error *err)
{
	struct slot chunk[CHUNK] = { { 0 } };
	size_t most = FIRST_LOOK;

	*at = first_place(t, key);
	for (;;) {
		size_t n = t->n_slots - *at < most ? (size_t)(t->n_slots - *at) : most;

		if (table_read(t, *at, chunk, n, err) != 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			if (chunk[i].place == 0 || chunk[i].key == key) {
				*at += i;
				*found = chunk[i];
				return 0;
			}
		*at = (*at + n) & (t->n_slots - 1);
		most = CHUNK;
	}
}

static void table_done(struct table *t)
{
	if (t->file != NULL)
		(void)fclose(t->file);
	free(t->slots);
	*t = (struct table){ 0 };
}

static int table_new(struct table *t, uint64_t n_slots, uint64_t seed, struct error *err)
{
	*t = (struct table){ .n_slots = n_slots, .seed = seed };
	if (n_slots > MEMORY_SLOTS) {
		t->file = scratch_file(err);
		return t->file != NULL ? 0 : -1;
	}
	t->slots = calloc((size_t)n_slots, sizeof(*t->slots));
	return t->slots != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static int table_add(struct table *t, const struct slot *slot, struct error *err)
{
	struct slot empty;
	uint64_t at;

	if (table_find(t, slot->key, &at, &empty, err) != 0 || table_write(t, at, slot, err) != 0)
		return -1;
	t->n_used++;
	return 0;
}

/* The same with GROWS times the slots. */
static int table_grow(struct table *t, struct error *err)
{
	struct table now;
	int rc = table_new(&now, GROWS * t->n_slots, t->seed, err);

	for (uint64_t from = 0; from < t->n_slots && rc == 0; from += CHUNK) {
		struct slot chunk[CHUNK];

		rc = table_read(t, from, chunk, CHUNK, err);
		for (size_t i = 0; i < CHUNK && rc == 0; i++)
			if (chunk[i].place != 0)
				rc = table_add(&now, &chunk[i], err);
	}
	if (rc != 0) {
		table_done(&now);
		return -1;
	}
	table_done(t);
	*t = now;
	return 0;
}

/* Makes room for a value at the end. One that is longer than the tail goes by it. */
static int append(struct link_map *map, const void *value, size_t len_bytes, struct error *err)
{
	size_t waiting = (size_t)(map->bytes - map->tail_from);

	if (waiting + len_bytes <= TAIL_BYTES) {
		if (len_bytes != 0)
			memcpy(map->tail + waiting, value, len_bytes);
		map->bytes += len_bytes;
		return 0;
	}
	if (map->values == NULL && (map->values = scratch_file(err)) == NULL)
		return -1;
	if (write_at(map->values, map->tail, waiting, map->tail_from, err) != 0 ||
	    write_at(map->values, value, len_bytes, map->bytes, err) != 0)
		return -1;
	map->bytes += len_bytes;
	map->tail_from = map->bytes;
	return 0;
}

static int replace(struct link_map *map, uint64_t at, const void *value, size_t len_bytes, struct error *err)
{
	if (at < map->tail_from)
		return write_at(map->values, value, len_bytes, at, err);
	if (len_bytes != 0)
		memcpy(map->tail + (at - map->tail_from), value, len_bytes);
	return 0;
}

int link_map_new(struct link_map **map, struct error *err)
{
	struct link_map *made = calloc(1, sizeof(*made));

	*map = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->tail = malloc(TAIL_BYTES);
	if (made->tail == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	if (made->tail == NULL || table_new(&made->table, FIRST_SLOTS, chance(), err) != 0) {
		link_map_destroy(&made);
		return -1;
	}
	*map = made;
	return 0;
}

void link_map_destroy(struct link_map **map)
{
	if (*map == NULL)
		return;
	table_done(&(*map)->table);
	if ((*map)->values != NULL)
		(void)fclose((*map)->values);
	free((*map)->tail);
	free(*map);
	*map = NULL;
}

int link_map_put(struct link_map *map, uint64_t key, const void *value, size_t len_bytes, struct error *err)
{
	struct slot slot;
	uint64_t at;

	if (4 * map->table.n_used >= 3 * map->table.n_slots && table_grow(&map->table, err) != 0)
		return -1;
	if (table_find(&map->table, key, &at, &slot, err) != 0)
		return -1;
	if (slot.place != 0 && len_bytes <= slot.len_bytes) {
		if (replace(map, slot.place - 1, value, len_bytes, err) != 0)
			return -1;
		slot.len_bytes = len_bytes;
		return table_write(&map->table, at, &slot, err);
	}
	if (slot.place == 0)
		map->table.n_used++;
	slot = (struct slot){ .key = key, .place = map->bytes + 1, .len_bytes = len_bytes };
	if (append(map, value, len_bytes, err) != 0)
		return -1;
	return table_write(&map->table, at, &slot, err);
}

int link_map_get(struct link_map *map, uint64_t key, void *out, size_t room_bytes, size_t *len_bytes, struct error *err)
{
	struct slot slot;
	uint64_t at;

	*len_bytes = 0;
	if (table_find(&map->table, key, &at, &slot, err) != 0)
		return -1;
	if (slot.place == 0)
		return 0;
	if (slot.len_bytes > room_bytes)
		return error_set(err, ERR_INTERNAL, "a value of %zu bytes in the map of hard links",
		                 (size_t)slot.len_bytes);
	*len_bytes = (size_t)slot.len_bytes;
	if (slot.place - 1 >= map->tail_from) {
		if (slot.len_bytes != 0)
			memcpy(out, map->tail + (slot.place - 1 - map->tail_from), (size_t)slot.len_bytes);
		return 1;
	}
	return read_at(map->values, out, (size_t)slot.len_bytes, slot.place - 1, err) == 0 ? 1 : -1;
}
