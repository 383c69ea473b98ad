/* bare_exit: how rsync ended, as one of our errors. Pure.
 *
 * source: rsync(1), "EXIT VALUES" */
#ifndef AOB_BARE_EXIT_H
#define AOB_BARE_EXIT_H

#include <stdbool.h>

#include "lib/error.h"
#include "wire/bare_said.h"

/* bare_exit_settle: rsync ended with that status (less than 0: it was killed), and had said that. Did it bring all but what went, or changed, while it was read, which only the source's own writers do?
 * out: then 0 if the pass may miss that, else 24, as rsync itself mostly calls it; the status in all other cases. */
int bare_exit_settle(int status, const struct bare_said *said, bool may_vanish);

/* bare_exit_links_full: it could not give another name to a file that has as many as the vault's file system counts. How it ends then is by chance: rsync's generator loses itself over it. */
bool bare_exit_links_full(int status, const char *words);

/* bare_exit_read: in: status: of exit(2); less than 0: it was killed. words: lines of its stderr, as bare_said has them.
 * out: 0 for status 0; else -1: err, with the class by which it is tried again, and the line that tells why (escaped). What a file is named does not count as said. */
int bare_exit_read(int status, const char *words, struct error *err);

#endif
