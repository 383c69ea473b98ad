/* link_map: from a number (an inode's) to some bytes (a path), for as many as there are, in bounded memory: two temporary files that vanish with the
 * process, one with a table of hashes, one with the values.
 *
 * lifetime: link_map_new / link_map_destroy. threads: one. */
#ifndef AOB_LINK_MAP_H
#define AOB_LINK_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct link_map;

int link_map_new(struct link_map **map, struct error *err);
void link_map_destroy(struct link_map **map);

/* link_map_put: replaces. link_map_get: 1: found, copied into out (at most room bytes, else ERR_INTERNAL); 0: not there; -1. */
int link_map_put(struct link_map *map, uint64_t key, const void *value, size_t len_bytes, struct error *err);
int link_map_get(struct link_map *map, uint64_t key, void *out, size_t room_bytes, size_t *len_bytes,
                 struct error *err);

#endif
