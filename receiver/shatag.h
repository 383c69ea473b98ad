/* shatag: a file's SHA-256 in its own extended attributes, user.shatag.sha256 (lowercase hex) and user.shatag.ts (the mtime that it holds for,
 * "seconds.nanoseconds"), as the tools shatag and cshatag keep it. Best effort: a file system without room for them takes the file all the same. */
#ifndef AOB_SHATAG_H
#define AOB_SHATAG_H

#include <stdbool.h>
#include <stdint.h>

#define SHATAG_BYTES 32

/* shatag_set: on the open file, for that mtime. Needs no write access by the descriptor, but by the file's mode. */
void shatag_set(int fd, const uint8_t sha256[SHATAG_BYTES], int64_t mtime_s, uint32_t mtime_ns);

/* shatag_recorded: the hash from the day it was written, whatever the mtime is now: nothing in a published generation moves it, so another one is
 * itself a sign of damage. False: none is recorded. */
bool shatag_recorded(int fd, uint8_t sha256[SHATAG_BYTES]);

/* shatag_get: true if there is a tag and it holds for the file's present mtime. */
bool shatag_get(int fd, uint8_t sha256[SHATAG_BYTES]);

#endif
