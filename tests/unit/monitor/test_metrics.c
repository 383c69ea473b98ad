/* Events are counted once; durations, retries and damage land in their rows; rows are as many as there are pipelines and stages. */
#include "monitor/metrics.h"
#include "tests/unit/monitor/monitor_lab.h"

#define BEGAN_MS ((int64_t)LAB_NOW * 1000)
#define EARLIER "2026-11-25T10:00:00.000Z"
#define AT(second) "2026-11-25T19:10:" second ".000Z"

static bool tell(struct metrics *metrics, unsigned number, const char *what, const char *pipeline, const char *time,
                 const char *data)
{
	struct event event = lab_event(number, what, pipeline, time, data);
	bool is_new = metrics_event(metrics, &event);

	event_done(&event);
	return is_new;
}

static void an_event_counts_once(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);

	(void)state;
	assert_true(tell(metrics, 5, "step.retried", "photos", AT("00"), ""));
	assert_false(tell(metrics, 5, "step.retried", "photos", AT("00"), ""));
	assert_true(tell(metrics, 4, "generation.verified", "photos", AT("00"),
	                 "")); /* an earlier one of another kind, which the cache tells later */
	assert_true(tell(metrics, 3, "step.retried", "mac", AT("00"), ""));
	assert_true(tell(metrics, 6, "step.retried", "photos", AT("00"), ""));
	assert_false(tell(metrics, 4, "generation.verified", "photos", AT("00"), ""));
	assert_int_equal(metrics_pipeline(metrics, "photos")->retries, 2);
	assert_int_equal(metrics->events, 4);
	assert_int_equal(metrics->duplicates, 2);
	metrics_destroy(&metrics);
}

static void what_was_before_is_shown_not_counted(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);

	(void)state;
	assert_true(
	        tell(metrics, 1, "run.finished", "photos", EARLIER, "\"kind\":\"whole\",\"started_at\":1795600000"));
	assert_true(tell(metrics, 2, "generation.damaged", "photos", EARLIER, "\"generation\":\"g\""));
	assert_int_equal(metrics_pipeline(metrics, "photos")->runs.count, 0);
	assert_int_equal(metrics_pipeline(metrics, "photos")->damaged, 0);
	assert_true(metrics_marks(metrics, "photos").damaged); /* that is so still */
	metrics_destroy(&metrics);
}

static void durations_land_in_their_buckets(void **state)
{
	static const struct {
		int seconds;
		size_t bucket;
	} rows[] = { { 0, 0 }, { 10, 0 }, { 11, 1 }, { 300, 2 }, { 604801, METRICS_RUN_BUCKETS } };
	struct metrics *metrics = metrics_new(BEGAN_MS);
	const struct metrics_histogram *runs = NULL;
	double sum = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char data[128];

		(void)snprintf(data, sizeof(data), "\"kind\":\"whole\",\"started_at\":%d",
		               1795633800 - rows[i].seconds);
		(void)tell(metrics, i + 1, i % 2 == 0 ? "run.finished" : "run.failed", "photos", AT("00"), data);
		runs = &metrics_pipeline(metrics, "photos")->runs;
		assert_true(runs->bucket[rows[i].bucket] >= 1);
		assert_int_equal(runs->count, i + 1);
		sum += rows[i].seconds;
	}
	assert_true(runs->sum_s > sum - 0.01 && runs->sum_s < sum + 0.01);
	(void)tell(metrics, 90, "run.finished", "photos", AT("00"),
	           "\"kind\":\"stage\",\"started_at\":1"); /* a step by hand is no run */
	(void)tell(metrics, 91, "run.cancelled", "photos", AT("00"), "\"kind\":\"whole\",\"started_at\":1");
	assert_int_equal(metrics_pipeline(metrics, "photos")->runs.count, 5);
	metrics_destroy(&metrics);
}

static void a_step_lasts_from_its_start_to_its_end(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);

	(void)state;
	(void)tell(metrics, 1, "step.started", "photos", AT("00"), "\"run\":\"r1\",\"step\":\"transfer\"");
	(void)tell(metrics, 2, "step.finished", "photos", AT("07"), "\"run\":\"r1\",\"step\":\"transfer\"");
	(void)tell(metrics, 3, "step.finished", "photos", AT("09"),
	           "\"run\":\"r1\",\"step\":\"transfer\""); /* whose start was not heard */
	(void)tell(metrics, 4, "step.started", "photos", AT("10"), "\"run\":\"r1\",\"step\":\"prune\"");
	(void)tell(metrics, 5, "step.finished", "photos", AT("12"), "\"run\":\"other\",\"step\":\"prune\"");
	assert_int_equal(metrics->n_stages, 1);
	assert_string_equal(metrics->stages[0].name, "transfer");
	assert_int_equal(metrics->stages[0].steps.count, 1);
	assert_int_equal(metrics->stages[0].steps.bucket[1], 1); /* 1 to 10 s */
	metrics_destroy(&metrics);
}

