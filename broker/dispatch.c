#include "broker/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "broker/care.h"
#include "broker/holds.h"
#include "broker/outcome.h"
#include "broker/outdated.h"
#include "broker/runs.h"
#include "broker/shared.h"
#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/log_limit.h"
#include "lib/pace.h"

#define PROGRESS_MS 500
#define LINES_PER_MINUTE 100

static enum step_state state_of(const struct run *run)
{
	return run->record.steps[runs_step(run)].state;
}

static struct worker *worker_of(struct broker *broker, const struct run *run)
{
	char tag[MDP_TAG_SIZE];

	runs_tag(run, tag);
	return tag[0] != '\0' ? service_with(mdp_broker_services(broker->mdp), tag) : NULL;
}

static void worker_event(struct broker *broker, const struct worker *worker, const char *what)
{
	json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "service", worker->service, "worker", worker->name, "host",
	                         worker->host, "version", worker->version);

	events_emit(broker->events, EVENTS_NO_PIPELINE, what, &data);
}

/* A worker that brings this run's job back: is the job still its own? */
static bool may_reattach(struct broker *broker, const struct run *run, const struct worker *worker)
{
	const struct run_step *step = &run->record.steps[runs_step(run)];

	if (strcmp(step->service, worker->service) != 0 || worker_of(broker, run) != NULL || run->pending != NULL)
		return false;
	/* Queued again for loss of this very worker, and nobody else has begun: its work is worth keeping. */
	return step->state == STEP_WORKING || run->attempt_lost;
}

static void take_tag(struct broker *broker, struct worker *worker, const char *tag)
{
	struct run *run = runs_by_tag(broker, tag);

	service_use(mdp_broker_services(broker->mdp), worker, "");
	if (run != NULL && may_reattach(broker, run, worker) &&
	    (state_of(run) == STEP_WORKING || outcome_reattached(broker, run) == 0)) {
		memcpy(run->worker, worker->name, sizeof(run->worker));
		memcpy(run->host, worker->host, sizeof(run->host));
		service_use(mdp_broker_services(broker->mdp), worker, tag);
		runs_log(run);
		log_line(LOG_NOTICE, "worker %s still has the job in hand", worker->name);
		runs_log(NULL);
		if (run->record.cancelling)
			mdp_broker_cancel(broker->mdp, worker);
		return;
	}
	/* It is busy until its FINAL, which will be dropped. */
	if (log_limit_passes(&broker->outdated, LINES_PER_MINUTE, broker->now_ms, "replies to outdated jobs dropped"))
		log_line(LOG_WARNING, "worker %s has the outdated job %s in hand; told to stop", worker->name, tag);
	service_use(mdp_broker_services(broker->mdp), worker, tag);
	mdp_broker_cancel(broker->mdp, worker);
}

/* Is this new worker without a job the one that had this run's job, after a crash? By name; by host only if this broker saw
 * the old one go: after the broker's own restart the other workers of a host come back one by one. */
static bool is_successor(const struct run *run, const struct worker *worker)
{
	if (strcmp(run->record.steps[runs_step(run)].service, worker->service) != 0 || worker->host[0] == '\0' ||
	    strcmp(run->host, worker->host) != 0)
		return false;
	return run->loss_seen || (worker->name[0] != '\0' && strcmp(run->worker, worker->name) == 0);
}

