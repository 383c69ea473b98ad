/* durable_json: a small JSON file that is whole or old, whatever happens in between.
 *
 * threads: none shared. source: lib/durable.h; jansson, json_dumps(3) flags */
#ifndef AOB_DURABLE_JSON_H
#define AOB_DURABLE_JSON_H

#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "lib/error.h"

/* durable_json_write: durable_write of its text.
 * in: json: taken, also on failure; NULL: it could not be made, which is an error here. flags: jansson's, as JSON_INDENT(2). durable: on return 0. repeat: safe.
 * errors: ERR_SYSTEM (no memory, or a text in it that is not UTF-8), those of durable_write; the old file is still there then. */
int durable_json_write(int folder_fd, const char *name, mode_t mode, json_t *json, size_t flags, struct error *err);

#endif
