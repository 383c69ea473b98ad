/* config_value: single values of the configuration: checked, with every fault told, and taken.
 * Private to lib/config*.c. threads: none shared. */
#ifndef AOB_CONFIG_VALUE_H
#define AOB_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/config_schema.h"
#include "lib/faults.h"
#include "lib/yaml_pos.h"

/* config_value_check: is this value what the key wants? Adds faults if not. Lists and maps: only that they are. */
bool config_value_check(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults);

/* config_value_is_name: pipelines, vaults and services: [A-Za-z0-9][A-Za-z0-9._-]*, at most CONFIG_NAME_MAX. */
bool config_value_is_name(const char *text);
/* config_value_name: is this value one? Adds faults if not. */
bool config_value_name(const struct yaml_pos *name, const char *what, struct faults *faults);

/* config_value_host: the name of a machine; NULL: there is none, or it is none, which is added to the faults. Borrowed. */
const char *config_value_host(const struct yaml_pos *value, struct faults *faults);

/* The text of map's key; otherwise if there is none or it is not a text. Borrowed. */
const char *config_value_text(const struct yaml_pos *map, const char *key, const char *otherwise);

/* config_value_path: as config_value_text for a path, without doubled and trailing '/' and "."; otherwise also for a
 * relative path, or one with "..". In arena. */
const char *config_value_path(const struct yaml_pos *map, const char *key, const char *otherwise, struct arena *arena);

/* config_value_texts: a NULL-terminated list, never NULL unless the arena has failed; items that are no texts are left out. */
const char *const *config_value_texts(const struct yaml_pos *list, struct arena *arena);

/* Of a text without quotes: an integer as YAML writes it; -1: it is none, or too large. */
int config_value_integer(const struct yaml_pos *value, int64_t *integer);

#endif
