/* removal: PRUNE: one generation goes, if this end's own rules allow it.
 *
 * threads: one; the vault is locked. */
#ifndef AOB_REMOVAL_H
#define AOB_REMOVAL_H

#include "receiver/ticker.h"
#include "receiver/vault.h"

enum removal_result { REMOVAL_DONE, REMOVAL_REFUSED, REMOVAL_ABSENT };

/* removal_generation: out: *result, and why if refused (static text). Not visible any more on REMOVAL_DONE, its room is given back before the
 * answer too. Killed in between, the rest goes at the next call. errors: ERR_INPUT (no such form of name), by errno */
int removal_generation(struct vault *vault, const char *name, struct ticker *ticker, enum removal_result *result,
                       const char **reason, struct error *err);

/* removal_left: has an earlier removal been cut off behind its rename? Needs no lock; whoever gets it next finishes that (publish_recover, trash_empty). */
int removal_left(const struct vault *vault, bool *left, struct error *err);

#endif
