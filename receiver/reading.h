/* reading: a published generation, open to be read: while it is, nobody who keeps to the lock removes it. */
#ifndef AOB_READING_H
#define AOB_READING_H

#include <stdint.h>

#include "receiver/vault.h"

/* reading_current: out: name: what `current` leads to; where it leads nowhere (a copy of the vault has lost it, somebody has removed that generation, and nobody has
 * written since), the newest generation that is there; "": none. One whose folder can't be looked at counts as there. errors: by errno */
int reading_current(const struct vault *vault, char name[32], struct error *err);

/* reading_choose: in, out: generation: "" becomes the current one. errors: ERR_NOT_FOUND (none yet), ERR_INPUT (not of a generation's form) */
int reading_choose(const struct vault *vault, char generation[32], struct error *err);

/* reading_open: out: *fd, the caller's: the generation's folder, under a shared lock as long as it is open.
 * errors: ERR_NOT_FOUND, ERR_LOCKED (it is being removed), by errno */
int reading_open(const struct vault *vault, const char *generation, int *fd, struct error *err);

/* reading_check: what has been read is all of it: the generation still is there. A person removes it by hand in spite of the lock. errors: ERR_NOT_FOUND, by errno */
int reading_check(const struct vault *vault, const char *generation, int fd, struct error *err);

/* reading_check_files: … and the whole generation was read, which has so many files. errors: ERR_DAMAGED: its record says another number, if it can be read; those of reading_check */
int reading_check_files(const struct vault *vault, const char *generation, int fd, uint64_t files, struct error *err);

#endif
