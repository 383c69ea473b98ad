/* adopt: `aob-receiver adopt --from DIR` and `--tree DIR`: what a person has carried here, or what rsync, btrbk or cp once made, becomes this pipeline's generation, so that the first
 * run over the link carries only what has changed since. docs/seeding.md */
#ifndef AOB_ADOPT_H
#define AOB_ADOPT_H

#include <stdbool.h>
#include <stdio.h>

#include "receiver/vault.h"

struct adopt {
	const char *from;       /* the disk with a seed; NULL: */
	const char *tree;       /* a tree of files */
	bool move;              /* of a tree: its files may be taken away from there */
	bool leave_out_damaged; /* publish without them, rather than not at all */
};

/* adopt_run: says on out what came of it, and names on stderr what can't be kept; a progress bar there. Gives up what it does not need (vault_user.h, confine.h) for good.
 * repeat: goes on where it was cut off; a seed that was taken up is taken up once. durable: on return 0.
 * errors: ERR_REFUSED (the vault has something newer, another machine's), ERR_DAMAGED (files, which were named), ERR_NOT_FOUND, those of take_in_run, by errno */
int adopt_run(const struct vault_options *options, const char *pipeline, const struct adopt *adopt, FILE *out,
              struct error *err);

#endif
