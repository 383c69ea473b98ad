/* proving: is the tree here the client's, by the root hashes that both have computed on their own? Answers ROOT and BRANCH while a generation is built,
 * PROOF of one that is published; and tells the root of any folder to who sits here. */
#ifndef AOB_PROVING_H
#define AOB_PROVING_H

#include <stdio.h>

#include "receiver/incoming.h"
#include "receiver/ticker.h"
#include "wire/wire.h"

/* proving_root: ROOT, of the tree that is being built. out: *equal; if so, incoming->record.root. errors: by errno, the wire's */
int proving_root(struct incoming *incoming, struct ticker *ticker, const struct frame *frame, bool *equal,
                 struct error *err);

/* proving_branch: BRANCH: what lies in a folder of the tree that is being built, by its hashes. errors: as above */
int proving_branch(struct incoming *incoming, struct ticker *ticker, const struct frame *frame, struct error *err);

/* proving_answer: PROOF: the root of a published generation, computed anew, beside the recorded one. errors: ERR_NOT_FOUND, ERR_LOCKED, by errno, the wire's */
int proving_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err);

/* proving_print: the root of a folder, a generation or what was restored of one, as one line. Files without a recorded hash are read. errors: by errno */
int proving_print(const char *folder, FILE *out, struct error *err);

#endif
