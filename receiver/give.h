/* give: TREE, GIVE and SUMS: what a generation consists of, and then the content of those files that the client asks for, the pieces that it wants. So a restore knows what
 * it takes before it begins, and carries nothing twice. Reads only; holds a shared lock on the generation's folder from TREE on, so that it is not pruned meanwhile.
 *
 * lifetime: give_new / give_destroy. threads: one. */
#ifndef AOB_GIVE_H
#define AOB_GIVE_H

#include "receiver/ticker.h"
#include "receiver/vault.h"
#include "wire/wire.h"

struct give;

/* give_new: vault, ticker: borrowed; the ticker's wire is what is answered by. */
int give_new(const struct vault *vault, struct ticker *ticker, struct give **give, struct error *err);
void give_destroy(struct give **give);

/* give_tree: frame is the TREE. errors: ERR_NOT_FOUND (generation, path), ERR_INPUT, ERR_LOCKED, ERR_DAMAGED (files are missing), by errno, the wire's */
int give_tree(struct give *give, const struct frame *frame, struct error *err);

/* give_content: frame is the GIVE. errors: ERR_PROTOCOL (no TREE before), by errno, the wire's */
int give_content(struct give *give, const struct frame *frame, struct error *err);

/* give_sums: frame is the SUMS. errors: as give_content */
int give_sums(struct give *give, const struct frame *frame, struct error *err);

#endif
