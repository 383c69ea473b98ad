/* yaml_pos: a YAML text as a tree in which every value knows its line and column.
 *
 * What a configuration does not need is refused with the remedy, so that nothing surprising can hide in it: anchors and aliases,
 * tags, several documents, keys that are no plain text, the same key twice. Depth, size and number of values are bounded.
 *
 * threads: none shared. source: yaml.org/spec/1.1, libyaml's event interface */
#ifndef AOB_YAML_POS_H
#define AOB_YAML_POS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/faults.h"

#define YAML_POS_BYTES_MAX (2u << 20)
#define YAML_POS_DEPTH_MAX 20
#define YAML_POS_VALUES_MAX 100000
#define YAML_POS_ITEMS_MAX 2000 /* of one list or map */

enum yaml_pos_kind { YAML_POS_TEXT, YAML_POS_LIST, YAML_POS_MAP };

struct yaml_pos {
	enum yaml_pos_kind kind;
	bool quoted;            /* a text that stood in quotes or as a block: never a number, a bool or null */
	unsigned line, column;  /* from 1, in characters */
	const char *text;       /* of YAML_POS_TEXT; no NUL inside */
	struct yaml_pos *key;   /* of a map's item: its key, a text; else NULL */
	struct yaml_pos *first; /* item of a list or map, in the file's order */
	struct yaml_pos *last;
	struct yaml_pos *next; /* sibling */
	size_t n_items;
};

/* yaml_pos_parse: the one document in text; faults are added.
 * out:     the root, in arena; NULL if the text has no tree: a fault says why, or the arena has failed */
const struct yaml_pos *yaml_pos_parse(const char *text, size_t len_bytes, struct arena *arena, struct faults *faults);

/* yaml_pos_get: the value of key in a map; NULL if there is none, or map is NULL or no map. */
const struct yaml_pos *yaml_pos_get(const struct yaml_pos *map, const char *key);

/* yaml_pos_null: empty, "~" or "null" without quotes. */
bool yaml_pos_null(const struct yaml_pos *value);

/* yaml_pos_place: where a fault of this value as a whole is told: its key if it has one, else itself. */
const struct yaml_pos *yaml_pos_place(const struct yaml_pos *value);

#endif
