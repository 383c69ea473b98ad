#include "broker/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/alarms_age.h"
#include "broker/brake_alarm.h"
#include "broker/care.h"
#include "broker/history.h"
#include "broker/history_macs.h"
#include "broker/holds.h"
#include "broker/outlook.h"
#include "broker/reply.h"
#include "broker/retry.h"
#include "broker/seeding.h"
#include "lib/chance.h"
#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/pace.h"

static struct run_step *current(struct run *run)
{
	return &run->record.steps[runs_step(run)];
}

static int assign(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	const struct worker *worker = arg;
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];

	step->state = STEP_WORKING;
	step->attempt++;
	memcpy(run->worker, worker->name, sizeof(run->worker));
	memcpy(run->host, worker->host, sizeof(run->host));
	run->attempt_ms = broker->now_ms;
	run->attempt_lost = false;
	runs_forget_progress(run);
	if (run_store_step(broker->store, &run->record, index, &run->last_error, err) != 0 ||
	    run_store_attempt(broker->store, run->record.run, index, step->attempt, run->worker, run->host,
	                      broker_wall(), err) != 0)
		return -1;
	return runs_step_event(broker, run, index, "step.started", NULL, err);
}

int outcome_assigned(struct broker *broker, struct run *run, const struct worker *worker)
{
	struct worker copy = *worker;

	return runs_change(broker, run, assign, &copy, NULL);
}

static int find_snapshot(void *cookie, const char *service, const char *result_json, struct error *err)
{
	char **found = cookie;

	(void)err;
	if (strcmp(service, "snapshot") == 0 && *found == NULL)
		*found = strdup(result_json);
	return 0;
}

struct recording {
	struct broker *broker;
	const struct history_generation *generation;
	json_t *macs; /* for the event */
};

static int record_mac(void *cookie, const struct history_macs_row *mac, struct error *err)
{
	const struct recording *recording = cookie;
	const struct history_generation *g = recording->generation;

	(void)json_array_append_new(recording->macs,
	                            json_pack("{s:s, s:s, s:I}", "name", mac->name, "state", mac->state, "completed_at",
	                                      (json_int_t)mac->completed_at));
	return history_macs_add(recording->broker->store, g->pipeline, g->generation, mac, err);
}

static int publish_event(struct broker *broker, const struct history_generation *g, json_t *macs, struct error *err)
{
	json_t *data = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:s*, s:O}", "generation",
	                         g->generation, "run", g->run, "state", g->state, "taken_at", (json_int_t)g->taken_at,
	                         "published_at", (json_int_t)g->published_at, "files", (json_int_t)g->files, "bytes",
	                         (json_int_t)g->bytes, "literal_bytes", (json_int_t)g->literal_bytes, "wire_sent",
	                         (json_int_t)g->wire_sent, "vault", g->vault, "ctransid", (json_int_t)g->ctransid,
	                         "root", g->root[0] != '\0' ? g->root : NULL, "macs", macs);

	return broker_event(broker, g->pipeline, "generation.published", &data, err);
}

