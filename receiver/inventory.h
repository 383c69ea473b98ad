/* inventory: `aob-receiver list`: what this end holds, for its admin. */
#ifndef AOB_INVENTORY_H
#define AOB_INVENTORY_H

#include <stdio.h>

#include "receiver/vault.h"

/* inventory_print: every pipeline below the root with its generations. errors: by errno, ERR_DAMAGED */
int inventory_print(const struct vault_options *options, FILE *out, struct error *err);

#endif
