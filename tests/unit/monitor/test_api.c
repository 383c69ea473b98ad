/* A generation as JSON: asked for first, then with all that its transfer told. */
#include <jansson.h>

#include "monitor/api.h"
#include "tests/unit/monitor/monitor_lab.h"

static struct state *known(void)
{
	static const char history_text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[" LAB_GOOD "]}}";
	struct state *state = state_new(LAB_NOW - 100, 1000);
	const char *text = lab_status("");
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW - 1, 99000, &err), 0);
	assert_int_equal(view_history_parse(history_text, strlen(history_text), LAB_NOW, &history, &err), 0);
	state_history(state, "photos", &history, 1000);
	return state;
}

/* The answer once the broker has said of the run what `result` is. */
static json_t *answer(const char *result)
{
	struct state *state = known();
	struct view_detail *detail = lab_detail(result);
	json_t *json = NULL;
	struct text text;

	text_init(&text);
	assert_int_equal(api_generation(state, "photos", "2026-11-25T18-09-26Z", &text), 1);
	assert_int_equal(text.len_bytes, 0);
	details_put(&state->details, "r1", &detail);
	assert_int_equal(api_generation(state, "photos", "2026-11-25T18-09-26Z", &text), 0);
	assert_false(text_failed(&text));
	json = json_loadb(text.data, text.len_bytes, 0, NULL);
	assert_non_null(json);
	text_done(&text);
	state_destroy(&state);
	return json;
}

static void with_all_that_is_known(void **unused)
{
	json_t *json = answer("{\"base\":\"g\",\"changed_files\":2,\"changes\":{\"whole\":true,\"moved\":1,\"new\":1,"
	                      "\"entries\":[{\"kind\":\"moved\",\"path\":\"a\",\"to\":\"<b>\"},"
	                      "{\"kind\":\"new\",\"path\":\"c\",\"bytes\":12}]}}");
	const json_t *transfer = json_object_get(json, "transfer");
	const json_t *changes = json_object_get(transfer, "changes");
	const json_t *entries = json_object_get(changes, "entries");

	(void)unused;
	assert_string_equal(json_string_value(json_object_get(json, "run")), "r1");
	assert_int_equal(json_integer_value(json_object_get(json, "files")), 1234);
	assert_int_equal(json_integer_value(json_object_get(transfer, "changed_files")), 2);
	assert_true(json_is_false(json_object_get(transfer, "first")));
	assert_int_equal(json_integer_value(json_object_get(changes, "new")), 1);
	assert_int_equal(json_array_size(entries), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 0), "to")), "<b>");
	assert_null(json_object_get(json_array_get(entries, 0), "bytes"));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(entries, 1), "bytes")), 12);
	json_decref(json);
}

static void with_what_is_not_known_as_null(void **unused)
{
	json_t *json = answer("null");

	(void)unused;
	assert_true(json_is_null(json_object_get(json, "transfer")));
	json_decref(json);
	json = answer("{\"changed_files\":2}");
	assert_true(json_is_null(json_object_get(json_object_get(json, "transfer"), "changes")));
	json_decref(json);
}

static void only_of_what_there_is(void **unused)
{
	struct state *state = known();
	struct text text;

	(void)unused;
	text_init(&text);
	assert_int_equal(api_generation(state, "photos", "2020", &text), -1);
	assert_int_equal(api_generation(state, "phot", "2026-11-25T18-09-26Z", &text), -1);
	text_done(&text);
	state_destroy(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_all_that_is_known),
		cmocka_unit_test(with_what_is_not_known_as_null),
		cmocka_unit_test(only_of_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