/* A generation that a vault has published is recorded at once, whatever becomes of the run's later steps. */
static int record_generation(struct broker *broker, struct run *run, const char *result_json, struct error *err)
{
	struct history_generation generation;
	struct recording recording = { broker, &generation, json_array() };
	char *snapshot_json = NULL;
	int rc = -1;

	if (run_store_results(broker->store, run->record.run, find_snapshot, &snapshot_json, err) != 0)
		goto out;
	if (reply_generation(result_json, snapshot_json, &generation, err) != 1) {
		log_line(LOG_WARNING, "the transfer names no generation, so none is recorded");
		rc = 0;
		goto out;
	}
	(void)snprintf(generation.pipeline, sizeof(generation.pipeline), "%s", run->record.pipeline);
	(void)snprintf(generation.run, sizeof(generation.run), "%s", run->record.run);
	(void)snprintf(generation.vault, sizeof(generation.vault), "%s", run->config->vault);
	generation.published_at = broker_wall();
	if (generation.taken_at == 0)
		generation.taken_at = run->record.started_at;
	/* A snapshot stage that knows no counter: then the watcher's number says what is in the generation. */
	if (generation.ctransid == 0 && run->config->rest_ctransid != 0) {
		generation.ctransid = run->config->rest_ctransid;
		(void)snprintf(generation.source_uuid, sizeof(generation.source_uuid), "%s",
		               run->config->rest_source_uuid);
	}
	/* What was not taken at rest is made again at the next one, also if nothing was written since: as if its counter were not known. */
	if (run->record.trigger != TRIGGER_IDLE && strcmp(generation.state, "in-flight") == 0)
		generation.ctransid = 0;
	if (history_publish(broker->store, &generation, err) != 0 ||
	    alarms_published(broker, run, &generation, err) != 0)
		goto out;
	if (generation.unchanged) {
		log_line(LOG_INFO, "nothing new since generation %s", generation.generation);
		rc = 0;
		goto out;
	}
	if ((snapshot_json != NULL && reply_macs(snapshot_json, record_mac, &recording, err) != 0) ||
	    publish_event(broker, &generation, recording.macs, err) != 0)
		goto out;
	log_line(LOG_NOTICE, "generation %s published", generation.generation);
	crash_point("generation-recorded"); /* killed here: the reply comes again */
	rc = 0;
out:
	json_decref(recording.macs);
	free(snapshot_json);
	return rc;
}

static int record_seed(struct broker *broker, struct run *run, const char *result_json, struct error *err)
{
	char *snapshot_json = NULL;
	int rc = run_store_results(broker->store, run->record.run, find_snapshot, &snapshot_json, err);

	if (rc == 0)
		rc = seeding_written(broker, run, result_json, snapshot_json, err);
	free(snapshot_json);
	return rc;
}

/* What a transfer has brought into the vault; or, of a run that writes a seed, onto the disk that is carried there. */
static int record_transfer(struct broker *broker, struct run *run, const char *result_json, struct error *err)
{
	if (run->config->seed != NULL)
		return record_seed(broker, run, result_json, err);
	if (record_generation(broker, run, result_json, err) != 0 ||
	    brake_alarm_told(broker, run, result_json, err) != 0)
		return -1;
	return seeding_arrived(broker, run, result_json, err);
}

struct pruning {
	struct broker *broker;
	const struct run *run;
};

static int record_pruned(void *cookie, const char *generation, const char *reason, struct error *err)
{
	const struct pruning *pruning = cookie;
	const char *pipeline = pruning->run->record.pipeline;
	int found = history_prune(pruning->broker->store, pipeline, generation, err);
	json_t *data = NULL;

	if (found != 1)
		return found;
	data = json_pack("{s:s, s:s, s:s}", "generation", generation, "run", pruning->run->record.run, "reason",
	                 reason);
	return broker_event(pruning->broker, pipeline, "generation.pruned", &data, err);
}

static int record_gone(void *cookie, const char *generation, struct error *err)
{
	const struct pruning *pruning = cookie;
	const struct run *run = pruning->run;
	json_t *data = json_pack("{s:s, s:s, s:s}", "generation", generation, "run", run->record.run, "reason",
	                         "it is not in the vault any more");

	log_line(LOG_NOTICE, "generation %s is not in the vault any more", generation);
	return broker_event(pruning->broker, run->record.pipeline, "generation.pruned", &data, err);
}

/* The reply of a removal may have been lost, and people remove generations by hand, and change disks: a complete list is the truth. */
static int record_pruning(struct broker *broker, const struct run *run, const char *result_json, struct error *err)
{
	const struct config_pipeline *configured = config_pipeline(broker->config, run->record.pipeline);
	struct pruning pruning = { broker, run };
	char *names_json = NULL;
	int rc;

	if (reply_removed(result_json, record_pruned, &pruning, err) != 0)
		return -1;
	rc = reply_listed(result_json, &names_json, err);
	if (rc == 1)
		rc = history_vault_has(broker->store, run->record.pipeline, names_json, record_gone, &pruning, err);
	if (rc == 0 && configured != NULL)
		rc = alarms_age_look(broker, configured, err);
	free(names_json);
	return rc;
}

