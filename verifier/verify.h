/* verify: the stage `verify`: a share of what lies in a pipeline's vault is read again by its receiver, and what is damaged is mended from here. docs/protocol.md has the form of its result. */
#ifndef AOB_VERIFIER_VERIFY_H
#define AOB_VERIFIER_VERIFY_H

#include "lib/stage_main.h"

/* verify_run: repeat: safe; the vault remembers how far it has come. errors: those of verifying_run; that something is damaged is none */
int verify_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err);

#endif
