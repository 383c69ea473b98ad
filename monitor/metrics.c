#include "monitor/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_STAGES "other"

/* 10 s to a week: a run over a thin link may take days. */
const int64_t metrics_run_bounds_s[METRICS_RUN_BUCKETS] = { 10, 60, 300, 1800, 7200, 28800, 86400, 604800 };
const int64_t metrics_step_bounds_s[METRICS_STEP_BUCKETS] = { 1, 10, 60, 600, 3600, 21600, 86400, 604800 };

struct metrics *metrics_new(int64_t now_ms)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL)
		return NULL;
	metrics->pipelines = calloc(CONFIG_PIPELINES_MAX, sizeof(*metrics->pipelines));
	metrics->seen = json_object();
	metrics->began_ms = now_ms;
	if (metrics->pipelines == NULL || metrics->seen == NULL)
		metrics_destroy(&metrics);
	return metrics;
}

void metrics_destroy(struct metrics **metrics)
{
	if (*metrics == NULL)
		return;
	free((*metrics)->pipelines);
	json_decref((*metrics)->seen);
	free(*metrics);
	*metrics = NULL;
}

static size_t place_of(const struct metrics *metrics, const char *name)
{
	size_t low = 0;
	size_t high = metrics->n_pipelines;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(metrics->pipelines[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct metrics_pipeline *metrics_pipeline(const struct metrics *metrics, const char *name)
{
	size_t at = place_of(metrics, name);

	return at < metrics->n_pipelines && strcmp(metrics->pipelines[at].name, name) == 0 ? &metrics->pipelines[at]
	                                                                                   : NULL;
}

/* NULL: no row is left, or the name is too long to be a pipeline's. */
static struct metrics_pipeline *row_of(struct metrics *metrics, const char *name)
{
	size_t at = place_of(metrics, name);
	struct metrics_pipeline *row = &metrics->pipelines[at];

	if (at < metrics->n_pipelines && strcmp(row->name, name) == 0)
		return row;
	if (metrics->n_pipelines == CONFIG_PIPELINES_MAX || strlen(name) > CONFIG_NAME_MAX)
		return NULL;
	memmove(row + 1, row, (metrics->n_pipelines - at) * sizeof(*row));
	*row = (struct metrics_pipeline){ .retries = 0 };
	(void)snprintf(row->name, sizeof(row->name), "%s", name);
	metrics->n_pipelines++;
	return row;
}

static struct metrics_stage *stage_of(struct metrics *metrics, const char *name)
{
	if (strlen(name) > CONFIG_NAME_MAX || *name == '\0')
		name = OTHER_STAGES;
	for (size_t i = 0; i < metrics->n_stages; i++)
		if (strcmp(metrics->stages[i].name, name) == 0)
			return &metrics->stages[i];
	if (metrics->n_stages == METRICS_STAGES_MAX)
		name = OTHER_STAGES;
	if (metrics->n_stages > METRICS_STAGES_MAX)
		return &metrics->stages[METRICS_STAGES_MAX];
	(void)snprintf(metrics->stages[metrics->n_stages].name, CONFIG_NAME_MAX + 1, "%s", name);
	return &metrics->stages[metrics->n_stages++];
}

static void observe(struct metrics_histogram *histogram, const int64_t *bounds_s, int64_t ms)
{
	size_t at = 0;

	if (ms < 0)
		ms = 0; /* the clock went back meanwhile */
	while (at < METRICS_RUN_BUCKETS && ms > bounds_s[at] * 1000)
		at++;
	histogram->bucket[at]++;
	histogram->count++;
	histogram->sum_s += (double)ms / 1000;
}

/* The last event of each kind of a pipeline comes again with each subscriber's beginning. */
static bool seen_before(struct metrics *metrics, const struct event *event)
{
	char topic[CONFIG_NAME_MAX + 80];
	const char *last = NULL;

	(void)snprintf(topic, sizeof(topic), "%.64s %.64s", event->pipeline, event->what);
	last = json_string_value(json_object_get(metrics->seen, topic));
	if (last != NULL && strcmp(last, event->id) == 0)
		return true;
	if (last == NULL && json_object_size(metrics->seen) >= METRICS_SEEN_MAX)
		(void)json_object_clear(metrics->seen); /* then some count twice, once */
	(void)json_object_set_new(metrics->seen, topic, json_string(event->id));
	return false;
}

/* A recovery names the alarms that are over. */
static bool clears(const struct event *event, const char *kind)
{
	const json_t *cleared = json_object_get(event->data, "cleared");

	if (strcmp(event->what, "pipeline.recovered") != 0)
		return false;
	for (size_t i = 0; i < json_array_size(cleared); i++) {
		const char *word = json_string_value(json_array_get(cleared, i));

		if (word != NULL && strcmp(word, kind) == 0)
			return true;
	}
	return false;
}

static void add_damaged(struct metrics_pipeline *row, const char *generation)
{
	for (size_t i = 0; i < row->n_damaged_ones; i++)
		if (strcmp(row->damaged_ones[i], generation) == 0)
			return;
	if (row->n_damaged_ones < METRICS_DAMAGED_MAX && strlen(generation) < METRICS_NAME_SIZE)
		(void)snprintf(row->damaged_ones[row->n_damaged_ones++], METRICS_NAME_SIZE, "%s", generation);
}

/* That another one is whole says nothing of it. */
static void drop_damaged(struct metrics_pipeline *row, const char *generation)
{
	size_t kept = 0;

	for (size_t i = 0; i < row->n_damaged_ones; i++)
		if (strcmp(row->damaged_ones[i], generation) != 0) {
			if (kept != i)
				memcpy(row->damaged_ones[kept], row->damaged_ones[i], METRICS_NAME_SIZE);
			kept++;
		}
	row->n_damaged_ones = kept;
}

/* Of further tries of the same step the first one counts. */
static void begin_step(struct metrics_pipeline *row, const struct event *event)
{
	const char *run = event_text(event, "run");
	const char *step = event_text(event, "step");

	if (row->step_began_ms != 0 && strncmp(row->run, run, sizeof(row->run) - 1) == 0 &&
	    strncmp(row->step, step, sizeof(row->step) - 1) == 0)
		return;
	(void)snprintf(row->run, sizeof(row->run), "%s", run);
	(void)snprintf(row->step, sizeof(row->step), "%s", step);
	row->step_began_ms = event->at_ms;
}

/* What is true since it happened, also if that was before this process began. */
static void mark(struct metrics_pipeline *row, const struct event *event)
{
	if (strcmp(event->what, "generation.damaged") == 0) {
		add_damaged(row, event_text(event, "generation"));
	} else if (strcmp(event->what, "generation.verified") == 0) {
		row->verified_at_ms = event->at_ms;
		drop_damaged(row, event_text(event, "generation"));
	} else if (strcmp(event->what, "step.started") == 0) {
		begin_step(row, event);
	}
	if (clears(event, "damaged"))
		row->n_damaged_ones = 0;
}

static void end_step(struct metrics *metrics, struct metrics_pipeline *row, const struct event *event)
{
	bool known = row->step_began_ms != 0 && strncmp(row->run, event_text(event, "run"), sizeof(row->run) - 1) == 0;

	if (known && event->at_ms >= metrics->began_ms)
		observe(&stage_of(metrics, event_text(event, "step"))->steps, metrics_step_bounds_s,
		        event->at_ms - row->step_began_ms);
	row->step_began_ms = 0;
}

static bool ends_run(const char *what)
{
	return strcmp(what, "run.finished") == 0 || strcmp(what, "run.failed") == 0;
}

static void count(struct metrics_pipeline *row, const struct event *event)
{
	const char *what = event->what;

	if (ends_run(what) && strcmp(event_text(event, "kind"), "whole") == 0)
		observe(&row->runs, metrics_run_bounds_s, event->at_ms - event_number(event, "started_at") * 1000);
	else if (strcmp(what, "step.retried") == 0)
		row->retries++;
	else if (strcmp(what, "generation.damaged") == 0)
		row->damaged++;
	else if (strcmp(what, "generation.verified") == 0)
		row->verified++;
	else if (strcmp(what, "snapshot.given-up") == 0)
		row->given_up++;
}

bool metrics_event(struct metrics *metrics, const struct event *event)
{
	struct metrics_pipeline *row = NULL;

	if (seen_before(metrics, event)) {
		metrics->duplicates++;
		return false;
	}
	metrics->events++;
	if (strcmp(event->pipeline, EVENT_NO_PIPELINE) != 0) {
		row = row_of(metrics, event->pipeline);
		if (row != NULL)
			mark(row, event);
		if (row != NULL && strcmp(event->what, "step.finished") == 0)
			end_step(metrics, row, event);
	}
	if (event->at_ms < metrics->began_ms)
		return true;
	if (row != NULL)
		count(row, event);
	else if (strcmp(event->what, "worker.joined") == 0)
		stage_of(metrics, event_text(event, "service"))->joined++;
	else if (strcmp(event->what, "worker.lost") == 0)
		stage_of(metrics, event_text(event, "service"))->lost++;
	return true;
}

void metrics_view(struct metrics *metrics, const struct view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < metrics->n_pipelines; i++)
		if (view_pipeline(view, metrics->pipelines[i].name) != NULL) {
			if (kept != i)
				metrics->pipelines[kept] = metrics->pipelines[i];
			kept++;
		}
	metrics->n_pipelines = kept;
	if (metrics->broker_started_at != 0 && view->started_at != metrics->broker_started_at)
		metrics->broker_restarts++;
	metrics->broker_started_at = view->started_at;
}

struct verdict_marks metrics_marks(const struct metrics *metrics, const char *name)
{
	const struct metrics_pipeline *row = metrics_pipeline(metrics, name);

	if (row == NULL)
		return (struct verdict_marks){ .damaged = false };
	return (struct verdict_marks){ .damaged = row->n_damaged_ones > 0 };
}