void dispatch_ready(void *cookie, struct worker *worker, const struct reply_ready *ready)
{
	struct broker *broker = cookie;
	struct run *next = NULL;

	if (log_limit_passes(&broker->comings, LINES_PER_MINUTE, broker->now_ms, "workers joined"))
		log_line(LOG_INFO, "worker %s for service %s joined%s%s",
		         worker->name[0] != '\0' ? worker->name : "(plain)", worker->service,
		         worker->host[0] != '\0' ? " from " : "", worker->host);
	worker_event(broker, worker, "worker.joined");
	if (ready->n_tags > 0) {
		size_t best = 0;

		/* A Majordomo worker has one job; of several, the one that is still wanted. */
		for (size_t i = ready->n_tags; i-- > 0;)
			if (runs_by_tag(broker, ready->tags[i]) != NULL)
				best = i;
		take_tag(broker, worker, ready->tags[best]);
		return;
	}
	for (struct run *run = broker->runs; run != NULL; run = next) {
		next = run->next;
		if (state_of(run) == STEP_WORKING && run->pending == NULL && worker_of(broker, run) == NULL &&
		    is_successor(run, worker))
			(void)outcome_lost(broker, run, OUTCOME_SILENT);
	}
}

void dispatch_partial(void *cookie, struct worker *worker, const void *body, size_t len_bytes)
{
	struct broker *broker = cookie;
	struct run *run = runs_by_tag(broker, worker->tag);
	struct stage_progress progress;
	struct error err;
	json_t *data = NULL;

	if (run == NULL || state_of(run) != STEP_WORKING)
		return;
	if (reply_progress_parse(body, len_bytes, &progress, &err) != 0) {
		log_trace("mdp", "progress dropped: %s", err.text);
		return;
	}
	run->progress = progress;
	run->has_progress = true;
	if (run->record.care)
		return;
	holds_progress(broker, run);
	if (broker->now_ms - run->progress_told_ms < PROGRESS_MS)
		return;
	run->progress_told_ms = broker->now_ms;
	data = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:s}", "run", run->record.run, "step", worker->service,
	                 "done", (json_int_t)progress.done_bytes, "total", (json_int_t)progress.total_bytes, "files",
	                 (json_int_t)progress.files, "rate", (json_int_t)progress.rate_bps, "eta_s",
	                 progress.eta_s < 0 ? json_null() : json_integer(progress.eta_s), "note", progress.note);
	events_emit(broker->events, run->record.pipeline, "step.progress", &data);
}

/* Returns -1 if the store would not take it. */
static int settle(struct broker *broker, struct run *run, const void *body, size_t len_bytes)
{
	struct reply_final final;
	struct error err;
	int rc;

	if (reply_final_parse(body, len_bytes, &final, &err) != 0)
		return run->record.cancelling ? outcome_cancelled(broker, run) : outcome_error(broker, run, &err, true);
	if (final.status == REPLY_OK) {
		rc = run->record.care ? care_check(run, final.result_json, &err)
		     : strcmp(run->record.steps[runs_step(run)].service, "snapshot") == 0
		             ? shared_check(broker, run->record.pipeline, final.result_json, &err)
		             : 0;
		rc = rc == 0 ? outcome_ok(broker, run, final.result_json) : outcome_error(broker, run, &err, true);
		free(final.result_json);
		return rc;
	}
	if (run->record.cancelling)
		return outcome_cancelled(broker, run);
	/* Not asked by us to stop: the worker's process ends, or somebody else stopped it. */
	if (final.error.class == ERR_CANCELLED)
		return outcome_lost(broker, run, OUTCOME_SILENT);
	return outcome_error(broker, run, &final.error, final.status == REPLY_RETRY);
}

int dispatch_settle(struct broker *broker, struct run *run)
{
	void *body = run->pending;
	char tag[MDP_TAG_SIZE];
	int rc = 0;

	runs_tag(run, tag);
	run->pending = NULL;
	/* The attempt that it is of may have been ended otherwise. */
	if (body != NULL && state_of(run) == STEP_WORKING && strcmp(tag, run->pending_tag) == 0)
		rc = settle(broker, run, body, run->pending_bytes);
	if (rc >= 0)
		free(body);
	else
		run->pending = body;
	return rc;
}

void dispatch_pending(struct broker *broker)
{
	struct run *next = NULL;

	for (struct run *run = broker->runs; run != NULL && broker->now_ms >= broker->store_retry_ms; run = next) {
		next = run->next;
		if (run->pending != NULL)
			(void)dispatch_settle(broker, run);
	}
}

