/* moves: renames in the incoming tree, any number of them at once: swaps, rings, a child that leaves its folder before that goes. They are written
 * down first, and done when all are known: everything is taken from its place, in the order given, then put in its new one, folders before what goes
 * into them. What is removed goes in the same order.
 *
 * Killed in the middle, the next connection goes on from what is written down. A power cut may lose a part of it; the listing finds that.
 *
 * lifetime: moves_new / moves_destroy. threads: one. */
#ifndef AOB_MOVES_H
#define AOB_MOVES_H

#include <stdbool.h>
#include <stdint.h>

#include "receiver/incoming.h"

struct moves;

int moves_new(struct incoming *incoming, struct moves **moves, struct error *err);
void moves_destroy(struct moves **moves); /* what has no end yet is forgotten */

/* moves_add: path goes to `to`; "": it is removed. errors: ERR_PROTOCOL (the root, too many), ERR_SPACE, by errno */
int moves_add(struct moves *moves, const char *path, const char *to, struct error *err);

/* moves_end: n: as many as were added; guessed: the client is not sure that they are the right files until it has sent each one's hash. All are done on
 * return. errors: ERR_PROTOCOL; ERR_DAMAGED: the tree does not hold what was to be moved */
int moves_end(struct moves *moves, uint64_t n, bool guessed, struct error *err);

/* moves_replay: what an earlier connection left half done. errors: ERR_DAMAGED: it can't be made out; moves_forget: gives it up. */
int moves_replay(struct incoming *incoming, struct error *err);
/* moves_doubt: after those, at the beginning of a connection: guessed moves whose file is still the very one that was moved (one whose hash was right has been
 * replaced by a file of its own) are taken back, as nobody knows whether its content is right. errors: ERR_DAMAGED, by errno */
int moves_doubt(struct incoming *incoming, struct error *err);
int moves_forget(struct incoming *incoming, struct error *err);

#endif
