/* braking: just before an incoming tree is published: is it so different from the last generation that what is older must be held? Then that is written down.
 *
 * threads: one; the vault is locked. */
#ifndef AOB_BRAKING_H
#define AOB_BRAKING_H

#include "receiver/incoming.h"

/* braking_look: in: a finished tree. out: incoming->record.own_files, own_bytes. durable: the mark, if the brake trips, on return 0. repeat: safe.
 * errors: of the mark; the wire's. What can't be measured trips the brake, and is no error. */
int braking_look(struct incoming *incoming, struct ticker *ticker, struct error *err);

#endif
