/* diff: DIFF: what one generation has otherwise than another. Reads only, and of files that are in both nothing but what tells them apart (version.h); shared locks on
 * both folders, so that neither is pruned meanwhile. */
#ifndef AOB_DIFF_H
#define AOB_DIFF_H

#include "receiver/ticker.h"
#include "receiver/vault.h"
#include "wire/wire.h"

/* diff_answer: frame is the DIFF. errors: ERR_NOT_FOUND (generation; a path that is in neither), ERR_INPUT, by errno, the wire's */
int diff_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err);

#endif
