#include "broker/pipeline.h"

#include <string.h>

static const char *const step_words[] = {
	[STEP_PENDING] = "pending",       [STEP_QUEUED] = "queued",
	[STEP_WORKING] = "working",       [STEP_OK] = "ok",
	[STEP_RETRY_WAIT] = "retry-wait", [STEP_FAILED] = "failed",
	[STEP_SKIPPED] = "skipped",       [STEP_CANCELLED] = "cancelled",
	[STEP_DEFERRED] = "deferred",     [STEP_SUPERSEDED] = "superseded",
};

static const char *const run_words[] = {
	[RUN_RUNNING] = "running",   [RUN_OK] = "ok",
	[RUN_FAILED] = "failed",     [RUN_CANCELLED] = "cancelled",
	[RUN_DEFERRED] = "deferred", [RUN_SUPERSEDED] = "superseded",
};

static int word_index(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

const char *pipeline_step_word(enum step_state state)
{
	return step_words[state];
}

int pipeline_step_of(const char *word)
{
	return word_index(step_words, sizeof(step_words) / sizeof(step_words[0]), word);
}

const char *pipeline_run_word(enum run_state state)
{
	return run_words[state];
}

int pipeline_run_of(const char *word)
{
	return word_index(run_words, sizeof(run_words) / sizeof(run_words[0]), word);
}

static bool shall_run(enum config_when when, enum run_state so_far)
{
	switch (when) {
	case WHEN_SUCCESS:
		return so_far == RUN_OK;
	case WHEN_FAILURE:
		return so_far == RUN_FAILED;
	case WHEN_ALWAYS:
		return true;
	}
	return false;
}

static enum run_state ends_as(enum step_state state)
{
	switch (state) {
	case STEP_FAILED:
		return RUN_FAILED;
	case STEP_CANCELLED:
		return RUN_CANCELLED;
	case STEP_DEFERRED:
		return RUN_DEFERRED;
	case STEP_SUPERSEDED:
		return RUN_SUPERSEDED;
	case STEP_PENDING:
	case STEP_QUEUED:
	case STEP_WORKING:
	case STEP_RETRY_WAIT:
	case STEP_OK:
	case STEP_SKIPPED:
		return RUN_OK;
	}
	return RUN_OK;
}

struct pipeline_next pipeline_next(const struct pipeline_step *steps, size_t n_steps, bool cancelled)
{
	enum run_state so_far = RUN_OK;

	for (size_t i = 0; i < n_steps; i++) {
		switch (steps[i].state) {
		case STEP_QUEUED:
		case STEP_WORKING:
		case STEP_RETRY_WAIT:
			return (struct pipeline_next){ PIPELINE_WAIT, i, RUN_RUNNING };
		case STEP_PENDING:
			/* A cancelled run counts as such from here on, even when no step was caught at work. */
			if (cancelled && so_far == RUN_OK)
				so_far = RUN_CANCELLED;
			return (struct pipeline_next){ shall_run(steps[i].when, so_far) ? PIPELINE_START
				                                                        : PIPELINE_SKIP,
				                       i, RUN_RUNNING };
		case STEP_OK:
		case STEP_SKIPPED:
		case STEP_FAILED:
		case STEP_CANCELLED:
		case STEP_DEFERRED:
		case STEP_SUPERSEDED:
			if (so_far == RUN_OK)
				so_far = ends_as(steps[i].state);
			if (cancelled && so_far == RUN_OK && steps[i].state == STEP_SKIPPED &&
			    steps[i].when == WHEN_SUCCESS)
				so_far = RUN_CANCELLED;
			break;
		}
	}
	return (struct pipeline_next){ PIPELINE_END, 0, so_far };
}
