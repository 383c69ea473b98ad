/* The next step of a run follows from its steps' states and their `on:`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "broker/pipeline.h"

#define STEPS_MAX 4

struct row {
	const char *promise;
	struct pipeline_step steps[STEPS_MAX];
	size_t n;
	bool cancelled;
	struct pipeline_next next;
};

static const struct row rows[] = {
	{ "a new run starts with its first step",
	  { { STEP_PENDING, WHEN_SUCCESS }, { STEP_PENDING, WHEN_SUCCESS } },
	  2,
	  false,
	  { PIPELINE_START, 0, RUN_RUNNING } },
	{ "a step under way is waited for",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_WORKING, WHEN_SUCCESS }, { STEP_PENDING, WHEN_SUCCESS } },
	  3,
	  false,
	  { PIPELINE_WAIT, 1, RUN_RUNNING } },
	{ "a step that waits for another try holds the run",
	  { { STEP_RETRY_WAIT, WHEN_SUCCESS }, { STEP_PENDING, WHEN_ALWAYS } },
	  2,
	  false,
	  { PIPELINE_WAIT, 0, RUN_RUNNING } },
	{ "all steps ok: the run is ok",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_OK, WHEN_SUCCESS } },
	  2,
	  false,
	  { PIPELINE_END, 0, RUN_OK } },
	{ "after a failure a plain step is skipped",
	  { { STEP_FAILED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_SUCCESS } },
	  2,
	  false,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "after a failure `on: failure` runs",
	  { { STEP_FAILED, WHEN_SUCCESS }, { STEP_SKIPPED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_FAILURE } },
	  3,
	  false,
	  { PIPELINE_START, 2, RUN_RUNNING } },
	{ "without a failure `on: failure` is skipped",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_PENDING, WHEN_FAILURE } },
	  2,
	  false,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "`on: always` runs after a failure",
	  { { STEP_FAILED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_ALWAYS } },
	  2,
	  false,
	  { PIPELINE_START, 1, RUN_RUNNING } },
	{ "a failed run stays failed when its `on: failure` step is ok",
	  { { STEP_FAILED, WHEN_SUCCESS }, { STEP_OK, WHEN_FAILURE } },
	  2,
	  false,
	  { PIPELINE_END, 0, RUN_FAILED } },
	{ "a failed last step fails the run",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_FAILED, WHEN_ALWAYS } },
	  2,
	  false,
	  { PIPELINE_END, 0, RUN_FAILED } },
	{ "a deferred step defers the run",
	  { { STEP_DEFERRED, WHEN_SUCCESS }, { STEP_SKIPPED, WHEN_SUCCESS } },
	  2,
	  false,
	  { PIPELINE_END, 0, RUN_DEFERRED } },
	{ "deferred is no failure",
	  { { STEP_DEFERRED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_FAILURE } },
	  2,
	  false,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "a cancelled run skips what is left",
	  { { STEP_CANCELLED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_SUCCESS } },
	  2,
	  true,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "a cancelled run still runs `on: always`",
	  { { STEP_CANCELLED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_ALWAYS } },
	  2,
	  true,
	  { PIPELINE_START, 1, RUN_RUNNING } },
	{ "cancelled is no failure",
	  { { STEP_CANCELLED, WHEN_SUCCESS }, { STEP_PENDING, WHEN_FAILURE } },
	  2,
	  true,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "cancelled between two steps: the next does not run",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_PENDING, WHEN_SUCCESS } },
	  2,
	  true,
	  { PIPELINE_SKIP, 1, RUN_RUNNING } },
	{ "cancelled between two steps: the run ends as cancelled",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_SKIPPED, WHEN_SUCCESS } },
	  2,
	  true,
	  { PIPELINE_END, 0, RUN_CANCELLED } },
	{ "cancelled too late: all was done",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_OK, WHEN_SUCCESS } },
	  2,
	  true,
	  { PIPELINE_END, 0, RUN_OK } },
	{ "a skipped `on: failure` does not spoil an ok run",
	  { { STEP_OK, WHEN_SUCCESS }, { STEP_SKIPPED, WHEN_FAILURE } },
	  2,
	  false,
	  { PIPELINE_END, 0, RUN_OK } },
};

static void next_step_follows_from_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pipeline_next next = pipeline_next(rows[i].steps, rows[i].n, rows[i].cancelled);

		if (next.action != rows[i].next.action || next.index != rows[i].next.index ||
		    next.end != rows[i].next.end)
			fail_msg("%s: action %d index %zu end %d", rows[i].promise, next.action, next.index, next.end);
	}
}

/* Whatever the answers are, a run ends after at most one start or skip a step. */
static void every_run_ends(void **state)
{
	static const enum step_state answers[] = { STEP_OK, STEP_FAILED, STEP_CANCELLED, STEP_DEFERRED };

	(void)state;
	for (unsigned variant = 0; variant < 4 * 4 * 4 * 27 * 2; variant++) {
		struct pipeline_step steps[3];
		unsigned v = variant;
		unsigned rounds = 0;
		enum step_state answer[3];
		struct pipeline_next next;

		for (int i = 0; i < 3; i++, v /= 4)
			answer[i] = answers[v % 4];
		for (int i = 0; i < 3; i++, v /= 3)
			steps[i] = (struct pipeline_step){ STEP_PENDING, (enum config_when)(v % 3) };
		while ((next = pipeline_next(steps, 3, v % 2 == 1)).action != PIPELINE_END) {
			assert_true(next.index < 3);
			assert_int_equal(steps[next.index].state, STEP_PENDING);
			steps[next.index].state = next.action == PIPELINE_SKIP ? STEP_SKIPPED : answer[next.index];
			assert_true(++rounds <= 3);
		}
		assert_int_not_equal(next.end, RUN_RUNNING);
	}
}

static void words_go_both_ways(void **state)
{
	(void)state;
	for (int i = STEP_PENDING; i <= STEP_DEFERRED; i++)
		assert_int_equal(pipeline_step_of(pipeline_step_word((enum step_state)i)), i);
	for (int i = RUN_RUNNING; i <= RUN_DEFERRED; i++)
		assert_int_equal(pipeline_run_of(pipeline_run_word((enum run_state)i)), i);
	assert_int_equal(pipeline_step_of("?"), -1);
	assert_int_equal(pipeline_run_of(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_step_follows_from_states),
		cmocka_unit_test(every_run_ends),
		cmocka_unit_test(words_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