static int record(struct broker *broker, struct run *run, const char *result_json, struct error *err)
{
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];

	if (!run->record.dry_run && strcmp(step->service, "transfer") == 0 &&
	    record_transfer(broker, run, result_json, err) != 0)
		return -1;
	if (!run->record.dry_run && strcmp(step->service, "prune") == 0 &&
	    record_pruning(broker, run, result_json, err) != 0)
		return -1;
	if (run->record.care && care_done(broker, run, result_json, err) != 0)
		return -1;
	if (strcmp(step->service, "snapshot") == 0 && !run->config->release) {
		holds_take(run, result_json);
		if (!run->record.dry_run && run->config->seed == NULL && alarms_snapshot(broker, run, err) != 0)
			return -1;
	}
	if (!run->record.dry_run && run->config->seed == NULL &&
	    outlook_measured(broker, run, step->service, result_json, err) != 0)
		return -1;
	step->state = STEP_OK;
	step->losses = 0;
	if (run_store_result(broker->store, run->record.run, index, result_json, err) != 0 ||
	    run_store_attempt_end(broker->store, run->record.run, index, step->attempt, broker_wall(), "ok", NULL,
	                          err) != 0 ||
	    run_store_step(broker->store, &run->record, index, NULL, err) != 0)
		return -1;
	return runs_step_event(broker, run, index, "step.finished", NULL, err);
}

/* Those go by themselves, or by a person's hand, and then it can be stored: anything else that a change fails for will be so the next time too. */
static bool is_of_the_store(enum error_class class)
{
	return class == ERR_SPACE || class == ERR_IO || class == ERR_LOCKED || class == ERR_PERMISSION;
}

static int succeed(struct broker *broker, struct run *run, void *result_json, struct error *err)
{
	if (record(broker, run, result_json, err) == 0)
		return 0;
	return is_of_the_store(err->class) ? -1 : RUNS_UNFIT;
}

int outcome_ok(struct broker *broker, struct run *run, const char *result_json)
{
	struct error err = { .class = ERR_NONE };
	char *copy = strdup(result_json);
	int rc = copy != NULL ? runs_change(broker, run, succeed, copy, &err) : -1;

	if (rc == RUNS_UNFIT) {
		(void)error_prefix(&err, "its result can't be recorded");
		rc = outcome_error(broker, run, &err, true);
	}
	crash_point("step-done"); /* killed here: the worker sends its reply again, and that is dropped */
	free(copy);
	return rc;
}

/* What happened to an attempt, and what the step does now. */
struct verdict {
	const char *outcome; /* of the attempt */
	enum step_state state;
	uint64_t delay_ms; /* of STEP_RETRY_WAIT */
	unsigned failures, losses;
	struct error error;
};

static int judge(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	const struct verdict *verdict = arg;
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];
	const char *event = "step.finished";

	step->failures = verdict->failures;
	step->losses = verdict->losses;
	run->last_error = verdict->error;
	run->attempt_lost = strcmp(verdict->outcome, "lost") == 0;
	step->state = verdict->state;
	if (verdict->state == STEP_QUEUED || verdict->state == STEP_RETRY_WAIT)
		event = "step.retried";
	if (verdict->state == STEP_QUEUED)
		runs_queue(broker, run, index);
	if (verdict->state == STEP_RETRY_WAIT) {
		run->retry_ms = broker->now_ms + (int64_t)verdict->delay_ms;
		run->retry_at = broker_wall() + (int64_t)((verdict->delay_ms + 999) / 1000);
	}
	if (run_store_attempt_end(broker->store, run->record.run, index, step->attempt, broker_wall(), verdict->outcome,
	                          &verdict->error, err) != 0 ||
	    run_store_step(broker->store, &run->record, index, &verdict->error, err) != 0)
		return -1;
	return runs_step_event(broker, run, index, event, &verdict->error, err);
}

static struct verdict verdict_on(struct run *run, const char *outcome, enum step_state state)
{
	return (struct verdict){ .outcome = outcome,
		                 .state = state,
		                 .failures = current(run)->failures,
		                 .losses = current(run)->losses,
		                 .error = { .class = ERR_NONE } };
}

