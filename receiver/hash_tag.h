/* hash_tag: the SHA-256 of a file's content, as 32 bytes in its extended attribute user.aob.sha256. On a file system without attributes there is none.
 *
 * One short attribute, because ext4 has 88 bytes for them in an inode of 256: what is larger takes a block of 4 KiB for each file. */
#ifndef AOB_HASH_TAG_H
#define AOB_HASH_TAG_H

#include <stdbool.h>
#include <stdint.h>

#define HASH_TAG_BYTES 32

void hash_tag_set(int fd, const uint8_t sha256[HASH_TAG_BYTES]);
bool hash_tag_may_set(int fd);                             /* may it be given one? */
bool hash_tag_get(int fd, uint8_t sha256[HASH_TAG_BYTES]); /* false: there is none */

#endif
