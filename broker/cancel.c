#include "broker/cancel.h"

#include "broker/dispatch.h"
#include "broker/runs.h"
#include "lib/crash_point.h"

static int mark_cancelling(struct broker *broker, struct run *run, void *is_working, struct error *err)
{
	const bool *working = is_working;
	size_t index = runs_step(run);
	struct run_step *step = &run->record.steps[index];
	struct error why;

	run->record.cancelling = true;
	if (run_store_cancelling(broker->store, run->record.run, err) != 0)
		return -1;
	if (*working) {
		if (run->cancel_until_ms == 0)
			run->cancel_until_ms = broker->now_ms + RUNS_CANCEL_GRACE_MS;
		return 0;
	}
	(void)error_set(&why, ERR_CANCELLED, "cancelled by request");
	if (step->state == STEP_WORKING && run_store_attempt_end(broker->store, run->record.run, index, step->attempt,
	                                                         broker_wall(), "cancelled", &why, err) != 0)
		return -1;
	step->state = STEP_CANCELLED;
	return run_store_step(broker->store, &run->record, index, &why, err);
}

int cancel_run(struct broker *broker, struct run *run, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	struct worker *worker = NULL;
	bool working;
	int rc = dispatch_settle(broker, run);

	/* What its worker had said before, as of what it has brought into the vault, holds. */
	if (rc != 0) {
		if (rc < 0)
			*err = broker->store_error;
		return rc < 0 ? -1 : 0;
	}
	runs_tag(run, tag);
	if (tag[0] != '\0')
		worker = service_with(mdp_broker_services(broker->mdp), tag);
	working = worker != NULL && worker->can_cancel && run->record.steps[runs_step(run)].state == STEP_WORKING;
	rc = runs_change(broker, run, mark_cancelling, &working, err);
	if (rc < 0)
		return -1;
	crash_point("run-cancelling"); /* killed here: the worker is told after the restart, when it names its job */
	if (working)
		mdp_broker_cancel(broker->mdp, worker);
	return 0;
}
