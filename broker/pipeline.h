/* pipeline: what a run does next, from its steps' states and their `on:`. Pure.
 *
 * Rules: steps go in order, one at a time. After a step that did not succeed only `on: failure` (if it failed) and
 * `on: always` steps still run. A cancelled run still runs its `on: always` steps. The first step that did not succeed
 * gives the run its end: failed, cancelled, deferred or superseded. */
#ifndef AOB_BROKER_PIPELINE_H
#define AOB_BROKER_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/config.h"

#define PIPELINE_STEPS_MAX 32

enum step_state {
	STEP_PENDING,
	STEP_QUEUED,     /* waits for a worker of its service */
	STEP_WORKING,    /* given out; also while its worker is lost and the lease runs */
	STEP_RETRY_WAIT, /* failed, goes on later */
	STEP_OK,
	STEP_FAILED,
	STEP_SKIPPED,
	STEP_CANCELLED,
	STEP_DEFERRED,
	STEP_SUPERSEDED /* waited for the vault until there was something newer to bring */
};

enum run_state { RUN_RUNNING, RUN_OK, RUN_FAILED, RUN_CANCELLED, RUN_DEFERRED, RUN_SUPERSEDED };

struct pipeline_step {
	enum step_state state;
	enum config_when when;
};

enum pipeline_action {
	PIPELINE_WAIT,  /* step `index` is under way */
	PIPELINE_START, /* step `index` shall be queued */
	PIPELINE_SKIP,  /* step `index` shall be skipped; then ask again */
	PIPELINE_END    /* the run is over with `end` */
};

struct pipeline_next {
	enum pipeline_action action;
	size_t index;
	enum run_state end;
};

struct pipeline_next pipeline_next(const struct pipeline_step *steps, size_t n_steps, bool cancelled);

/* The words of the store and of the protocol; static. The reverse gives -1 for an unknown word. */
const char *pipeline_step_word(enum step_state state);
int pipeline_step_of(const char *word);
const char *pipeline_run_word(enum run_state state);
int pipeline_run_of(const char *word);

#endif
