/* vault_place: where a pipeline's vault lies, told by its .aob/format.json: for those who must not write there. For any thread. */
#ifndef AOB_VAULT_PLACE_H
#define AOB_VAULT_PLACE_H

#include <limits.h>
#include <stdbool.h>

/* vault_place_is: is that a pipeline's folder in a vault? Also if its disk does not tell; not if this user may not look. */
bool vault_place_is(const char *folder);

/* vault_place_above: does path, which need not be there yet, lie in such a folder, or is it one? Symlinks on the way are followed. out: folder: that one, if so */
bool vault_place_above(const char *path, char folder[PATH_MAX]);

#endif
