/* rehearsing: would a restore give everything back? A sample of a pipeline's newest generation is brought back to a scratch folder by `aob restore`, which holds each file against the hash from the day it
 * was written; its Macs' bundles are looked at; and how long all of it would take follows from how long the sample took. For the command and for the stage.
 *
 * threads: one at a time. */
#ifndef AOB_REHEARSING_H
#define AOB_REHEARSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

struct stage_result;

#define REHEARSING_MOST_BYTES ((uint64_t)64 << 20) /* a good bound of a sample */
#define REHEARSING_WRONG_MAX 20                    /* faults that are told of one by one */
#define REHEARSING_REASON_SIZE 512

struct rehearsing {
	const struct config_vault *vault;
	const char *pipeline;
	const char *generation; /* NULL: the current one */
	uint64_t most_bytes;    /* of the sample; more only if there is no file that small */
	uint64_t seed;          /* the same one draws the same sample of the same generation */
	uint64_t again
	        [REHEARSING_WRONG_MAX]; /* marks of files that were wrong last time: they are in the sample, as another one says nothing of them */
	size_t n_again;
	/* How far it is: bytes; total 0: not known. asked_to_stop: at least once a second; -1 (err set) ends it. Each may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total, const char *note);
	int (*asked_to_stop)(void *context, struct error *err);
	void *context;
};

struct rehearsing_wrong {
	char *path;    /* escaped; "": no single file */
	uint64_t mark; /* rehearse_sample_mark of the path; 0: no single file */
	char reason[REHEARSING_REASON_SIZE];
};

struct rehearsing_result {
	char generation[32];
	uint64_t seed;
	uint64_t files, bytes;             /* that came back */
	int64_t took_us;                   /* all of it, the listing included */
	uint64_t whole_files, whole_bytes; /* of the generation; each inode's content once */
	int64_t whole_s; /* to bring back all of it; 0: not known, as something is wrong, or nothing came back of what most of it is */
	uint64_t bundles;
	uint64_t wrong; /* faults: none: it is restorable. Of the first: */
	size_t n_wrongs;
	struct rehearsing_wrong wrongs[REHEARSING_WRONG_MAX];
};

/* rehearsing_run: the scratch folder is gone afterwards. That something is not restorable is no error.
 * errors: those of remote_open (the vault can't be reached), ERR_CONFIG (an older receiver), ERR_NOT_FOUND (no such generation), ERR_SPACE (no room for the sample), asked_to_stop's; ERR_SYSTEM */
int rehearsing_run(const struct rehearsing *rehearsing, struct rehearsing_result *result, struct error *err);
void rehearsing_done(struct rehearsing_result *result);

/* rehearsing_seed, rehearsing_again: a seed, and the mark of a file that is wrong, as rehearsing_tell wrote them, taken over from the last rehearsal into the next one. False: it is none, and nothing is taken. Pure. */
bool rehearsing_seed(struct rehearsing *rehearsing, const char *text);
bool rehearsing_again(struct rehearsing *rehearsing, const char *mark);

/* rehearsing_tell: the result as the stage replies it and the broker keeps it (docs/protocol.md, `rehearse`). */
void rehearsing_tell(const struct rehearsing_result *r, struct stage_result *result);

#endif