void dispatch_final(void *cookie, struct worker *worker, const char *tag, const void *body, size_t len_bytes)
{
	struct broker *broker = cookie;
	struct run *run = runs_by_tag(broker, tag);

	if (run == NULL || state_of(run) != STEP_WORKING || run->pending != NULL ||
	    (worker == NULL && worker_of(broker, run) != NULL)) {
		if (log_limit_passes(&broker->outdated, LINES_PER_MINUTE, broker->now_ms,
		                     "replies to outdated jobs dropped"))
			log_line(LOG_NOTICE, "reply to the outdated job %s dropped", tag);
		return;
	}
	if (settle(broker, run, body, len_bytes) >= 0)
		return;
	/* The store has no room, or is ill: the reply waits here, the step stays "working". */
	run->pending = malloc(len_bytes + 1);
	if (run->pending == NULL)
		return; /* then the lease gives the job out again, and it finds its own work */
	memcpy(run->pending, body, len_bytes);
	run->pending_bytes = len_bytes;
	runs_tag(run, run->pending_tag);
}

void dispatch_gone(void *cookie, struct worker *worker, bool said_so)
{
	struct broker *broker = cookie;
	struct run *run = worker->tag[0] != '\0' ? runs_by_tag(broker, worker->tag) : NULL;

	if (log_limit_passes(&broker->goings, LINES_PER_MINUTE, broker->now_ms, "workers gone"))
		log_line(said_so ? LOG_INFO : LOG_WARNING, "worker %s of service %s %s",
		         worker->name[0] != '\0' ? worker->name : "(plain)", worker->service,
		         said_so ? "left" : "is lost");
	worker_event(broker, worker, "worker.lost");
	worker->tag[0] = '\0';
	if (run == NULL || state_of(run) != STEP_WORKING)
		return;
	run->lease_until_ms = broker->now_ms + (said_so ? 0 : broker->lease_ms);
	run->loss_seen = true;
	if (said_so)
		(void)outcome_lost(broker, run, OUTCOME_GIVEN_UP);
}

static void no_worker(const struct run *run, const char *service, const char *then, struct error *error)
{
	const char *host = run->config->host;

	(void)error_set(error, ERR_LINK, "no worker for service %s is connected%s%s; start one%s, %s", service,
	                host != NULL ? " from host " : "", host != NULL ? host : "", host != NULL ? " there" : "",
	                then);
}

/* Its worker has gone for good, it seems: what else is to be done for the vault does not wait for it. */
static void give_up_care(struct broker *broker, struct run *run, const char *service)
{
	struct error why;

	no_worker(run, service, "it begins again", &why);
	if (runs_abandon(broker, run, STEP_FAILED, &why, NULL, NULL) < 0)
		run->queued_told = false; /* could not be stored: once more */
}

static void tend_run(struct broker *broker, struct run *run)
{
	enum step_state state = state_of(run);

	if (run->pending != NULL || outdated_turn(broker, run)) {
		/* Its answer is dispatch_pending's; or it waits no more. */
	} else if (state == STEP_RETRY_WAIT && broker->now_ms >= run->retry_ms) {
		(void)outcome_requeued(broker, run);
	} else if (state == STEP_WORKING && run->cancel_until_ms != 0 && broker->now_ms >= run->cancel_until_ms) {
		(void)outcome_cancelled(broker, run);
	} else if (state == STEP_WORKING && broker->now_ms >= run->lease_until_ms && worker_of(broker, run) == NULL) {
		(void)outcome_lost(broker, run, OUTCOME_SILENT);
	} else if (state == STEP_QUEUED && !run->queued_told &&
	           broker->now_ms - run->queued_ms >= pace_ms(DISPATCH_NO_WORKER_MS)) {
		const char *service = run->record.steps[runs_step(run)].service;

		run->queued_told = true;
		if (service_known(mdp_broker_services(broker->mdp), service, run->config->host))
			return;
		if (run->record.care) {
			give_up_care(broker, run, service);
			return;
		}
		no_worker(run, service, "the run goes on by itself", &run->last_error);
		runs_log(run);
		log_error(LOG_ERR, &run->last_error, "waiting");
		runs_log(NULL);
	}
}

