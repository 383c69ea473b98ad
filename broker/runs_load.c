#include "broker/runs.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/holds.h"
#include "lib/crash_point.h"
#include "lib/log.h"

static int nothing(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	(void)broker;
	(void)run;
	(void)arg;
	(void)err;
	return 0;
}

/* A row that has rotted ends its run, not the broker. */
static int load_config(struct run *run, const char *json, struct error *err)
{
	if (run_config_parse(json, &run->config, err) == 0) {
		if (run->config->n_stages == run->record.n_steps)
			return 0;
		run_config_destroy(&run->config);
		(void)error_set(err, ERR_DAMAGED, "runs.config is not of its steps");
	}
	if (err->class != ERR_DAMAGED)
		return -1;
	(void)error_prefix(err, "what the broker's store has of run %s, which ends here", run->record.run);
	run->unreadable = true;
	if (run->record.n_steps == 0) /* they are of no run that is known */
		run->record.n_steps = 1;
	run->last_error = *err;
	error_clear(err);
	return run_config_lost(&run->record, &run->config, err);
}

/* Jobs that were given out wait for a worker that says it has them; steps that waited for another try go on soon. */
static int load_run(void *cookie, const struct run_record *record, const char *config_json,
                    const struct error *last_error, struct error *err)
{
	struct broker *broker = cookie;
	struct run *run = calloc(1, sizeof(*run));
	const struct run_step *step = NULL;
	size_t index;

	if (run == NULL)
		return error_sys(err, ENOMEM, "run %s", record->run);
	run->record = *record;
	run->last_error = *last_error;
	if (load_config(run, config_json, err) != 0)
		goto out;
	index = runs_step(run);
	step = &run->record.steps[index];
	run->queued = ++broker->queued;
	run->queued_ms = broker->now_ms;
	run->attempt_ms = broker->now_ms;
	run->lease_until_ms = broker->now_ms + broker->lease_ms;
	run->cancel_until_ms = record->cancelling ? broker->now_ms + RUNS_CANCEL_GRACE_MS : 0;
	run->retry_ms = broker->now_ms + 1000;
	run->retry_at = broker_wall() + 1;
	if (step->attempt > 0) {
		int64_t started_at = 0;

		if (run_store_attempt_worker(broker->store, record->run, index, step->attempt, run->worker, run->host,
		                             &started_at, err) < 0)
			goto out;
	}
	if (holds_load(broker, run, err) != 0 || runs_link(broker, &run, err) != 0)
		goto out;
	return 0;
out:
	runs_destroy(&run);
	return -1;
}

int runs_load(struct broker *broker, struct error *err)
{
	struct run *next = NULL;
	struct error reason;
	int rc;

	if (run_store_running(broker->store, load_run, broker, err) != 0)
		return -1;
	for (struct run *run = broker->runs; run != NULL; run = next) {
		next = run->next;
		runs_log(run);
		log_line(LOG_NOTICE, "taken up again, step is %s",
		         pipeline_step_word(run->record.steps[runs_step(run)].state));
		runs_log(NULL);
		reason = run->last_error;
		rc = run->unreadable ? runs_abandon(broker, run, STEP_FAILED, &reason, NULL, NULL)
		                     : runs_change(broker, run, nothing, NULL, err);
		if (rc < 0 && run->unreadable)
			*err = broker->store_error;
		if (rc < 0)
			return -1;
		crash_point("run-taken-up");
	}
	return 0;
}
