/* json_path: names are bytes, and JSON is text: a path that is UTF-8 stands under its key, any other one as hexadecimal digits under <key>_hex.
 *
 * threads: none shared. */
#ifndef AOB_JSON_PATH_H
#define AOB_JSON_PATH_H

#include <jansson.h>
#include <stddef.h>

/* json_path_put: 0, or -1: out of memory. */
int json_path_put(json_t *object, const char *key, const char *path);

/* json_path_get: a NUL behind. -1: there is none that makes sense, or it has no room. */
int json_path_get(const json_t *object, const char *key, char *path, size_t size);

#endif