static int make_request(struct broker *broker, const struct run *run, const struct run_record *next, char **body,
                        struct error *err)
{
	size_t index = runs_step(run);
	const char *service = next->steps[index].service;
	json_t *others = NULL;
	int rc;

	if (strcmp(service, "snapshot") == 0 || strcmp(service, "prune") == 0) {
		others = shared_json(broker, next->pipeline, err);
		if (others == NULL)
			return -1;
	}
	rc = run_config_request(run->config, next, index, others, broker->store, body, err);
	json_decref(others);
	return rc;
}

/* Returns false if nothing more can be given out now. */
static bool assign(struct broker *broker, struct run *run, struct worker *worker)
{
	struct run_record next = run->record;
	size_t index = runs_step(run);
	char tag[MDP_TAG_SIZE];
	char *body = NULL;
	struct error err;
	bool going_on = true;

	next.steps[index].attempt++;
	if (make_request(broker, run, &next, &body, &err) != 0) {
		/* A request that can't be made will not be better next time; a store that can't be read may. What of it is damaged is this run's: others go on. */
		if (err.class == ERR_INPUT || err.class == ERR_DAMAGED)
			return outcome_error(broker, run, &err, false) >= 0;
		broker_undo(broker, &err);
		return false;
	}
	if (outcome_assigned(broker, run, worker) < 0) {
		going_on = false;
		goto out;
	}
	crash_point("step-assigned"); /* killed here: no worker has the job, so the lease gives it out again */
	run->lease_until_ms = broker->now_ms + broker->lease_ms;
	run->loss_seen = false;
	runs_tag(run, tag);
	if (mdp_broker_request(broker->mdp, worker, tag, body, &err) == 0) {
		runs_log(run);
		log_line(LOG_INFO, "attempt %u given to worker %s", run->record.steps[index].attempt,
		         worker->name[0] != '\0' ? worker->name : "(plain)");
		runs_log(NULL);
	} else {
		mdp_broker_drop(broker->mdp, &worker);
		(void)outcome_lost(broker, run, OUTCOME_GIVEN_UP);
	}
out:
	free(body);
	return going_on;
}

/* The limited vault that the run's step under way transfers to, as configured now; NULL: none. */
static const struct config_vault *limited_vault(const struct broker *broker, const struct run *run)
{
	if (strcmp(run->record.steps[runs_step(run)].service, "transfer") != 0 || run->config->seed != NULL)
		return NULL;
	for (size_t i = 0; i < broker->config->n_vaults; i++)
		if (strcmp(broker->config->vaults[i].name, run->config->vault) == 0)
			return broker->config->vaults[i].transfers != 0 ? &broker->config->vaults[i] : NULL;
	return NULL;
}

static unsigned at_work(const struct broker *broker, const struct config_vault *vault)
{
	unsigned n = 0;

	for (const struct run *run = broker->runs; run != NULL; run = run->next)
		n += state_of(run) == STEP_WORKING && limited_vault(broker, run) == vault;
	return n;
}

/* What reads the source, or removes its snapshots. */
static bool is_about_source(const char *service)
{
	return strcmp(service, "snapshot") == 0 || strcmp(service, "transfer") == 0 || strcmp(service, "prune") == 0 ||
	       strcmp(service, "verify") == 0;
}

