/* checks: what a stage must do, each looked at by itself, in the order of docs/protocol.md. */
#ifndef AOB_CONFORMANCE_CHECKS_H
#define AOB_CONFORMANCE_CHECKS_H

#include "conformance/bench.h"

enum check_outcome { CHECK_OK, CHECK_FAILED, CHECK_NOT_TRIED };

#define CHECKS_SECOND_MS ((int64_t)1000)
#define CHECKS_BEGUN_MS 300  /* a job that was given so long ago has begun */
#define CHECKS_SHORT_MS 3000 /* one that takes no longer may have ended before it was told to */
#define CHECKS_SOON_MS 10000 /* what is to be answered at once */

struct check {
	const char *name;
	const char *promise; /* what it looks for */
	bool ends;           /* the stage has ended after it */
	/* err: why it failed, or was not tried */
	enum check_outcome (*run)(struct bench *bench, struct error *err);
};

/* checks_all: the checks, and how many. */
const struct check *checks_all(size_t *n);

/* What the checks have in common. */

/* checks_outcome: of 0 or -1. checks_not_tried: and why, in err. */
enum check_outcome checks_outcome(int rc);
enum check_outcome checks_not_tried(struct error *err, const char *why);

/* checks_do_job: the FINAL of a job that was given, which is to be an ok. checks_job_takes: a whole job, and how long it takes: what looks at one that is under way needs some time.
 * in: what: which job, for words. errors: those of bench_final; ERR_PROTOCOL: it took longer than one may, or was no ok */
int checks_do_job(struct bench *bench, const char *tag, const char *what, struct error *err);
int checks_job_takes(struct bench *bench, int64_t *ms, struct error *err);

/* checks_give_long_job: a job that is under way, for what is said meanwhile. out: ms: how long one takes. Returns CHECK_OK; else what the check comes to: such a job may be too short. */
enum check_outcome checks_give_long_job(struct bench *bench, char tag[MDP_TAG_SIZE], int64_t *ms, struct error *err);

/* checks_fresh: the stage anew, with a new socket, so that what went wrong before does not count twice. errors: those of bench_open, bench_start, bench_ready */
int checks_fresh(struct bench *bench, struct error *err);

#endif
