/* checks: what a stage must do, each looked at by itself, in the order of docs/protocol.md. */
#ifndef AOB_CONFORMANCE_CHECKS_H
#define AOB_CONFORMANCE_CHECKS_H

#include "conformance/bench.h"

enum check_outcome { CHECK_OK, CHECK_FAILED, CHECK_NOT_TRIED };

struct check {
	const char *name;
	const char *promise; /* what it looks for */
	bool ends;           /* the stage has ended after it */
	/* err: why it failed, or was not tried */
	enum check_outcome (*run)(struct bench *bench, struct error *err);
};

/* checks_all: the checks, and how many. */
const struct check *checks_all(size_t *n);

/* checks_fresh: the stage anew, with a new socket, so that what went wrong before does not count twice. errors: those of bench_open, bench_start, bench_ready */
int checks_fresh(struct bench *bench, struct error *err);

#endif
