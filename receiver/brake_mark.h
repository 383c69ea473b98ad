/* brake_mark: what the brake holds: ROOT/<pipeline>/.aob/brake.json. It is written before the generation that tripped the brake is published, and goes only
 * when a person releases it. While it is there, no generation older than the newest that tripped is removed.
 *
 * An entry counts from when its generation is there: what was written down before a crash, and not published after it, holds nothing. A mark that can't be
 * read holds everything.
 *
 * locks: changes hold a lock of their own, so that a release waits for no transfer. threads: one. source: docs/vault-format.md "The brake" */
#ifndef AOB_BRAKE_MARK_H
#define AOB_BRAKE_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receiver/brake.h"
#include "receiver/record.h"
#include "receiver/vault.h"

#define BRAKE_MARK_RUNS_MAX 64 /* remembered: the first, and the newest others */

struct brake_mark {
	bool held;           /* something is */
	bool damaged;        /* … as nobody can read what */
	int64_t since_s;     /* by this machine's clock */
	uint32_t runs;       /* that tripped */
	char run[64];        /* the newest of them */
	char generation[32]; /* … and what it published; what is older is held */
	char reason[BRAKE_REASON_SIZE];
};

/* brake_mark_read: errors: by errno; not for what is damaged */
int brake_mark_read(const struct vault *vault, struct brake_mark *mark, struct error *err);

/* brake_mark_holds: is this generation held? */
bool brake_mark_holds(const struct brake_mark *mark, const char *generation);

/* brake_mark_count: how many are. errors: by errno */
int brake_mark_count(const struct vault *vault, const struct brake_mark *mark, uint32_t *n, struct error *err);

/* brake_mark_add: in: the record of what is about to be published; base: what it was compared with. durable: on return 0. repeat: safe.
 * errors: ERR_IO, also if the mark that is there can't be read: it must not be missing in it; by errno */
int brake_mark_add(const struct vault *vault, const struct record *record, const char *base,
                   const struct brake_question *question, const char *reason, struct error *err);

/* brake_mark_release: what tripped up to this generation, which is one that did, holds no more ("": all, if the mark is damaged). out: *left: what still does; a run that tripped meanwhile.
 * durable: on return 0. repeat: safe. */
int brake_mark_release(const struct vault *vault, const char *generation, struct brake_mark *left, struct error *err);

#endif
