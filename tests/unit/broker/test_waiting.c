/* What a pipeline waits for, in words that a person can act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/waiting.h"

#define USUAL .pipeline = "photos", .trouble = "", .failed = "", .progress_percent = -1, .eta_s = -1, .watch_why = "why"

static const struct {
	struct waiting in;
	bool waits;
	const char *text;
} rows[] = {
	{ { USUAL, .watch = "unchanged" }, false, "nothing has changed since the last generation" },
	{ { USUAL, .watch = "off" }, false, "runs begin only when asked for (`watch: off`)" },
	{ { USUAL, .watch = "idle" }, false, "no run has begun, though the source is at rest: why" },
	{ { USUAL, .watch = "idle", .held_s = 600 },
	  true,
	  "the next run begins by itself in 10 min, as the last one was cancelled, or found no rest" },
	{ { USUAL, .watch = "unchanged", .held_s = 600 }, false, "nothing has changed since the last generation" },
	{ { .pipeline = "photos",
	    .trouble = "",
	    .failed = "no room",
	    .progress_percent = -1,
	    .eta_s = -1,
	    .held_s = 60,
	    .watch_why = "why",
	    .watch = "idle" },
	  true,
	  "the last run failed: no room; the next one begins by itself in 1 min" },
	{ { USUAL, .watch = "active" }, true, "the source has to come to rest: why" },
	{ { USUAL, .watch = "unknown" }, true, "why" },
	{ { USUAL, .watch = "unknown", .paused = true }, true, "paused; `aob resume photos` lets it go on" },
	{ { .pipeline = "photos",
	    .trouble = "",
	    .failed = "no room",
	    .progress_percent = -1,
	    .eta_s = -1,
	    .watch_why = "why",
	    .watch = "active" },
	  true,
	  "the last run failed: no room" },
	{ { USUAL, .watch = "active", .step = "transfer", .state = STEP_WORKING },
	  false,
	  "the step `transfer` is at work" },
	{ { .pipeline = "photos",
	    .trouble = "",
	    .failed = "",
	    .watch_why = "",
	    .watch = "active",
	    .step = "transfer",
	    .state = STEP_WORKING,
	    .progress_percent = 34,
	    .eta_s = 7200 },
	  false,
	  "the step `transfer` is at work, 34 %, left: 2 h" },
	{ { USUAL, .watch = "active", .paused = true, .step = "transfer", .state = STEP_QUEUED,
	    .wait = TURN_NO_WORKER },
	  true,
	  "the step `transfer` waits for a worker, and none of that service is connected; start one" },
	{ { USUAL, .watch = "active", .step = "transfer", .state = STEP_QUEUED, .wait = TURN_BUSY },
	  true,
	  "the step `transfer` waits for its worker, which is busy with another pipeline" },
	{ { USUAL, .watch = "active", .step = "transfer", .state = STEP_QUEUED, .wait = TURN_NO_WORKER,
	    .host = "nas2" },
	  true,
	  "the step `transfer` waits for a worker of host nas2, and none of that service is connected from there; "
	  "start one there, or, if that machine is no more, cancel the run (aob cancel)" },
	{ { USUAL, .watch = "active", .step = "snapshot", .state = STEP_QUEUED, .wait = TURN_WHERE },
	  true,
	  "the step `snapshot` waits: workers on several machines would take it, and the same path may be another "
	  "folder there; "
	  "say on which the source lies, by `host:` of the pipeline" },
	{ { USUAL, .watch = "active", .step = "transfer", .state = STEP_QUEUED, .wait = TURN_VAULT, .vault = "dad",
	    .transfers = 1 },
	  true,
	  "the step `transfer` waits for its turn: the vault dad takes 1 transfer at a time" },
	{ { USUAL, .watch = "active", .step = "transfer", .state = STEP_QUEUED, .wait = TURN_VAULT, .vault = "dad",
	    .transfers = 2 },
	  true,
	  "the step `transfer` waits for its turn: the vault dad takes 2 transfers at a time" },
	{ { .pipeline = "photos",
	    .trouble = "no route",
	    .failed = "",
	    .progress_percent = -1,
	    .eta_s = -1,
	    .watch_why = "",
	    .watch = "idle",
	    .step = "transfer",
	    .state = STEP_RETRY_WAIT,
	    .retry_in_s = 90 },
	  true,
	  "the step `transfer` is tried again in 1 min 30 s: no route" },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[WAITING_TEXT_SIZE];

		assert_int_equal(waiting_text(&rows[i].in, text), rows[i].waits);
		assert_string_equal(text, rows[i].text);
	}
}

static void long_reasons_are_cut(void **state)
{
	char trouble[5000];
	char text[WAITING_TEXT_SIZE];
	struct waiting in = { USUAL, .watch = "idle", .step = "transfer", .state = STEP_RETRY_WAIT };

	(void)state;
	memset(trouble, 'x', sizeof(trouble) - 1);
	trouble[sizeof(trouble) - 1] = '\0';
	in.trouble = trouble;
	assert_true(waiting_text(&in, text));
	assert_true(strlen(text) < WAITING_TEXT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_table_holds), cmocka_unit_test(long_reasons_are_cut) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
