#include "broker/waiting.h"

#include <stdio.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/log.h"

#define TROUBLE_SIZE 441 /* of what went wrong, or why */

static void tell_work(const struct waiting *in, char out[static WAITING_TEXT_SIZE])
{
	char eta[DURATION_TEXT_SIZE] = "";
	char percent[16] = "";

	if (in->progress_percent >= 0)
		(void)snprintf(percent, sizeof(percent), ", %d %%", in->progress_percent);
	if (in->eta_s >= 0)
		(void)duration_text((uint64_t)in->eta_s * 1000, eta, sizeof(eta));
	(void)snprintf(out, WAITING_TEXT_SIZE, "the step `%s` is at work%s%s%s", in->step, percent,
	               in->eta_s >= 0 ? ", left: " : "", eta);
}

static void tell_turn(const struct waiting *in, char out[static WAITING_TEXT_SIZE])
{
	switch (in->wait) {
	case TURN_NO_WORKER:
		(void)snprintf(out, WAITING_TEXT_SIZE,
		               "the step `%s` waits for a worker%s%s, and none of that service is connected%s",
		               in->step, in->host != NULL ? " of host " : "", in->host != NULL ? in->host : "",
		               in->host != NULL ? " from there; start one there, or, if that machine is no more, "
		                                  "cancel the run (aob cancel)"
		                                : "; start one");
		break;
	case TURN_WHERE:
		(void)snprintf(
		        out, WAITING_TEXT_SIZE,
		        "the step `%s` waits: workers on several machines would take it, and the same path may be "
		        "another folder there; say on which the source lies, by `host:` of the pipeline",
		        in->step);
		break;
	case TURN_VAULT:
		(void)snprintf(out, WAITING_TEXT_SIZE,
		               "the step `%s` waits for its turn: the vault %s takes %u transfer%s at a time", in->step,
		               in->vault, in->transfers, in->transfers == 1 ? "" : "s");
		break;
	case TURN_READY:
	case TURN_BUSY:
		(void)snprintf(out, WAITING_TEXT_SIZE,
		               "the step `%s` waits for its worker, which is busy with another pipeline", in->step);
		break;
	}
}

static bool tell_step(const struct waiting *in, char out[static WAITING_TEXT_SIZE])
{
	char left[DURATION_TEXT_SIZE];
	char trouble[TROUBLE_SIZE];

	if (in->state == STEP_WORKING) {
		tell_work(in, out);
		return false;
	}
	if (in->state == STEP_RETRY_WAIT)
		(void)snprintf(
		        out, WAITING_TEXT_SIZE, "the step `%s` is tried again in %s: %s", in->step,
		        duration_text((uint64_t)(in->retry_in_s > 0 ? in->retry_in_s : 0) * 1000, left, sizeof(left)),
		        log_escape(in->trouble, trouble, sizeof(trouble)));
	else
		tell_turn(in, out);
	return true;
}

/* No run is in flight. */
static bool tell_rest(const struct waiting *in, char out[static WAITING_TEXT_SIZE])
{
	char left[DURATION_TEXT_SIZE] = "";
	char why[TROUBLE_SIZE];

	if (in->held_s > 0)
		(void)duration_text((uint64_t)in->held_s * 1000, left, sizeof(left));
	if (strcmp(in->watch, "unknown") == 0) {
		(void)snprintf(out, WAITING_TEXT_SIZE, "%s", in->watch_why);
		return true;
	}
	if (in->failed[0] != '\0') {
		(void)snprintf(out, WAITING_TEXT_SIZE, "the last run failed: %s%s%s",
		               log_escape(in->failed, why, sizeof(why)),
		               in->held_s > 0 ? "; the next one begins by itself in " : "", left);
		return true;
	}
	if (strcmp(in->watch, "active") == 0) {
		(void)snprintf(out, WAITING_TEXT_SIZE, "the source has to come to rest: %s",
		               log_escape(in->watch_why, why, sizeof(why)));
		return true;
	}
	if (strcmp(in->watch, "off") == 0)
		(void)snprintf(out, WAITING_TEXT_SIZE, "runs begin only when asked for (`watch: off`)");
	else if (strcmp(in->watch, "unchanged") == 0)
		(void)snprintf(out, WAITING_TEXT_SIZE, "nothing has changed since the last generation");
	else if (in->held_s > 0)
		(void)snprintf(out, WAITING_TEXT_SIZE,
		               "the next run begins by itself in %s, as the last one was cancelled, or found no rest",
		               left);
	else
		(void)snprintf(out, WAITING_TEXT_SIZE, "no run has begun, though the source is at rest: %s",
		               log_escape(in->watch_why, why, sizeof(why)));
	return in->held_s > 0 && strcmp(in->watch, "idle") == 0;
}

bool waiting_text(const struct waiting *in, char out[static WAITING_TEXT_SIZE])
{
	if (in->paused && in->step == NULL) {
		(void)snprintf(out, WAITING_TEXT_SIZE, "paused; `aob resume %s` lets it go on", in->pipeline);
		return true;
	}
	return in->step != NULL ? tell_step(in, out) : tell_rest(in, out);
}
