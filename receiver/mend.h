/* mend: a damaged file of the vault gets its content back, in all generations that it touches.
 *
 * Built beside (.aob/mend/part), block by block on a clone of the damaged one where the file system can, so that what is good stays shared; read again and held against the recorded hash; given the metadata; then put in
 * place by rename, name by name: names that were links of one another are again, and generations share it again. The folder's time is put back. A good file is never replaced.
 * Crash points: mend-built, mend-listed (of several names), mend-noted, mend-beside, mend-replaced, mend-timed, mend-done; the book's: verify-kept. A crash leaves at each name the good file or the damaged one; of the names
 * of one inode in between, mend_recover makes one file again, as the journal tells of them all.
 *
 * lifetime: mend_begin / mend_end. threads: one. */
#ifndef AOB_MEND_H
#define AOB_MEND_H

#include "receiver/survey.h"

struct mend;

/* mend_recover: what a mending that was cut off left beside a name goes; where some of an inode's names were replaced, the others become links of those; and folders get their times back. What it had built stays for the next
 * one. By who verifies next, or who writes next, before a generation begins as a copy of this one. Takes the lock of writers; who has it has done this already.
 * cost: one look, if nothing was cut off. errors: by errno; what is left is journaled still
 * mend_clear: what was built goes too. */
int mend_recover(struct vault *vault, struct error *err);
void mend_clear(const struct vault *vault);

/* mend_begin: in: a survey and an item of it, and the book's breath; borrowed until mend_end. errors: ERR_NOT_FOUND (it is not there, or not damaged any more), ERR_REFUSED (can't be mended, with the reason),
 * by errno */
int mend_begin(struct vault *vault, const struct survey *survey, const struct survey_item *item, struct breath *breath,
               struct mend **mend, struct error *err);
/* mend_write: the content, from its beginning, of whatever size; of what an earlier mending had built nothing is needed. errors: by errno */
int mend_write(struct mend *mend, const void *data, size_t len_bytes, struct error *err);
/* mend_take: all of the content from an open file. */
int mend_take(struct mend *mend, int fd, struct error *err);
/* mend_finish: all has come. durable: on return 0. out: *names: how many have it now.
 * errors: ERR_DAMAGED (this is not the content), ERR_LOCKED (somebody writes there), ERR_NOT_FOUND (it has changed meanwhile), by errno: what is mended so far stays so, and it may be tried again */
int mend_finish(struct mend *mend, uint64_t *names, struct error *err);
/* mend_again: forgets what was written. */
int mend_again(struct mend *mend, struct error *err);
void mend_end(struct mend **mend);

/* mend_from_twins: from other files of the vault that have the same content. errors: those above; ERR_REFUSED: there is none, or none that is good */
int mend_from_twins(struct mend *mend, uint64_t *names, struct error *err);

#endif