static int apply(struct broker *broker, struct run *run, struct verdict *verdict)
{
	unsigned attempt = current(run)->attempt;
	int rc;

	runs_log(run);
	if (verdict->state == STEP_RETRY_WAIT)
		log_error(LOG_WARNING, &verdict->error, "attempt %u; trying again in %.1f s", attempt,
		          (double)verdict->delay_ms / 1000);
	else if (verdict->state == STEP_QUEUED)
		log_error(LOG_WARNING, &verdict->error, "attempt %u; given out again", attempt);
	else
		log_error(LOG_WARNING, &verdict->error, "attempt %u; step %s", attempt,
		          pipeline_step_word(verdict->state));
	runs_log(NULL);
	rc = runs_change(broker, run, judge, verdict, NULL);
	crash_point("step-judged");
	return rc;
}

int outcome_error(struct broker *broker, struct run *run, const struct error *error, bool retry)
{
	struct verdict verdict = verdict_on(run, retry ? "retry" : "fail", STEP_FAILED);

	verdict.error = *error;
	verdict.failures++;
	if (error->class == ERR_BUSY) {
		verdict.state = STEP_DEFERRED;
	} else if (retry) {
		struct retry again = run->record.care ? retry_care(error->class, verdict.failures, chance())
		                                      : retry_decide(error->class, verdict.failures, chance());

		verdict.delay_ms = (uint64_t)pace_ms((int64_t)again.delay_ms);
		if (again.again)
			verdict.state = STEP_RETRY_WAIT;
	}
	return apply(broker, run, &verdict);
}

int outcome_lost(struct broker *broker, struct run *run, enum outcome_loss how)
{
	struct verdict verdict = verdict_on(run, how == OUTCOME_SILENT ? "lost" : "given-up", STEP_QUEUED);
	const char *name = run->worker[0] != '\0' ? run->worker : "(without a name)";
	struct retry again;

	if (run->record.cancelling)
		return outcome_cancelled(broker, run);
	if (how == OUTCOME_GIVEN_UP) {
		(void)error_set(&verdict.error, ERR_LINK, "worker %s gave the job up", name);
		return apply(broker, run, &verdict);
	}
	verdict.losses = broker->now_ms - run->attempt_ms >= OUTCOME_STEADY_MS ? 1 : verdict.losses + 1;
	again = retry_lost(verdict.losses, chance());
	verdict.delay_ms = (uint64_t)pace_ms((int64_t)again.delay_ms);
	if (!again.again) {
		verdict.state = STEP_FAILED;
		(void)error_set(&verdict.error, ERR_INTERNAL,
		                "%u workers of %s in a row were lost at this job, the last was %s", verdict.losses,
		                current(run)->service, name);
		return apply(broker, run, &verdict);
	}
	if (again.delay_ms > 0)
		verdict.state = STEP_RETRY_WAIT;
	(void)error_set(&verdict.error, ERR_LINK, "worker %s is lost", name);
	return apply(broker, run, &verdict);
}

static int reattach(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];

	(void)arg;
	step->state = STEP_WORKING;
	run->attempt_lost = false;
	error_clear(&run->last_error);
	if (run_store_attempt_again(broker->store, run->record.run, index, step->attempt, err) != 0 ||
	    run_store_step(broker->store, &run->record, index, NULL, err) != 0)
		return -1;
	return runs_step_event(broker, run, index, "step.started", NULL, err);
}

int outcome_reattached(struct broker *broker, struct run *run)
{
	int rc = runs_change(broker, run, reattach, NULL, NULL);

	crash_point("step-reattached");
	return rc;
}

int outcome_cancelled(struct broker *broker, struct run *run)
{
	struct verdict verdict = verdict_on(run, "cancelled", STEP_CANCELLED);

	(void)error_set(&verdict.error, ERR_CANCELLED, "cancelled by request");
	return apply(broker, run, &verdict);
}

static int requeue(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	size_t index = runs_step(run);

	(void)arg;
	runs_queue(broker, run, index);
	return run_store_step(broker->store, &run->record, index, &run->last_error, err);
}

int outcome_requeued(struct broker *broker, struct run *run)
{
	int rc = runs_change(broker, run, requeue, NULL, NULL);

	crash_point("step-requeued");
	return rc;
}
