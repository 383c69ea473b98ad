/* rehearse: the stage `rehearse`: a sample of the newest generation in a pipeline's vault is brought back to scratch, and timed. docs/protocol.md has the form of its result. */
#ifndef AOB_REHEARSER_REHEARSE_H
#define AOB_REHEARSER_REHEARSE_H

#include "lib/stage_main.h"

/* rehearse_run: repeat: safe; each time another sample is drawn. errors: those of rehearsing_run, but that ERR_SPACE is ERR_REFUSED, as it does not pass by being waited for;
 * that something is not restorable is none */
int rehearse_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err);

#endif
