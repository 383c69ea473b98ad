/* inside: every path operation beneath a held folder, so that no symlink and no ".." leads out, whoever changes the tree meanwhile: by openat2(2) with
 * RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or, on a kernel that does not have it, one name at a time with O_NOFOLLOW (CVE classes of path races).
 *
 * threads: a struct inside belongs to one thread. */
#ifndef AOB_INSIDE_H
#define AOB_INSIDE_H

#include <stddef.h>

#include "lib/error.h"

struct inside; /* a root folder, and the chain of folders of the last path, kept open for the next one */

int inside_new(int root_fd, struct inside **inside, struct error *err); /* root_fd stays the caller's */
void inside_destroy(struct inside **inside);

/* inside_valid: a relative path of names that are neither empty, "." nor "..", no NUL, no name over 255 bytes. "" is the root. */
int inside_valid(const char *path, struct error *err);

/* inside_trim: a path as people and shells write it, with "./" or "/" in front and "/" behind, and "." for the root. Returns where in it the path begins;
 * out: *len_bytes: how long it is. It may still be none (inside_valid). */
const char *inside_trim(const char *path, size_t *len_bytes);

/* inside_parent: the open folder that holds path's last name.
 * out:     *parent_fd borrowed until the next call on this struct; *leaf points into path; for "" they are the root and "."
 * errors:  ERR_INPUT (invalid path), ERR_NOT_FOUND, ERR_REFUSED (a symlink on the way), by errno */
int inside_parent(struct inside *inside, const char *path, int *parent_fd, const char **leaf, struct error *err);

/* inside_forget: drop the kept chain, after folders were renamed or removed. */
void inside_forget(struct inside *inside);

#endif
