/* owner: which machine's backups lie in a pipeline's folder of a vault: the first that wrote there. Two that write by turns would undo each other's
 * generations, so another one is refused, until a person says that it takes the place of the first. docs/vault-format.md, "The owner".
 *
 * It guards against a mistake, not against an enemy: who has the key may say to be anybody. threads: one; under the vault's lock. */
#ifndef AOB_OWNER_H
#define AOB_OWNER_H

#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/machine.h"
#include "receiver/vault.h"

struct owner {
	struct machine machine; /* id "": none is recorded */
	int64_t since_s;        /* by this end's clock */
};

/* owner_read: errors: ERR_DAMAGED, naming the remedy; by errno */
int owner_read(const struct vault *vault, struct owner *owner, struct error *err);

/* owner_check: may this machine write? The first is recorded. One that does not tell who it is (id "") may.
 * errors: ERR_REFUSED, naming both and the remedy; those of owner_read; by errno. durable, when it returns */
int owner_check(const struct vault *vault, const struct machine *machine, struct error *err);

/* owner_adopt: from now on it is this one; id "": whoever writes next. Takes the vault's lock for that. out: *before: whose it was; host "?": its file could not
 * be read. durable. repeat: safe. errors: ERR_LOCKED, by errno */
int owner_adopt(struct vault *vault, const struct machine *machine, struct owner *before, struct error *err);

/* owner_adopt_run: for the admin here: the next machine that writes is taken. Says on out whose it was. errors: ERR_NOT_FOUND, those of owner_adopt */
int owner_adopt_run(const struct vault_options *options, const char *pipeline, FILE *out, struct error *err);

#endif
