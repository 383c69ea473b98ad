/* bare_exit: how rsync ended, as one of our errors. Pure.
 *
 * source: rsync(1), "EXIT VALUES" */
#ifndef AOB_BARE_EXIT_H
#define AOB_BARE_EXIT_H

#include <stdbool.h>

#include "lib/error.h"

/* bare_exit_vanished: in: all of its stderr. It brought all but files that went, or became shorter, while they were read, which only the source's own writers do. */
bool bare_exit_vanished(int status, const char *words);

/* bare_exit_read: in: status: of exit(2); less than 0: it was killed. words: the end of its stderr, that of ssh and of the far end's rsync among it.
 * out: 0 for status 0; else -1: err, with the class by which it is tried again, and what it said (escaped) */
int bare_exit_read(int status, const char *words, struct error *err);

#endif
