/* serve: the receiver's side of one conversation (docs/wire.md): greets, then answers frame by frame until the client goes. */
#ifndef AOB_SERVE_H
#define AOB_SERVE_H

#include "lib/error.h"
#include "receiver/doctor.h"
#include "receiver/vault.h"

/* serve_run: doctor: NULL: there is none. Over these descriptors. errors: those that were told to the client as FAULT, too; ERR_LINK: it went without BYE */
int serve_run(const struct vault_options *options, struct doctor *doctor, int in_fd, int out_fd, struct error *err);

#endif
