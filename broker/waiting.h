/* waiting: says in words what a pipeline waits for and why, or what it is doing. Pure. */
#ifndef AOB_BROKER_WAITING_H
#define AOB_BROKER_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/pipeline.h"
#include "broker/turn.h"

#define WAITING_TEXT_SIZE 600

struct waiting {
	const char *pipeline;
	bool paused;
	const char *step; /* service of the step under way; NULL: no run is in flight */
	enum step_state state;
	enum turn_wait wait;  /* of STEP_QUEUED */
	const char *host;     /* whose workers alone may do it; NULL: any machine's */
	const char *vault;    /* where it goes */
	unsigned transfers;   /* how many may go there at a time */
	int64_t retry_in_s;   /* of STEP_RETRY_WAIT */
	const char *trouble;  /* what went wrong last in this step; "": nothing */
	int progress_percent; /* -1: not known */
	int64_t eta_s;        /* -1: not known */
	const char *failed;   /* why the last run failed; "": it did not */
	int64_t held_s; /* no run begins by itself for so long: the last one failed, was cancelled, or found no rest; 0: it may */
	const char *watch;     /* state, as in the status */
	const char *watch_why; /* its reason */
};

/* waiting_text: out: a sentence without a full stop. Returns whether something waits; else it tells what is done. */
bool waiting_text(const struct waiting *in, char out[static WAITING_TEXT_SIZE]);

#endif
