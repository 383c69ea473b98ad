/* file_copy: a second inode with the same content: by reflink where the file system can, else hole for hole. */
#ifndef AOB_FILE_COPY_H
#define AOB_FILE_COPY_H

#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/sha256.h"
#include "receiver/ticker.h"

/* file_copy_as: the file `name` of from_fd as a new one, `leaf` in to_fd, with its recorded hash, which is given the entry's time; entry_apply comes
 * after. ticker: may be NULL; a step a MiB. errors: by errno */
int file_copy_as(int from_fd, const char *name, int to_fd, const char *leaf, const struct entry *entry,
                 struct ticker *ticker, struct error *err);

/* file_copy_sha256: of the whole content of an open file. errors: by errno, ERR_SYSTEM */
int file_copy_sha256(int fd, struct ticker *ticker, uint8_t sha256[32], struct error *err);

/* file_copy_hash: the whole content goes through sha, which is begun, and not ended, here. out: *bytes. errors: by errno, ERR_SYSTEM */
int file_copy_hash(int fd, struct sha256 *sha, struct ticker *ticker, uint64_t *bytes, struct error *err);

#endif
