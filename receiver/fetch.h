/* fetch: FETCH: a generation, or a part of it, goes back; LOOK: what it consists of. Reads only; no lock but a shared one on the generation's folder, so that it is not
 * pruned meanwhile. */
#ifndef AOB_FETCH_H
#define AOB_FETCH_H

#include "receiver/vault.h"
#include "wire/wire.h"

/* fetch_answer: frame is the FETCH or LOOK. errors: ERR_NOT_FOUND (generation, path), ERR_INPUT, by errno, the wire's */
int fetch_answer(const struct vault *vault, struct wire *wire, const struct frame *frame, struct error *err);

#endif
