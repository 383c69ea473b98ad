/* entry_codec: a struct entry as bytes (ENTRY, MAKE, META, FILE_BEGIN). docs/wire.md has the table of fields. */
#ifndef AOB_ENTRY_CODEC_H
#define AOB_ENTRY_CODEC_H

#include "lib/entry.h"
#include "wire/codec.h"

void put_entry(struct encoder *e, const struct entry *entry);

/* get_entry: pointers lead into memory, valid until its next use. Checked: type, path (inside_valid, at most WIRE_PATH_MAX), mode bits,
 * mtime_ns < 1e9, xattr names and sizes, sizes within int64. A fault makes d bad. */
void get_entry(struct decoder *d, struct entry_memory *memory, struct entry *entry);

#endif
