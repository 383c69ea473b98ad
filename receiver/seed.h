/* seed: a vault that `aob seed` wrote on a disk which a person then carries: its newest generation, and what is told of it. Nothing of it is trusted, nothing written.
 *
 * lifetime: seed_open / seed_close, which takes an all-zero one too. threads: one. */
#ifndef AOB_SEED_H
#define AOB_SEED_H

#include <sys/types.h>

#include "receiver/owner.h"
#include "receiver/record.h"
#include "receiver/vault.h"

struct seed {
	struct record record;
	struct wire_macs macs;
	struct owner owner;
	struct contact contact;
	uid_t owned_by; /* who wrote it */
	int tree_fd;    /* of the generation */
	/* private */
	char root[32];
	struct vault_options options;
	struct vault *vault;
	int root_fd;
};

/* seed_open: in: dir: the disk's folder: what was given to `aob seed --to`, or the vault's root in it.
 * errors: ERR_NOT_FOUND (none of that pipeline, or not finished), ERR_DAMAGED, by errno */
int seed_open(const char *dir, const char *pipeline, struct seed *seed, struct error *err);
void seed_close(struct seed *seed);

#endif
