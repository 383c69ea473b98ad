/* verify_here: `aob-receiver verify`: all of a pipeline's generations are read again by somebody at the vault's machine, without a client. */
#ifndef AOB_VERIFY_HERE_H
#define AOB_VERIFY_HERE_H

#include <stdio.h>

#include "receiver/vault.h"

/* verify_here_run: what is damaged is printed, and mended from other generations if `mends`. How far it is shows on stderr, if that is a terminal.
 * errors: ERR_DAMAGED (something is, and could not be mended), those of verify.h */
int verify_here_run(const struct vault_options *options, const char *pipeline, bool mends, FILE *out,
                    struct error *err);

#endif
