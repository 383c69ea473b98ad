/* metrics: what is counted from events: durations, retries, workers that came and went, damage. The rest of the metrics is
 * the broker's own status; exposition.h puts both into words.
 *
 * Bounded: a row a pipeline, a row a stage, whatever the events say; no run, file or error text is a label.
 * An event counts once: the broker sends the last one of each kind and pipeline again with every new subscriber, with its old id.
 *
 * lifetime: metrics_new / metrics_destroy. threads: one at a time. source: prometheus.io/docs/practices/naming, histograms */
#ifndef AOB_MONITOR_METRICS_H
#define AOB_MONITOR_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/config.h"
#include "monitor/event.h"
#include "monitor/verdict.h"
#include "monitor/view.h"

#define METRICS_RUN_BUCKETS 8
#define METRICS_STEP_BUCKETS 8
#define METRICS_DAMAGED_MAX                                                                                            \
	8 /* generations remembered by name; further ones are damage all the same while one of these is */
#define METRICS_NAME_SIZE 64
#define METRICS_SEEN_MAX ((size_t)32 * CONFIG_PIPELINES_MAX)
#define METRICS_STAGES_MAX 64 /* services with a row of their own; further ones share the row "other" */

struct metrics_histogram {
	uint64_t bucket[METRICS_RUN_BUCKETS + 1]; /* the last one: above all bounds; not cumulated */
	uint64_t count;
	double sum_s;
};

struct metrics_pipeline {
	char name[CONFIG_NAME_MAX + 1];
	struct metrics_histogram runs;
	uint64_t retries, damaged, verified, given_up;
	char damaged_ones[METRICS_DAMAGED_MAX][METRICS_NAME_SIZE]; /* generations, and not verified since */
	size_t n_damaged_ones;
	int64_t verified_at_ms;         /* 0: never */
	char run[64];                   /* whose step … */
	char step[CONFIG_NAME_MAX + 1]; /* … this one, is under way … */
	int64_t step_began_ms;          /* … since, also if that was before this process began; 0: not known */
};

struct metrics_stage {
	char name[CONFIG_NAME_MAX + 1];
	struct metrics_histogram steps;
	uint64_t joined, lost;
};

struct metrics {
	struct metrics_pipeline *pipelines; /* by name */
	size_t n_pipelines;
	struct metrics_stage stages[METRICS_STAGES_MAX + 1];
	size_t n_stages;
	uint64_t events, duplicates, refused; /* told, seen before, no event of ours */
	uint64_t broker_restarts;
	int64_t broker_started_at; /* 0: not seen yet */
	int64_t began_ms;          /* what happened before is shown, not counted */
	json_t *seen;              /* the newest id of each kind of event of each pipeline */
};

extern const int64_t metrics_run_bounds_s[METRICS_RUN_BUCKETS], metrics_step_bounds_s[METRICS_STEP_BUCKETS];

struct metrics *metrics_new(int64_t now_ms); /* NULL: out of memory */
void metrics_destroy(struct metrics **metrics);

/* metrics_event: returns whether it is a new one, and not one sent again. */
bool metrics_event(struct metrics *metrics, const struct event *event);

/* metrics_view: rows of pipelines that are gone are dropped, restarts of the broker counted. */
void metrics_view(struct metrics *metrics, const struct view *view);

/* NULL: there is none (yet). Borrowed until the next event or view. */
const struct metrics_pipeline *metrics_pipeline(const struct metrics *metrics, const char *name);
struct verdict_marks metrics_marks(const struct metrics *metrics, const char *name);

#endif
