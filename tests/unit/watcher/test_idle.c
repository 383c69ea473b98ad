#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
	{ "nothing new", { .now_ms = 100 * S }, IDLE_UNCHANGED, IDLE_NO_TRIGGER, false },
	{ "nothing new, for however long",
	  { .now_ms = 100 * S, .max_wait_ms = 50 * S },
	  IDLE_UNCHANGED,
	  IDLE_NO_TRIGGER,
	  false },
	{ "just written",
	  { .changed = true, .now_ms = 100 * S, .quiet_ms = 1000, .changed_since_ms = 95 * S, .left_ms = 9000 },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "quiet for long enough, not confirmed",
	  { .changed = true, .now_ms = 100 * S, .quiet_ms = 10000, .changed_since_ms = 80 * S, .left_ms = 0 },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  true },
	{ "quiet and confirmed",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 10000,
	    .changed_since_ms = 80 * S,
	    .left_ms = 0 },
	  IDLE_AT_REST,
	  IDLE_TRIGGER_REST,
	  false },
	{ "… a second too early",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 9999,
	    .changed_since_ms = 80 * S,
	    .left_ms = 1 },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… while a run is running",
	  { .changed = true,
	    .confirmed = true,
	    .running = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 10000,
	    .changed_since_ms = 80 * S,
	    .left_ms = 0 },
	  IDLE_AT_REST,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… paused: the disk is not even synced",
	  { .changed = true,
	    .paused = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 91000,
	    .changed_since_ms = 8 * S,
	    .left_ms = 0 },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "never at rest for max_wait",
	  { .changed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 1000,
	    .changed_since_ms = 50 * S,
	    .left_ms = 9000,
	    .max_wait_ms = 50 * S },
	  IDLE_ACTIVE,
	  IDLE_TRIGGER_MAX_WAIT,
	  false },
	{ "… but max_wait is `never`",
	  { .changed = true, .now_ms = 100000 * S, .quiet_ms = 1000, .changed_since_ms = 50 * S, .left_ms = 9000 },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "at rest, but the last snapshot is too young",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 20 * S,
	    .changed_since_ms = 80 * S,
	    .last_taken_s = 1795600800 - 100,
	    .apart_ms = 101 * S },
	  IDLE_AT_REST,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… a second later",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 20 * S,
	    .changed_since_ms = 80 * S,
	    .last_taken_s = 1795600800 - 101,
	    .apart_ms = 101 * S },
	  IDLE_AT_REST,
	  IDLE_TRIGGER_REST,
	  false },
	{ "… or the clock was set back",
	  { .changed = true,
	    .confirmed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 20 * S,
	    .changed_since_ms = 80 * S,
	    .last_taken_s = 1795600800 + 100,
	    .apart_ms = 101 * S },
	  IDLE_AT_REST,
	  IDLE_TRIGGER_REST,
	  false },
	{ "never at rest for max_wait, but the last snapshot is too young",
	  { .changed = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 1000,
	    .changed_since_ms = 50 * S,
	    .left_ms = 9000,
	    .last_taken_s = 1795600800 - 100,
	    .apart_ms = 101 * S,
	    .max_wait_ms = 50 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
	{ "… but paused",
	  { .changed = true,
	    .paused = true,
	    .now_ms = 100 * S,
	    .quiet_ms = 1000,
	    .changed_since_ms = 50 * S,
	    .left_ms = 9000,
	    .max_wait_ms = 50 * S },
	  IDLE_ACTIVE,
	  IDLE_NO_TRIGGER,
	  false },
};

static void the_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct idle_facts facts = rows[i].facts;
		struct idle_verdict verdict;

		facts.wall_s = 1795600800;
		facts.holder = "somebody";
		verdict = idle_decide(&facts);

		if (verdict.state != rows[i].state || verdict.trigger != rows[i].trigger ||
		    verdict.confirm != rows[i].confirm)
			fail_msg("%s: %s, trigger %d, confirm %d: %s", rows[i].what, idle_state_name(verdict.state),
			         (int)verdict.trigger, verdict.confirm, verdict.reason);
		assert_true(verdict.reason[0] != '\0');
	}
}

