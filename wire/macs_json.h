/* macs_json: the Macs whose backups are in a generation, as its record has them (docs/vault-format.md, `macs`); whoever writes or reads the record.
 *
 * threads: none shared. */
#ifndef AOB_MACS_JSON_H
#define AOB_MACS_JSON_H

#include <jansson.h>

#include "wire/macs_codec.h"

/* macs_json: names are escaped. A new reference; NULL: out of memory. */
json_t *macs_json(const struct wire_macs *macs);

/* macs_json_read: of a record, which may be NULL: none if it tells of none; up to the first that makes no sense. Escaped, whoever wrote it. */
void macs_json_read(const json_t *record, struct wire_macs *macs);

#endif
