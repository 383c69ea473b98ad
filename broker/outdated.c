#include "broker/outdated.h"

/* NULL: it goes where its pipeline does. */
static const char *why(const struct broker *broker, const struct run *run)
{
	const struct config_pipeline *pipeline = config_pipeline(broker->config, run->record.pipeline);

	if (pipeline == NULL)
		return "the configuration has its pipeline no more";
	if (!run_config_same_host(run->config, pipeline))
		return "its pipeline is of another machine by now (host)";
	if (!run_config_same_vault(run->config, pipeline))
		return "its pipeline has another vault by now, or reaches it in another way; the next run goes there";
	return NULL;
}

void outdated_mark(struct broker *broker)
{
	for (struct run *run = broker->runs; run != NULL; run = run->next)
		run->outdated = why(broker, run) != NULL;
}

/* For another try, or for a worker for so long that it was told. */
static bool waits(const struct run *run)
{
	enum step_state state = run->record.steps[runs_step(run)].state;

	return !run->record.cancelling && (state == STEP_RETRY_WAIT || (state == STEP_QUEUED && run->queued_told));
}

bool outdated_turn(struct broker *broker, struct run *run)
{
	const char *reason = run->outdated && waits(run) ? why(broker, run) : NULL;
	struct error error = run->last_error;

	if (reason == NULL || broker->now_ms < broker->store_retry_ms)
		return false;
	if (error.class == ERR_NONE)
		(void)error_set(&error, ERR_LINK, "%s; it waited for a worker", reason);
	else
		(void)error_prefix(&error, "%s; it waited", reason);
	return runs_abandon(broker, run, STEP_SUPERSEDED, &error, NULL, NULL) >= 0;
}
