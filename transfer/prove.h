/* prove: is the tree that the receiver has built the snapshot, by the root hash that both compute on their own? If not, what differs is looked for, both sides forget
 * what they remembered of it, and compare once more; if it still differs, it leaves the vault, so that the next attempt sends it anew, and this one fails with its names.
 *
 * lifetime: prove_open / prove_close. threads: one. */
#ifndef AOB_PROVE_H
#define AOB_PROVE_H

#include "lib/error.h"
#include "transfer/ledger_walk.h"
#include "transfer/sender.h"

struct prove_input {
	struct sender *sender;
	struct ledger_source source;
	const char *snapshot, *view; /* UUID, "": none; and what of it is shown */
	const char *base, *base_view;
	struct plan *plan; /* all that differs between them; NULL: not known */
};

struct prove {
	struct ledger *ledger;       /* NULL: nothing is proven */
	char root[TREE_DIGEST_TEXT]; /* that both came to; "" */
};

/* prove_open: never fails: without a ledger there is only no proof, and a line in the log that says why. state: the broker's file of state, beside which the ledgers lie. */
void prove_open(struct prove *prove, const char *state, const char *pipeline, const char *vault_id);
void prove_close(struct prove *prove);

/* prove_tree: after all changes, right before COMMIT. out: prove->root. errors: ERR_DAMAGED (they differ), the wire's, by errno */
int prove_tree(struct prove *prove, struct prove_input *in, struct error *err);

/* prove_recall: the snapshot was published already, by an attempt that did not hear of it: its root is known, if the ledger is that snapshot's. */
void prove_recall(struct prove *prove, const char *snapshot, const char *view);

#endif