static void every_wait_is_explained(void **state)
{
	char holder[IDLE_HOLDER_SIZE];
	struct idle_mac anna = { .name = "Anna's MacBook",
		                 .wrote_seen = true,
		                 .quiet_ms = 2 * S,
		                 .still_ms = 2 * S,
		                 .left_ms = 58 * S,
		                 .handles = 3 };
	struct idle_facts facts = { .changed = true,
		                    .now_ms = 1000 * S,
		                    .wall_s = 1795642800, /* 2026-11-25T21:40:00Z */
		                    .changed_since_ms = 1000 * S,
		                    .quiet_ms = 2 * S,
		                    .left_ms = 58 * S,
		                    .holder = holder };

	(void)state;
	(void)setenv("TZ", "UTC", 1);
	tzset();
	idle_holder_mac(&anna, holder);
	assert_string_equal(idle_decide(&facts).reason, "waiting for idle: Anna's MacBook writes (2 s ago, 3 handles)");
	facts.max_wait_ms = 600 * S;
	assert_string_equal(idle_decide(&facts).reason,
	                    "waiting for idle: Anna's MacBook writes (2 s ago, 3 handles), forced at 21:50");
	assert_int_equal(idle_decide(&facts).forced_at_s, 1795642800 + 600);
	/* Forced no sooner than two snapshots may follow each other. */
	facts.last_taken_s = facts.wall_s - 60;
	facts.apart_ms = 1260 * S;
	assert_int_equal(idle_decide(&facts).forced_at_s, 1795642800 + 1200);
	facts.apart_ms = 0;
	facts.max_wait_ms = 86400 * S;
	anna.quiet_ms = anna.still_ms = 60 * S;
	anna.left_ms = 1140 * S;
	anna.handles = 1;
	idle_holder_mac(&anna, holder);
	assert_string_equal(
	        idle_decide(&facts).reason,
	        "waiting for idle: Anna's MacBook has not finished its backup (last wrote 1 min ago, 19 min more, "
	        "1 handle), forced at 2026-11-26 21:40");
	anna.finished = true;
	anna.quiet_ms = anna.still_ms = 20 * S;
	anna.left_ms = 40 * S;
	anna.handles = 0;
	idle_holder_mac(&anna, holder);
	facts.max_wait_ms = 0;
	assert_string_equal(
	        idle_decide(&facts).reason,
	        "waiting for idle: Anna's MacBook has finished, and settles (last wrote 20 s ago, 40 s more)");
	/* What starts the clock again without a write, and what is not known yet. */
	anna.quiet_ms = 300 * S;
	anna.still_ms = 3 * S;
	anna.left_ms = 57 * S;
	idle_holder_mac(&anna, holder);
	assert_string_equal(
	        idle_decide(&facts).reason,
	        "waiting for idle: Anna's MacBook has finished, and settles (last wrote 5 min ago, handles or "
	        "times changed 3 s ago, 57 s more)");
	anna = (struct idle_mac){ .name = "Anna", .quiet_ms = 2 * S, .still_ms = 2 * S, .left_ms = 1198 * S };
	idle_holder_mac(&anna, holder);
	assert_string_equal(idle_decide(&facts).reason,
	                    "waiting for idle: Anna has not finished its backup (watched since 2 s ago, no write seen, "
	                    "19 min 58 s more)");
	idle_holder_files(IDLE_SIGN_BEGIN, 2 * S, 600 * S, holder);
	assert_string_equal(idle_decide(&facts).reason,
	                    "waiting for idle: watched since 2 s ago, must rest for 10 min");
	idle_holder_files(IDLE_SIGN_WRITE, 2 * S, 600 * S, holder);
	assert_string_equal(idle_decide(&facts).reason,
	                    "waiting for idle: last written to 2 s ago, must rest for 10 min");
	facts.max_wait_ms = 600 * S;
	facts.changed_since_ms = 400 * S;
	assert_string_equal(
	        idle_decide(&facts).reason,
	        "waiting for idle: last written to 2 s ago, must rest for 10 min; forced, after 10 min without rest");
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
		cmocka_unit_test(every_wait_is_explained),
		cmocka_unit_test(the_words_are_those_of_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
