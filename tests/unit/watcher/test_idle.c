#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "watcher/idle.h"

#define S 1000

static const struct {
	const char *what;
	struct idle_facts facts;
	enum idle_state state;
	enum idle_trigger trigger;
	bool confirm;
} rows[] = {
	{ "nothing new", { .now_ms = 100 * S, .idle_ms = 10 * S }, IDLE_UNCHANGED, IDLE_NO_TRIGGER, false },
	{ "nothing new, for however long",
	  { .now_ms = 100 * S, .idle_ms = 10 * S, .max_wait_ms = 50 * S },
	  IDLE_UNCHANGED,
	  IDLE_NO_TRIGGER,
	  false },
	{ "just written",
	  { .changed = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 99 * S,
	    .changed_since_ms = 95 * S,
	    .idle_ms = 10 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "quiet for long enough, not confirmed",
	  { .changed = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 90 * S,
	    .changed_since_ms = 80 * S,
	    .idle_ms = 10 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  true },
	{ "quiet and confirmed",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 90 * S,
	    .changed_since_ms = 80 * S,
	    .idle_ms = 10 * S },
	  IDLE_AT_REST,
	  IDLE_TRIGGER_REST,
	  false },
	{ "… a second too early",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 90 * S + 1,
	    .changed_since_ms = 80 * S,
	    .idle_ms = 10 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… while a run is running",
	  { .changed = true,
	    .confirmed = true,
	    .running = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 90 * S,
	    .changed_since_ms = 80 * S,
	    .idle_ms = 10 * S },
	  IDLE_AT_REST,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… paused: the disk is not even synced",
	  { .changed = true,
	    .paused = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 9 * S,
	    .changed_since_ms = 8 * S,
	    .idle_ms = 10 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "never at rest for max_wait",
	  { .changed = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 99 * S,
	    .changed_since_ms = 50 * S,
	    .idle_ms = 10 * S,
	    .max_wait_ms = 50 * S },
	  IDLE_ACTIVE,
	  IDLE_TRIGGER_MAX_WAIT,
	  false },
	{ "… but max_wait is `never`",
	  { .changed = true,
	    .now_ms = 100000 * S,
	    .last_activity_ms = 99999 * S,
	    .changed_since_ms = 50 * S,
	    .idle_ms = 10 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… but paused",
	  { .changed = true,
	    .paused = true,
	    .now_ms = 100 * S,
	    .last_activity_ms = 99 * S,
	    .changed_since_ms = 50 * S,
	    .idle_ms = 10 * S,
	    .max_wait_ms = 50 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
};

static void the_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct idle_verdict verdict = idle_decide(&rows[i].facts);

		if (verdict.state != rows[i].state || verdict.trigger != rows[i].trigger ||
		    verdict.confirm != rows[i].confirm)
			fail_msg("%s: %s, trigger %d, confirm %d: %s", rows[i].what, idle_state_name(verdict.state),
			         (int)verdict.trigger, verdict.confirm, verdict.reason);
		assert_true(verdict.reason[0] != '\0');
	}
}

static void the_words_are_those_of_the_protocol(void **state)
{
	(void)state;
	assert_string_equal(idle_state_name(IDLE_AT_REST), "idle");
	assert_string_equal(idle_trigger_name(IDLE_TRIGGER_REST), "idle");
	assert_string_equal(idle_trigger_name(IDLE_TRIGGER_MAX_WAIT), "max-wait");
	assert_null(idle_trigger_name(IDLE_NO_TRIGGER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule),
		cmocka_unit_test(the_words_are_those_of_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
