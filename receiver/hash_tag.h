/* hash_tag: the SHA-256 of a file's content, as 32 bytes in its extended attribute user.aob.sha256. On a file system without attributes there is none.
 *
 * One short attribute, because ext4 has 88 bytes for them in an inode of 256: what is larger takes a block of 4 KiB for each file. */
#ifndef AOB_HASH_TAG_H
#define AOB_HASH_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define HASH_TAG_BYTES 32

/* hash_tag_set: where there are no attributes, or no room in them for one more, the file goes without: it still is a backup. errors: by errno: a disk that fails, or is full */
int hash_tag_set(int fd, const uint8_t sha256[HASH_TAG_BYTES], struct error *err);
/* hash_tag_copy: of one open file to another, if it has one. errors: by errno */
int hash_tag_copy(int from_fd, int to_fd, struct error *err);
bool hash_tag_may_set(int fd);                                  /* may it be given one? */
bool hash_tag_is(int fd, const uint8_t sha256[HASH_TAG_BYTES]); /* does it have this one? */
bool hash_tag_get(int fd, uint8_t sha256[HASH_TAG_BYTES]);      /* false: there is none, or it can't be read */
/* hash_tag_find: out: *there: false: it has none. errors: by errno: nobody knows */
int hash_tag_find(int fd, uint8_t sha256[HASH_TAG_BYTES], bool *there, struct error *err);

#endif
