/* signing: librsync signatures in a temporary file: the receiver's, or one of a file of this machine. */
#ifndef AOB_SIGNING_H
#define AOB_SIGNING_H

#include <stdint.h>
#include <stdio.h>

#include <librsync.h>

#include "lib/error.h"

/* signing_load: the signature of len_bytes that stands at `at` in the spool, ready for rs_delta_begin. out: *sums the caller's, rs_free_sumset; NULL after an
 * error. errors: ERR_PROTOCOL (it is none), ERR_SYSTEM */
int signing_load(FILE *spool, uint64_t at, uint64_t len_bytes, rs_signature_t **sums, struct error *err);

/* signing_make: the signature of a file of this machine, into the spool's beginning. in: bytes: its size; busy: called for each piece that is read, as this may
 * take long: -1 ends it. out: *len_bytes of the signature. errors: ERR_IO, busy's */
int signing_make(FILE *spool, int fd, uint64_t bytes, int (*busy)(void *context, struct error *err), void *context,
                 uint64_t *len_bytes, struct error *err);

#endif
