/* trash: how whole trees go away: first by one rename into .aob/trash/ (so they are gone at once and whole), then piece by piece. Can be
 * killed at any moment and goes on at the next call. Neither depth nor number of entries costs memory or descriptors: a folder found inside is
 * moved up into the trash itself. */
#ifndef AOB_TRASH_H
#define AOB_TRASH_H

#include "receiver/ticker.h"
#include "receiver/vault.h"

/* trash_put: move `name` of the open folder there. errors: by errno; ENOENT is none. */
int trash_put(const struct vault *vault, int parent_fd, const char *name, struct error *err);

/* trash_empty: remove all that is there. ticker: may be NULL. */
int trash_empty(const struct vault *vault, struct ticker *ticker, struct error *err);

/* trash_any: is something there? */
int trash_any(const struct vault *vault, bool *any, struct error *err);

/* The same with any folder as the bin, for a tree that nothing can be renamed out of. */
int trash_put_in(int bin_fd, int parent_fd, const char *name, struct error *err);
int trash_empty_bin(int bin_fd, struct ticker *ticker, struct error *err);

#endif
