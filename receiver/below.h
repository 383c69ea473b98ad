/* below: paths of a part of a tree, as they are from the root of the whole. */
#ifndef AOB_BELOW_H
#define AOB_BELOW_H

#include "lib/entry.h"
#include "wire/wire.h"

struct below {
	char whole[2 * WIRE_PATH_MAX + 2]; /* private */
};

/* below_entry: in: part: where the part lies in the whole, "" for all of it, at most WIRE_PATH_MAX bytes; found: with a path from there.
 * out: *entry: found, with the whole path; valid as long as found and until the next call. errors: ERR_INPUT (too long) */
int below_entry(struct below *below, const char *part, const struct entry *found, struct entry *entry,
                struct error *err);

#endif
