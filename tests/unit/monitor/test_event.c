/* CloudEvents are decoded; what is none of ours is refused. */
#include "tests/unit/monitor/monitor_lab.h"

static void ours(void **state)
{
	struct event event = lab_event(7, "run.failed", "photos", "2026-11-23T05:41:07.250Z",
	                               "\"run\":\"r1\",\"n\":5,\"error\":{\"message\":\"no room\"}");

	(void)state;
	assert_string_equal(event.id, "b-7");
	assert_string_equal(event.what, "run.failed");
	assert_string_equal(event.pipeline, "photos");
	assert_true(event.at_ms == 1795412467250);
	assert_string_equal(event_text(&event, "run"), "r1");
	assert_string_equal(event_text(&event, "n"), "");
	assert_int_equal(event_number(&event, "n"), 5);
	assert_string_equal(event_error(&event), "no room");
	event_done(&event);
}

static void others(void **state)
{
#define BODY(id, type, time, data)                                                                                     \
	"{\"id\":" id ",\"type\":" type ",\"subject\":\"p\",\"time\":" time ",\"data\":" data "}"
	static const char *const rows[] = {
		"",
		"[]",
		"{\"a\":1,\"a\":2}",
		BODY("1", "\"aob.x\"", "\"2026-11-23T05:41:07Z\"", "{}"),
		BODY("\"1\"", "\"com.x\"", "\"2026-11-23T05:41:07Z\"", "{}"),
		BODY("\"1\"", "\"aob.x\"", "\"yesterday\"", "{}"),
		BODY("\"1\"", "\"aob.x\"", "\"2026-11-23T05:41:07+01:00\"", "{}"),
		BODY("\"1\"", "\"aob.x\"", "\"2026-11-23T05:41:07Z\"", "[]"),
	};
	char *large = calloc(1, EVENT_TEXT_MAX + 2);
	struct error err = { .class = ERR_NONE };
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (event_parse(rows[i], strlen(rows[i]), &event, &err) != -1)
			fail_msg("taken: %s", rows[i]);
		assert_int_equal(err.class, ERR_INPUT);
	}
	assert_non_null(large);
	assert_int_equal(event_parse(large, EVENT_TEXT_MAX + 1, &event, &err), -1);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ours), cmocka_unit_test(others) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
