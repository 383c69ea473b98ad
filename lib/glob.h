/* glob: does a name match a shell's pattern? `*` is any number of characters, `?` one, `[a-z]` one of those, `[!a-z]` (or `[^a-z]`) one that is none of those, `\` takes
 * its meaning from the next one. A `[` that is never closed is a `[`. A character is one of UTF-8, or a byte that belongs to none. Pure, whatever the locale.
 *
 * Unlike fnmatch(3) it takes no longer than the pattern's length times the name's, whatever the pattern: a peer may have chosen it. */
#ifndef AOB_GLOB_H
#define AOB_GLOB_H

#include <stdbool.h>

bool glob_match(const char *pattern, const char *name);

#endif
