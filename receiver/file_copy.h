/* file_copy: the content of one open file into another, empty one: by reflink where the file system can, else hole for hole. */
#ifndef AOB_FILE_COPY_H
#define AOB_FILE_COPY_H

#include <stdint.h>

#include "lib/error.h"
#include "receiver/ticker.h"

/* file_copy: out_fd open for writing, empty. ticker: may be NULL; a step a MiB. errors: by errno */
int file_copy(int in_fd, int out_fd, struct ticker *ticker, struct error *err);

/* file_copy_sha256: of the whole content of an open file. errors: by errno, ERR_SYSTEM */
int file_copy_sha256(int fd, struct ticker *ticker, uint8_t sha256[32], struct error *err);

#endif
