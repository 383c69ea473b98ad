/* durable: small files that are whole or old, whatever happens in between.
 *
 * threads: none shared. source: rename(2), fsync(2); LWN "Ensuring data reaches disk" */
#ifndef AOB_DURABLE_H
#define AOB_DURABLE_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

#define DURABLE_PUBLIC 0644  /* what anybody may read */
#define DURABLE_PRIVATE 0600 /* what names, tells or guards something */

/* durable_write: make `name` in the open folder hold these bytes: a new file beside it, fsync, rename, fsync of the folder.
 * in: mode: its rights, less the umask.
 * durable: on return 0. repeat: safe. errors: by errno; the old file is still there then. */
int durable_write(int folder_fd, const char *name, mode_t mode, const void *data, size_t len_bytes, struct error *err);

/* durable_read: out: *text the caller's, free(3), with a NUL behind. errors: ERR_NOT_FOUND, ERR_DAMAGED (larger than max_bytes), by errno. */
int durable_read(int folder_fd, const char *name, size_t max_bytes, char **text, size_t *len_bytes, struct error *err);

/* durable_folder_of: the folder that the file of that path lies in, opened; "." for a name alone. Returns the descriptor, the caller's; -1: errors: ERR_INPUT (too long), by errno. */
int durable_folder_of(const char *path, struct error *err);

/* durable_sync: fsync of a folder (or file). */
int durable_sync(int fd, const char *what, struct error *err);

#endif
