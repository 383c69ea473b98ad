/* mend_journal: what a mending is at, so that a crash, or a full disk, leaves nothing half done for good: .aob/mend.json tells of the first name that is replaced; where there are several, .aob/mend.names tells of all,
 * a line each. Both are durable before anything is touched, mend.names first, as mend.json is what counts. Any number of names; memory: one of them.
 *
 * lifetime: mend_journal_begin or mend_journal_open / mend_journal_close. threads: one; under the lock of writers. */
#ifndef AOB_MEND_JOURNAL_H
#define AOB_MEND_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "receiver/hash_tag.h"
#include "receiver/survey.h"

#define MEND_JOURNAL_TEMP_SIZE 32

struct mend_journal_name {
	struct survey_place place;   /* path borrowed until the next one; device and inode are not told */
	struct timespec folder_time; /* of its folder, before anything was replaced */
};

struct mend_journal;

/* mend_journal_begin: a new one. errors: by errno */
int mend_journal_begin(const struct vault *vault, struct mend_journal **journal, struct error *err);
/* mend_journal_add: the first one is where the replacing begins. errors: by errno */
int mend_journal_add(struct mend_journal *journal, const struct mend_journal_name *name, struct error *err);
/* mend_journal_note: from now on it counts. in: temp: what may lie beside a name, "": nothing; inode: of the damaged file; sha256: what is recorded of it, as of the good one.
 * durable: on return 0. errors: by errno; nothing counts then */
int mend_journal_note(struct mend_journal *journal, const char temp[MEND_JOURNAL_TEMP_SIZE], ino_t inode,
                      const uint8_t sha256[HASH_TAG_BYTES], struct error *err);

/* mend_journal_left: is there one, or can't that be told? */
bool mend_journal_left(const struct vault *vault);
/* mend_journal_open: *journal NULL: there is none, or none that makes sense: it may be of anybody. What it tells is well-formed, and not more. errors: by errno: it can't be read now, and stays */
int mend_journal_open(const struct vault *vault, struct mend_journal **journal, struct error *err);
/* mend_journal_next: 1, 0: no more, -1. The first one comes first; in one of an older receiver it is the only one. What makes no sense is passed over. */
int mend_journal_next(struct mend_journal *journal, struct mend_journal_name *name, struct error *err);
void mend_journal_rewind(struct mend_journal *journal);
/* Of one that was opened. several: it tells of more than one name, and of: */
const char *mend_journal_temp(const struct mend_journal *journal);
bool mend_journal_several(const struct mend_journal *journal);
ino_t mend_journal_inode(const struct mend_journal *journal);
const uint8_t *mend_journal_sha256(const struct mend_journal *journal);
void mend_journal_close(struct mend_journal **journal);

/* mend_journal_remove: it is done. durable: on return 0. repeat: safe */
int mend_journal_remove(const struct vault *vault, struct error *err);
/* mend_journal_sweep: what was being written when a crash came goes. */
void mend_journal_sweep(const struct vault *vault);

#endif
