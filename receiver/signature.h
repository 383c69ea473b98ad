/* signature: answers SIG_WANT: the librsync signature of a file's basis, as `rdiff signature` writes it (rollsum RabinKarp, BLAKE2). */
#ifndef AOB_SIGNATURE_H
#define AOB_SIGNATURE_H

#include "receiver/incoming.h"
#include "wire/wire.h"

/* signature_answer: frame is the SIG_WANT. errors: ERR_PROTOCOL, by errno, the wire's */
int signature_answer(struct incoming *incoming, struct wire *wire, const struct frame *frame, struct error *err);

#endif
