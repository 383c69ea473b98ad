/* release: `aob-receiver release`: this end's admin has looked, and takes the brake off. */
#ifndef AOB_RELEASE_H
#define AOB_RELEASE_H

#include <stdio.h>

#include "receiver/vault.h"

/* release_run: says what was held, and that it is so no more. repeat: safe. errors: ERR_NOT_FOUND, by errno */
int release_run(const struct vault_options *options, const char *pipeline, FILE *out, struct error *err);

#endif
