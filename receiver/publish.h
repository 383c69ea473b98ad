/* publish: an incoming tree becomes a generation: everything synced, its record, one rename, `current` by another. docs/vault-format.md tells
 * the steps and what a crash between any two of them leaves.
 *
 * threads: one; the vault is locked. */
#ifndef AOB_PUBLISH_H
#define AOB_PUBLISH_H

#include "receiver/incoming.h"
#include "receiver/ticker.h"
#include "receiver/vault.h"

/* publish_commit: in: incoming->record with all but published_at set. durable: on return 0. out: incoming->record.published_at_s
 * errors: by errno; nothing is visible then, and the run may be gone on with */
int publish_commit(struct incoming *incoming, struct ticker *ticker, struct error *err);

/* publish_recover: after a crash: records whose folder is not there go (not those whose folder can't be looked at), `current` leads to the newest generation that can be looked at, what its run left in incoming goes, the pages tell what is there. Cheap when all is well. */
int publish_recover(const struct vault *vault, struct error *err);

#endif
