/* exclude: which paths of a source are left out. A pattern (fnmatch(3)) with '/' is held against the whole path, one without against every name.
 * What lies in a folder that is left out is left out, too. Pure. */
#ifndef AOB_EXCLUDE_H
#define AOB_EXCLUDE_H

#include <stdbool.h>

/* exclude_name: is this object itself left out? path: relative to the source; name: its last part. patterns: NULL-terminated, or NULL. */
bool exclude_name(const char *const *patterns, const char *path, const char *name);

/* exclude_path: is it, or a folder above it? */
bool exclude_path(const char *const *patterns, const char *path);

/* exclude_by_path: is there a pattern that looks at whole paths, so that a folder's move changes what is left out in it? */
bool exclude_by_path(const char *const *patterns);

#endif
