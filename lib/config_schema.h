/* config_schema: which keys there are at each level of the configuration, of which type, and the check of a map against that.
 * Private to lib/config*.c. docs/configuration.md lists the same keys. */
#ifndef AOB_CONFIG_SCHEMA_H
#define AOB_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/faults.h"
#include "lib/yaml_pos.h"

enum schema_type {
	SCHEMA_TEXT,
	SCHEMA_PATH,     /* absolute, without ".." */
	SCHEMA_INTEGER,  /* low … high */
	SCHEMA_DURATION, /* low … high, in ms */
	SCHEMA_CHOICE,
	SCHEMA_TEXTS, /* a list of texts */
	SCHEMA_MAP,
	SCHEMA_LIST,
	SCHEMA_OTHER /* its owner looks at it */
};

struct schema_key {
	const char *name;
	enum schema_type type;
	bool required;
	int64_t low, high;
	const char *const *choices; /* NULL-terminated */
	const char *want;           /* what to write, with an example: the remedy in messages */
};

struct schema {
	const char *name; /* "'watch'": where a key is to go that stands at a wrong place */
	const struct schema_key *keys;
	size_t n_keys;
	bool optional; /* none of them is required */
};

extern const struct schema config_schema_root, config_schema_elsewhere, config_schema_monitor, config_schema_broker,
        config_schema_curve, config_schema_contact, config_schema_vault, config_schema_window, config_schema_pipeline,
        config_schema_watch;

/* The schema of `with` for our own services; NULL for others. */
const struct schema *config_schema_stage(const char *service);

/* The drivers of `notify`, in the order of enum config_notify_driver; at: less than 4. */
const char *config_schema_notify_word(size_t at);
const struct schema *config_schema_notify(size_t at);

/* A service of ours that the word is a misspelling of (one letter, or upper and lower case); else NULL. */
const char *config_schema_misspelt(const char *service);

/* config_schema_check: every fault of map: kind, unknown and missing keys, types and limits of values.
 * Returns whether map is a map, so that its values can be looked at. */
bool config_schema_check(const struct yaml_pos *map, const struct schema *schema, struct faults *faults);

#endif
