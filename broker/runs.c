#include "broker/runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broker/alarms.h"
#include "broker/holds.h"
#include "broker/status_json.h"
#include "broker/watch_state.h"
#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/run_name.h"

static const char *const trigger_words[] = {
	[TRIGGER_IDLE] = "idle", [TRIGGER_MAX_WAIT] = "max-wait", [TRIGGER_MANUAL] = "manual"
};

size_t runs_step(const struct run *run)
{
	for (size_t i = 0; i < run->record.n_steps; i++)
		if (run->record.steps[i].state >= STEP_QUEUED && run->record.steps[i].state <= STEP_RETRY_WAIT)
			return i;
	return 0;
}

void runs_tag(const struct run *run, char tag[MDP_TAG_SIZE])
{
	size_t index = runs_step(run);

	tag[0] = '\0';
	if (run->record.steps[index].attempt > 0)
		(void)snprintf(tag, MDP_TAG_SIZE, "%s/%zu#%u", run->record.run, index,
		               run->record.steps[index].attempt);
}

struct run *runs_of(struct broker *broker, const char *pipeline)
{
	return by_name_get(&broker->runs_of, pipeline);
}

struct run *runs_care_of(struct broker *broker, const char *pipeline)
{
	return by_name_get(&broker->care_of, pipeline);
}

struct run *runs_named(struct broker *broker, const char *pipeline, const char *run_id)
{
	struct run *run = runs_of(broker, pipeline);

	if (run == NULL || strcmp(run->record.run, run_id) != 0)
		run = runs_care_of(broker, pipeline);
	return run != NULL && strcmp(run->record.run, run_id) == 0 ? run : NULL;
}

struct run *runs_by_tag(struct broker *broker, const char *tag)
{
	char id[MDP_TAG_SIZE];
	char own[MDP_TAG_SIZE];
	struct run *run = NULL;

	(void)snprintf(id, sizeof(id), "%s", tag);
	id[strcspn(id, "/")] = '\0';
	run = by_name_get(&broker->run_ids, id);
	if (run == NULL)
		return NULL;
	runs_tag(run, own);
	return own[0] != '\0' && strcmp(own, tag) == 0 ? run : NULL;
}

void runs_log(const struct run *run)
{
	char fields[200];

	if (run == NULL) {
		log_context(NULL);
		return;
	}
	(void)snprintf(fields, sizeof(fields), "pipeline=%s run=%s%s%s", run->record.pipeline, run->record.run,
	               run->ended ? "" : " step=", run->ended ? "" : run->record.steps[runs_step(run)].service);
	log_context(fields);
}

void runs_destroy(struct run **run)
{
	if (*run == NULL)
		return;
	run_config_destroy(&(*run)->config);
	free((*run)->pending);
	free(*run);
	*run = NULL;
}

static struct by_name *names_of(struct broker *broker, const struct run *run)
{
	return run->record.care ? &broker->care_of : &broker->runs_of;
}

int runs_link(struct broker *broker, struct run **run, struct error *err)
{
	struct run *taken = *run;

	if (by_name_put(names_of(broker, taken), taken->record.pipeline, taken) != 0 ||
	    by_name_put(&broker->run_ids, taken->record.run, taken) != 0) {
		by_name_drop(names_of(broker, taken), taken->record.pipeline);
		return error_sys(err, ENOMEM, "run %s", taken->record.run);
	}
	taken->next = broker->runs;
	broker->runs = taken;
	*run = NULL;
	return 0;
}

static void unlink_run(struct broker *broker, struct run *run)
{
	by_name_drop(names_of(broker, run), run->record.pipeline);
	by_name_drop(&broker->run_ids, run->record.run);
	for (struct run **at = &broker->runs; *at != NULL; at = &(*at)->next)
		if (*at == run) {
			*at = run->next;
			break;
		}
	runs_destroy(&run);
}

static int run_event(struct broker *broker, const struct run *run, const char *what, const struct error *error,
                     struct error *err)
{
	json_t *data = json_pack("{s:s, s:s, s:s, s:b, s:I, s:o}", "run", run->record.run, "trigger",
	                         trigger_words[run->record.trigger], "kind",
	                         run->record.care    ? "care"
	                         : run->record.whole ? "whole"
	                                             : "stage",
	                         "dry_run", (int)run->record.dry_run, "started_at", (json_int_t)run->record.started_at,
	                         "error", error != NULL ? status_json_error(error) : json_null());

