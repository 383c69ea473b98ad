/* stage_vault: the vault of a stage's request (docs/protocol.md), decoded: where it is, how it is reached, and how fast. */
#ifndef AOB_STAGE_VAULT_H
#define AOB_STAGE_VAULT_H

#include <jansson.h>

#include "lib/config.h"
#include "lib/error.h"

struct stage_vault {               /* all-zero: nothing is there */
	struct config_vault vault; /* borrows from the request, and from what follows */
	struct config_contact contact;
	const char **ssh_options;
	struct config_rate *rates;
};

/* stage_vault_decode: in: request: the whole request, which has to live as long. out: made, stage_vault_done also after an error. errors: ERR_INPUT with the member's name; ERR_SYSTEM */
int stage_vault_decode(struct stage_vault *made, json_t *request, struct error *err);
void stage_vault_done(struct stage_vault *made);

#endif
