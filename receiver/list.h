/* list: `aob-receiver list`: what this end holds, for its admin. */
#ifndef AOB_LIST_H
#define AOB_LIST_H

#include <stdio.h>

#include "receiver/vault.h"

/* list_print: every pipeline below the root with its generations. errors: by errno, ERR_DAMAGED */
int list_print(const struct vault_options *options, FILE *out, struct error *err);

#endif