static void a_step_may_have_begun_before_the_monitor(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);

	(void)state;
	/* As the broker's cache tells it, in its order: a step before, and the one that is under way. */
	(void)tell(metrics, 1, "step.started", "photos", "2026-11-25T09:00:00.000Z",
	           "\"run\":\"r1\",\"step\":\"snapshot\"");
	(void)tell(metrics, 2, "step.finished", "photos", "2026-11-25T09:00:05.000Z",
	           "\"run\":\"r1\",\"step\":\"snapshot\"");
	(void)tell(metrics, 3, "step.started", "photos", EARLIER, "\"run\":\"r1\",\"step\":\"transfer\"");
	(void)tell(metrics, 5, "step.started", "photos", AT("00"),
	           "\"run\":\"r1\",\"step\":\"transfer\""); /* another try */
	(void)tell(metrics, 6, "step.finished", "photos", AT("01"), "\"run\":\"r1\",\"step\":\"transfer\"");
	assert_int_equal(metrics->n_stages, 1);
	assert_string_equal(metrics->stages[0].name, "transfer");
	assert_int_equal(metrics->stages[0].steps.count, 1);
	assert_true(metrics->stages[0].steps.sum_s > 9 * 3600);
	metrics_destroy(&metrics);
}

static void damage_ends_when_that_generation_is_whole_again(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);

	(void)state;
	(void)tell(metrics, 1, "generation.damaged", "photos", AT("00"), "\"generation\":\"g1\"");
	assert_true(metrics_marks(metrics, "photos").damaged);
	(void)tell(metrics, 2, "generation.verified", "photos", AT("01"), "\"generation\":\"g2\"");
	assert_true(metrics_marks(metrics, "photos").damaged); /* that another one is whole does not mend it */
	(void)tell(metrics, 3, "pipeline.recovered", "photos", AT("02"), "\"cleared\":[\"overdue\",\"damaged\"]");
	assert_false(metrics_marks(metrics, "photos").damaged);
	(void)tell(metrics, 5, "generation.damaged", "photos", AT("04"), "\"generation\":\"g1\"");
	(void)tell(metrics, 6, "generation.verified", "photos", AT("05"), "\"generation\":\"g1\"");
	assert_false(metrics_marks(metrics, "photos").damaged);
	assert_int_equal(metrics_pipeline(metrics, "photos")->damaged, 2);
	assert_false(metrics_marks(metrics, "unheard-of").damaged);
	for (unsigned i = 0; i < 3 * METRICS_DAMAGED_MAX; i++) {
		char data[64];

		(void)snprintf(data, sizeof(data), "\"generation\":\"g%u\"", i);
		(void)tell(metrics, 10 + i, "generation.damaged", "photos", AT("06"), data);
	}
	assert_int_equal(metrics_pipeline(metrics, "photos")->n_damaged_ones, METRICS_DAMAGED_MAX);
	metrics_destroy(&metrics);
}

static void rows_are_bounded(void **state)
{
	struct metrics *metrics = metrics_new(BEGAN_MS);
	struct view *view = lab_view("");
	unsigned number = 0;

	(void)state;
	for (int i = 0; i < 2 * CONFIG_PIPELINES_MAX; i++) {
		char name[32];
		char data[64];

		(void)snprintf(name, sizeof(name), "p%d", i);
		(void)snprintf(data, sizeof(data), "\"service\":\"s%d\"", i);
		(void)tell(metrics, ++number, "step.retried", name, AT("00"), "");
		(void)tell(metrics, ++number, "worker.joined", "-", AT("00"), data);
	}
	assert_int_equal(metrics->n_pipelines, CONFIG_PIPELINES_MAX);
	assert_int_equal(metrics->n_stages, METRICS_STAGES_MAX + 1);
	assert_string_equal(metrics->stages[METRICS_STAGES_MAX].name, "other");
	assert_int_equal(metrics->stages[METRICS_STAGES_MAX].joined, 2 * CONFIG_PIPELINES_MAX - METRICS_STAGES_MAX);
	metrics_view(metrics, view); /* photos alone is configured */
	assert_int_equal(metrics->n_pipelines, 0);
	(void)tell(metrics, ++number, "step.retried", "photos", AT("00"), "");
	metrics_view(metrics, view);
	assert_int_equal(metrics->n_pipelines, 1);
	assert_int_equal(metrics->broker_restarts, 0);
	view->started_at++;
	metrics_view(metrics, view);
	assert_int_equal(metrics->broker_restarts, 1);
	view_destroy(&view);
	metrics_destroy(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_counts_once),
		cmocka_unit_test(what_was_before_is_shown_not_counted),
		cmocka_unit_test(durations_land_in_their_buckets),
		cmocka_unit_test(a_step_lasts_from_its_start_to_its_end),
		cmocka_unit_test(a_step_may_have_begun_before_the_monitor),
		cmocka_unit_test(damage_ends_when_that_generation_is_whole_again),
		cmocka_unit_test(rows_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
