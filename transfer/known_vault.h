/* known_vault: which vault a pipeline's generations go to, remembered beside the broker's store: where its disk is not mounted, the folder that is seen instead is another vault, and is not filled.
 *
 * threads: one. */
#ifndef AOB_KNOWN_VAULT_H
#define AOB_KNOWN_VAULT_H

#include "lib/config.h"
#include "lib/error.h"
#include "lib/stage_main.h"

struct known_vault {
	const char *state;    /* the store: ledgers/<pipeline>.vault.json beside it; NULL: none */
	const char *pipeline; /* a valid name */
	const struct config_vault *vault;
};

/* known_vault_of: of that job; it points into both. */
struct known_vault known_vault_of(const struct stage_job *job, const struct stage_request *request);

/* known_vault_check: in: vault_id: of the one that answers; "": nobody has written there yet. Another place than the last one's (host, root) is believed. errors: ERR_LINK (another one at the
 * same place: it is waited for), by errno */
int known_vault_check(const struct known_vault *known, const char *vault_id, struct error *err);

/* known_vault_note: this is the one from now on. What can't be remembered is logged: then the next one is believed. durable: on return. repeat: safe, and costs a read */
void known_vault_note(const struct known_vault *known, const char *vault_id);

#endif