	return broker_event(broker, run->record.pipeline, what, &data, err);
}

int runs_step_event(struct broker *broker, const struct run *run, size_t index, const char *what,
                    const struct error *error, struct error *err)
{
	const struct run_step *step = &run->record.steps[index];
	json_t *data;

	/* Who follows a pipeline's runs by their steps is not told of others. */
	if (run->record.care)
		return 0;
	data = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:o}", "run", run->record.run, "step", step->service,
	                 "step_index", (json_int_t)index, "steps", (json_int_t)run->record.n_steps, "attempt",
	                 (json_int_t)step->attempt, "state", pipeline_step_word(step->state), "worker", run->worker,
	                 "error", error != NULL ? status_json_error(error) : json_null());

	return broker_event(broker, run->record.pipeline, what, &data, err);
}

static int end_run(struct broker *broker, struct run *run, enum run_state end, struct error *err)
{
	static const char *const events[] = {
		[RUN_RUNNING] = "run.failed",      [RUN_OK] = "run.finished",       [RUN_FAILED] = "run.failed",
		[RUN_CANCELLED] = "run.cancelled", [RUN_DEFERRED] = "run.deferred", [RUN_SUPERSEDED] = "run.superseded"
	};
	static const char *const care_events[] = {
		[RUN_RUNNING] = "care.failed",     [RUN_OK] = "care.finished",
		[RUN_FAILED] = "care.failed",      [RUN_CANCELLED] = "care.cancelled",
		[RUN_DEFERRED] = "care.cancelled", [RUN_SUPERSEDED] = "care.cancelled"
	};
	const char *event = run->record.care ? care_events[end] : events[end];
	struct error error;

	if (run_store_first_error(broker->store, run->record.run, &error, err) != 0 ||
	    run_store_end(broker->store, run->record.run, end, broker_wall(), &error, err) != 0 ||
	    run_event(broker, run, event, &error, err) != 0 || alarms_run_ended(broker, run, end, &error, err) != 0)
		return -1;
	run->ended = true;
	run->end = end;
	run->last_error = error;
	return 0;
}

void runs_forget_progress(struct run *run)
{
	if (run->has_progress)
		run->crossed_bytes += run->progress.done_bytes;
	run->has_progress = false;
}

void runs_queue(struct broker *broker, struct run *run, size_t index)
{
	run->record.steps[index].state = STEP_QUEUED;
	run->queued = ++broker->queued;
	run->queued_ms = broker->now_ms;
	run->queued_told = false;
	runs_forget_progress(run);
}

/* Lead the run to its next step, or to its end. */
static int advance(struct broker *broker, struct run *run, struct error *err)
{
	for (;;) {
		struct pipeline_step steps[PIPELINE_STEPS_MAX];
		struct pipeline_next next;

		for (size_t i = 0; i < run->record.n_steps; i++)
			steps[i] = (struct pipeline_step){ run->record.steps[i].state, run->config->stages[i].when };
		next = pipeline_next(steps, run->record.n_steps, run->record.cancelling);
		switch (next.action) {
		case PIPELINE_WAIT:
			return 0;
		case PIPELINE_END:
			return end_run(broker, run, next.end, err);
		case PIPELINE_SKIP:
			run->record.steps[next.index].state = STEP_SKIPPED;
			if (run_store_step(broker->store, &run->record, next.index, NULL, err) != 0)
				return -1;
			break;
		case PIPELINE_START:
			runs_queue(broker, run, next.index);
			run->cancel_until_ms = 0;
			run->attempt_lost = false;
			run->crossed_bytes = 0;
			error_clear(&run->last_error);
			return run_store_step(broker->store, &run->record, next.index, NULL, err);
		}
	}
}

static void tell_end(const struct run *run)
{
	int severity = run->end == RUN_FAILED ? LOG_ERR : LOG_NOTICE;

	runs_log(run);
	if (run->last_error.class != ERR_NONE)
		log_error(severity, &run->last_error, "run %s", pipeline_run_word(run->end));
	else
		log_line(severity, "run %s", pipeline_run_word(run->end));
	runs_log(NULL);
}

int runs_change(struct broker *broker, struct run *run,
                int (*make)(struct broker *broker, struct run *run, void *arg, struct error *err), void *arg,
                struct error *err)
{
	struct run before = *run;
	struct error own;
	int rc;