struct seen { /* what was looked at last: where a thousand wait for the same, it is looked at once */
	const struct config_vault *vault;
	unsigned at_work; /* at it */
	const char *service;
	const char *host; /* NULL: any */
	bool known, idle; /* workers of that service there */
	bool scattered;   /* it is about a source, and nothing says on which of several machines */
};

static bool same_host(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void see_workers(struct broker *broker, const char *service, const char *host, struct seen *seen)
{
	struct service_table *services = mdp_broker_services(broker->mdp);

	if (seen->service != NULL && strcmp(seen->service, service) == 0 && same_host(seen->host, host))
		return;
	seen->service = service;
	seen->host = host;
	seen->known = service_known(services, service, host);
	seen->idle = service_idle(services, service, host) != NULL;
	seen->scattered = host == NULL && is_about_source(service) && service_scattered(services, service);
}

static enum turn_wait wait_of(struct broker *broker, const struct run *run, struct seen *seen)
{
	const struct config_vault *limited = limited_vault(broker, run);
	struct turn_facts facts = { .known = false };

	see_workers(broker, run->record.steps[runs_step(run)].service, run->config->host, seen);
	facts.known = seen->known;
	facts.idle = seen->idle;
	facts.scattered = seen->scattered;
	if (limited != NULL) {
		if (limited != seen->vault)
			seen->at_work = at_work(broker, limited);
		seen->vault = limited;
		facts.vault_most = limited->transfers;
		facts.vault_now = seen->at_work;
	}
	return turn_wait(&facts);
}

enum turn_wait dispatch_wait(struct broker *broker, const struct run *run)
{
	struct seen seen = { .service = NULL };

	return wait_of(broker, run, &seen);
}

/* Whose turn it is; NULL: nobody's. */
static struct run *next_job(struct broker *broker, struct worker **worker)
{
	struct seen seen = { .service = NULL };
	struct run *best = NULL;

	for (struct run *run = broker->runs; run != NULL; run = run->next) {
		struct turn_job both[2];

		if (state_of(run) != STEP_QUEUED)
			continue;
		both[0] = (struct turn_job){ run->queued, wait_of(broker, run, &seen) };
		both[1] = (struct turn_job){ best != NULL ? best->queued : UINT64_MAX, TURN_READY };
		if (turn_next(both, 2) == 0)
			best = run;
	}
	if (best != NULL)
		*worker = service_idle(mdp_broker_services(broker->mdp), best->record.steps[runs_step(best)].service,
		                       best->config->host);
	return best;
}

void dispatch_turn(struct broker *broker)
{
	struct worker *worker = NULL;
	struct run *next = NULL;
	struct run *job = NULL;

	if (broker->now_ms < broker->store_retry_ms)
		return;
	for (struct run *run = broker->runs; run != NULL; run = next) {
		next = run->next;
		tend_run(broker, run);
	}
	while (broker->now_ms >= broker->store_retry_ms && (job = next_job(broker, &worker)) != NULL)
		if (!assign(broker, job, worker))
			break;
}

int64_t dispatch_wait_ms(struct broker *broker)
{
	int64_t at_ms = broker->now_ms + pace_ms(DISPATCH_NO_WORKER_MS);

	for (const struct run *run = broker->runs; run != NULL; run = run->next) {
		int64_t due_ms = at_ms;

		if (run->pending != NULL)
			due_ms = broker->store_retry_ms;
		else if (state_of(run) == STEP_RETRY_WAIT)
			due_ms = run->retry_ms;
		else if (state_of(run) == STEP_WORKING && run->cancel_until_ms != 0)
			due_ms = run->cancel_until_ms;
		else if (state_of(run) == STEP_WORKING && worker_of(broker, run) == NULL)
			due_ms = run->lease_until_ms;
		if (due_ms < at_ms)
			at_ms = due_ms;
	}
	if (at_ms < broker->store_retry_ms)
		at_ms = broker->store_retry_ms;
	return at_ms > broker->now_ms ? at_ms - broker->now_ms : 0;
}
