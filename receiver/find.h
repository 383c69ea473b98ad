/* find: FIND: in which generations something is. Reads only; each generation under a shared lock while it is looked into; one that has been removed meanwhile is passed over. */
#ifndef AOB_FIND_H
#define AOB_FIND_H

#include "receiver/ticker.h"
#include "receiver/vault.h"
#include "wire/wire.h"

/* find_answer: frame is the FIND. errors: ERR_INPUT, by errno, the wire's, those of spans_add; that nothing is found is none */
int find_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err);

#endif