	if (err == NULL)
		err = &own;
	if (broker_begin(broker, err) != 0)
		return -1;
	rc = make(broker, run, arg, err);
	if (rc == 0)
		rc = advance(broker, run, err);
	if (rc != 0) {
		if (rc == RUNS_UNFIT)
			broker_drop(broker);
		else
			broker_undo(broker, err);
		*run = before;
		return rc;
	}
	if (broker_commit(broker, err) != 0) {
		*run = before;
		return -1;
	}
	if (!run->ended)
		return 0;
	crash_point("run-ended");
	tell_end(run);
	watch_state_ended(broker, &run->record, run->end);
	holds_ended(broker, run);
	unlink_run(broker, run);
	return 1;
}

static uint32_t run_number(void)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint32_t)zclock_usecs();
	return random;
}

static int begin_run(struct broker *broker, struct run *run, void *config_json, struct error *err)
{
	if (run_store_insert(broker->store, &run->record, config_json, err) != 0)
		return -1;
	return run_event(broker, run, run->record.care ? "care.started" : "run.started", NULL, err);
}

static void set_out(struct broker *broker, struct run *run, const char *pipeline)
{
	run->record.started_at = broker_wall();
	do
		run_name_make(run->record.run, run->record.started_at, run_number());
	while (by_name_get(&broker->run_ids, run->record.run) != NULL);
	(void)snprintf(run->record.pipeline, sizeof(run->record.pipeline), "%s", pipeline);
	run->record.n_steps = run->config->n_stages;
	for (size_t i = 0; i < run->record.n_steps; i++)
		(void)snprintf(run->record.steps[i].service, sizeof(run->record.steps[i].service), "%s",
		               run->config->stages[i].service);
}

static struct run *new_run(struct broker *broker, const struct config_pipeline *pipeline, const char *service,
                           bool release, const char *seed, char **json, struct error *err)
{
	struct run *run = calloc(1, sizeof(*run));
	json_t *rest = NULL;
	int rc;

	if (run == NULL) {
		(void)error_sys(err, ENOMEM, "a run of %s", pipeline->name);
		return NULL;
	}
	rest = watch_state_rest(broker, pipeline->name);
	rc = run_config_text(pipeline, service, release, seed, rest, json, err);
	json_decref(rest);
	if (rc != 0 || run_config_parse(*json, &run->config, err) != 0) {
		runs_destroy(&run);
		return NULL;
	}
	run->record.whole = service == NULL && seed == NULL;
	set_out(broker, run, pipeline->name);
	return run;
}

/* Takes run and json; run NULL: new_run has failed. */
static int start(struct broker *broker, struct run *run, char *json, const char *why, struct error *err)
{
	char pipeline[CONFIG_NAME_MAX + 1];
	char run_id[RUN_ID_SIZE];
	struct run *linked = run;
	int rc = -1;

	if (run == NULL)
		goto out;
	memcpy(pipeline, run->record.pipeline, sizeof(pipeline));
	memcpy(run_id, run->record.run, sizeof(run_id));
	if (runs_link(broker, &run, err) != 0)
		goto out;
	rc = runs_change(broker, linked, begin_run, json, err);
	if (rc < 0) {
		unlink_run(broker, linked);
		goto out;
	}
	crash_point("run-accepted"); /* killed here: the client has no answer, asks again, and finds this run */
	log_line(LOG_NOTICE, "pipeline=%s run=%s started (%s)", pipeline, run_id, why);
	rc = 0;
out:
	runs_destroy(&run);
	free(json);
	return rc;
}

int runs_start(struct broker *broker, const struct config_pipeline *pipeline, enum stage_trigger trigger, bool dry_run,
               const char *service, char run_id[RUN_ID_SIZE], bool *is_new, struct error *err)
{
	struct run *run = runs_of(broker, pipeline->name);
	char *json = NULL;

	*is_new = run == NULL;
	if (run != NULL) {
		(void)snprintf(run_id, RUN_ID_SIZE, "%s", run->record.run);
		if (run->config->release)
			return error_set(err, ERR_LOCKED,
			                 "old snapshots of %s are being removed to make room; ask again in a moment",
			                 pipeline->name);
		if (run->config->seed != NULL)
			return error_set(
			        err, ERR_LOCKED,
			        "a seed of %s is being written (run %s); the next run can begin when it is done",
			        pipeline->name, run_id);
		if (service == NULL)
			return 0;
		return error_set(err, ERR_LOCKED, "run %s of %s is in flight; wait for it, or cancel it", run_id,
		                 pipeline->name);
	}
	run = new_run(broker, pipeline, service, false, NULL, &json, err);
	if (run != NULL) {
		run->record.trigger = trigger;
		run->record.dry_run = dry_run;
		(void)snprintf(run_id, RUN_ID_SIZE, "%s", run->record.run);
	}
	return start(broker, run, json, trigger_words[trigger], err);
}

