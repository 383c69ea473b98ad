/* listing: an entry of a vault's tree, as people and programs are shown it. Pure. */
#ifndef AOB_LISTING_H
#define AOB_LISTING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/entry.h"

#define LISTING_MODE_SIZE 11

/* listing_mode: as ls(1): "drwxr-x--x". Returns out. */
const char *listing_mode(const struct entry *entry, char out[LISTING_MODE_SIZE]);

/* listing_kind: "file", "folder", "symlink", …; static. */
const char *listing_kind(enum entry_type type);

/* listing_when: local time, "2026-11-23 06:36", as style_when; the beginning of 1970 too. Returns out. */
const char *listing_when(int64_t at_s, char *out, size_t size);

/* listing_json: path (NULL: without one), kind, mode, owner, size, time; new, NULL: out of memory. */
json_t *listing_json(const struct entry *entry, const char *path);

/* listing_name_json: puts a name into object under key. One that is no UTF-8 is escaped as log_escape does, and its bytes are under key_hex. 0, -1: out of memory. */
int listing_name_json(json_t *object, const char *key, const char *name);

/* listing_print_json: object as one line of ASCII on standard output; takes it over. NULL: errors: ERR_SYSTEM */
int listing_print_json(json_t *object, struct error *err);

#endif
