/* What the monitor knows: the newest answer, the newest events, and whose generations to ask for next. */
#include "tests/unit/monitor/monitor_lab.h"

static struct state *known(void)
{
	struct state *state = state_new(LAB_NOW, 1000);
	const char *text = lab_status("");
	struct error err = { .class = ERR_NONE };

	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW, 2000, &err), 0);
	return state;
}

static bool tell(struct state *state, unsigned number, const char *what, const char *time)
{
	struct event event = lab_event(number, what, "photos", time, "");
	bool is_new = state_event(state, &event, "{}");

	event_done(&event);
	return is_new;
}

static void take_empty(struct state *state, int64_t now_ms)
{
	static const char text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[]}}";
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	assert_int_equal(view_history_parse(text, strlen(text), LAB_NOW, &history, &err), 0);
	state_history(state, "photos", &history, now_ms);
	assert_null(history);
}

static void histories_are_asked_for_when_there_is_reason(void **unused)
{
	struct state *state = known();
	struct view_history *none = NULL;
	char pipeline[CONFIG_NAME_MAX + 1];

	(void)unused;
	assert_true(state_wants_history(state, 3000, pipeline)); /* never asked */
	assert_string_equal(pipeline, "photos");
	state_history(state, pipeline, &none, 3000); /* in vain */
	assert_false(state_wants_history(state, 4000, pipeline));
	assert_true(state_wants_history(state, 8000, pipeline));
	take_empty(state, 9000);
	assert_false(state_wants_history(state, 10000, pipeline));
	(void)tell(state, 1, "run.finished", "2026-11-25T19:10:00Z");
	assert_false(state_wants_history(state, 10000, pipeline));
	(void)tell(state, 2, "generation.published", "2026-11-25T19:10:00Z");
	assert_true(state_wants_history(state, 10000, pipeline));
	take_empty(state, 11000);
	assert_false(state_wants_history(state, 11000 + 3600 * 1000, pipeline));
	assert_true(state_wants_history(state, 11001 + 3600 * 1000, pipeline)); /* days pass */
	state_destroy(&state);
}

static void a_wrong_answer_changes_nothing(void **unused)
{
	struct state *state = known();
	struct error err = { .class = ERR_NONE };

	(void)unused;
	assert_int_equal(state_answer(state, "{}", 2, LAB_NOW + 9, 9000, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_int_equal(state->answered_at, LAB_NOW);
	assert_int_equal(state->view->n_pipelines, 1);
	state_no_answer(state, &err);
	assert_true(state->trouble[0] != '\0');
	assert_int_equal(state->failed_asks, 1);
	state_destroy(&state);
}

static void news_are_the_newest_in_order(void **unused)
{
	struct state *state = known();

	(void)unused;
	for (unsigned i = 0; i < 60; i++) {
		char time[40];

		/* 37 and 60 have no common divisor: every second once, in no order. */
		(void)snprintf(time, sizeof(time), "2026-11-25T19:10:%02uZ", i * 37 % 60);
		assert_true(tell(state, i + 1, "run.started", time));
	}
	assert_false(tell(state, 60, "run.started", "2026-11-25T19:11:00Z")); /* told again */
	(void)tell(state, 61, "step.progress", "2026-11-25T19:11:00Z");       /* no news */
	assert_int_equal(state->n_news, STATE_NEWS_MAX);
	for (size_t i = 0; i < STATE_NEWS_MAX; i++)
		assert_int_equal(state->news[i].at_s % 60, 59 - i);
	state_destroy(&state);
}

static void the_service_manager_is_told(void **unused)
{
	struct state *state = state_new(LAB_NOW, 1000);
	const char *text = lab_status(",\"running\":{\"run\":\"r\"}");
	struct error err = { .class = ERR_NONE };
	char words[128];

	(void)unused;
	state_words(state, words, sizeof(words));
	assert_string_equal(words, "the broker does not answer");
	assert_false(state_runs(state));
	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW, 2000, &err), 0);
	state_words(state, words, sizeof(words));
	assert_string_equal(words, "1 pipelines, 1 runs under way");
	assert_true(state_runs(state));
	state_destroy(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_are_asked_for_when_there_is_reason),
		cmocka_unit_test(a_wrong_answer_changes_nothing),
		cmocka_unit_test(news_are_the_newest_in_order),
		cmocka_unit_test(the_service_manager_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