int runs_seed(struct broker *broker, const struct config_pipeline *pipeline, const char *root, char run_id[RUN_ID_SIZE],
              bool *is_new, struct error *err)
{
	struct run *run = runs_of(broker, pipeline->name);
	char *json = NULL;

	*is_new = run == NULL;
	if (run != NULL) {
		(void)snprintf(run_id, RUN_ID_SIZE, "%s", run->record.run);
		if (run->config->seed != NULL && strcmp(run->config->seed, root) == 0)
			return 0;
		return error_set(err, ERR_LOCKED, "run %s of %s is in flight; wait for it, or cancel it", run_id,
		                 pipeline->name);
	}
	run = new_run(broker, pipeline, NULL, false, root, &json, err);
	if (run != NULL) {
		run->record.trigger = TRIGGER_MANUAL;
		(void)snprintf(run_id, RUN_ID_SIZE, "%s", run->record.run);
	}
	return start(broker, run, json, "a seed", err);
}

int runs_release(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	struct run *run = NULL;
	char *json = NULL;

	if (runs_of(broker, pipeline->name) != NULL)
		return 0;
	run = new_run(broker, pipeline, "snapshot", true, NULL, &json, err);
	if (run != NULL)
		run->record.trigger = TRIGGER_MANUAL;
	return start(broker, run, json, "to make room", err);
}

int runs_care(struct broker *broker, const struct config_pipeline *pipeline, const char *service, json_t *with,
              struct error *err)
{
	struct run *run = runs_care_of(broker, pipeline->name) == NULL ? calloc(1, sizeof(*run)) : NULL;
	char *json = NULL;

	if (run == NULL) {
		json_decref(with);
		return 0;
	}
	if (run_config_care(pipeline, service, with, &json, err) != 0 ||
	    run_config_parse(json, &run->config, err) != 0) {
		runs_destroy(&run);
	} else {
		run->record.care = true;
		run->record.trigger = TRIGGER_IDLE;
		set_out(broker, run, pipeline->name);
	}
	return start(broker, run, json, "care", err);
}

struct abandoning {
	enum step_state state;
	const struct error *reason;
	int (*also)(struct broker *broker, struct run *run, void *arg, struct error *err);
	void *arg;
};

static int abandon(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	const struct abandoning *how = arg;
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];

	if (step->state == STEP_WORKING && run_store_attempt_end(broker->store, run->record.run, index, step->attempt,
	                                                         broker_wall(), "cancelled", how->reason, err) != 0)
		return -1;
	step->state = how->state;
	run->last_error = *how->reason;
	if (run_store_step(broker->store, &run->record, index, how->reason, err) != 0 ||
	    runs_step_event(broker, run, index, "step.finished", how->reason, err) != 0)
		return -1;
	return how->also != NULL ? how->also(broker, run, how->arg, err) : 0;
}

int runs_abandon(struct broker *broker, struct run *run, enum step_state state, const struct error *reason,
                 int (*also)(struct broker *broker, struct run *run, void *arg, struct error *err), void *arg)
{
	struct abandoning how = { state, reason, also, arg };
	struct worker *worker = NULL;
	char tag[MDP_TAG_SIZE];
	int rc;

	runs_tag(run, tag);
	if (tag[0] != '\0' && broker->mdp != NULL) /* while runs are loaded there are no workers */
		worker = service_with(mdp_broker_services(broker->mdp), tag);
	rc = runs_change(broker, run, abandon, &how, NULL);
	crash_point("run-abandoned"); /* killed here: what its worker says is outdated after the restart too */
	if (rc >= 0 && worker != NULL && worker->can_cancel)
		mdp_broker_cancel(broker->mdp, worker);
	return rc;
}

void runs_free(struct broker *broker)
{
	while (broker->runs != NULL)
		unlink_run(broker, broker->runs);
	by_name_done(&broker->runs_of);
	by_name_done(&broker->care_of);
	by_name_done(&broker->run_ids);
}
