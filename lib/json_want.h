/* json_want: members of a JSON object that have to be of a kind, or what is said is where which one is not. Of texts from other processes: nothing is taken on trust.
 *
 * Each: object: borrowed; anything but an object counts as one without members. where: in front of the key in a message, as "vault.". required: else an absent or null member gives NULL.
 * out: *value, borrowed from the object. errors: ERR_INPUT with the member's name and what is wanted. threads: any, one for an object. */
#ifndef AOB_JSON_WANT_H
#define AOB_JSON_WANT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "lib/error.h"

#define JSON_WANT_DEPTH 32 /* of nested lists and objects */
#define JSON_WANT_NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* json_want_load: an object, nested no deeper than JSON_WANT_DEPTH (jansson recurses), no key in it twice. Owned by the caller. NULL: err is of that class, and tells what is wrong where. */
json_t *json_want_load(const char *text, size_t len, enum error_class class, struct error *err);

int json_want_string(json_t *object, const char *where, const char *key, bool required, const char **value,
                     struct error *err);

/* json_want_name: 1 to max characters of allowed, which is JSON_WANT_NAME or that with more behind it; the first one a letter or a digit. */
int json_want_name(json_t *object, const char *where, const char *key, const char *allowed, size_t max,
                   const char **value, struct error *err);

/* json_want_path: an absolute one, shorter than PATH_MAX. */
int json_want_path(json_t *object, const char *where, const char *key, bool required, const char **value,
                   struct error *err);

/* json_want_integer: low <= *value <= high; always required. */
int json_want_integer(json_t *object, const char *where, const char *key, json_int_t low, json_int_t high,
                      json_int_t *value, struct error *err);

int json_want_object(json_t *root, const char *key, bool required, json_t **value, struct error *err);

/* json_want_strings: a list of strings as an array with NULL behind them; of NULL an empty one. out: *strings, owned by the caller, free(3); the texts are the list's. errors: ERR_INPUT, ERR_SYSTEM */
int json_want_strings(json_t *list, const char *where, const char ***strings, struct error *err);

#endif
