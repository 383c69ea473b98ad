/* Both text formats: names, types, labels. That promtool and Prometheus take them: tests/integration/300-…. */
#include "monitor/exposition.h"
#include "tests/unit/monitor/monitor_lab.h"

static struct state *known(void)
{
	struct state *state = state_new(LAB_NOW - 100, 1000);
	const char *text = lab_status(",\"last_good\":" LAB_GOOD
	                              ",\"age_s\":3600,\"max_age_s\":90000,\"overdue\":{\"reason\":\"late\"}"
	                              ",\"space\":{\"vault_free_bytes\":10,\"vault_total_bytes\":40,\"measured_at\":1}"
	                              ",\"totals\":{\"runs\":7,\"failed\":2,\"literal_bytes\":3,\"matched_bytes\":4}");
	struct event event = lab_event(1, "run.finished", "photos", "2026-11-25T19:09:20.000Z",
	                               "\"kind\":\"whole\",\"started_at\":1795633700");
	struct error err = { .class = ERR_NONE };

	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW, 99000, &err), 0);
	(void)state_event(state, &event, "{}");
	event_done(&event);
	return state;
}

static void write_out(bool open_metrics, int64_t now_ms, struct text *text)
{
	const struct exposition_server server = { 5, 2 };
	struct state *state = known();

	text_init(text);
	exposition_write(state, &server, now_ms, open_metrics, text);
	state_destroy(&state);
}

static void for_prometheus(void **unused)
{
	struct text text;

	(void)unused;
	write_out(false, 100000, &text);
	assert_holds(&text, "# TYPE aob_build_info gauge\naob_build_info{version=\"");
	assert_holds(&text, "aob_pipeline_info{pipeline=\"photos\",vault=\"dad\"} 1\n");
	assert_holds(&text, "aob_last_success_timestamp_seconds{pipeline=\"photos\"} 1795630166\n");
	assert_holds(&text, "aob_overdue{pipeline=\"photos\"} 1\n");
	assert_holds(&text, "aob_age_seconds{pipeline=\"photos\"} 3600\n");
	assert_holds(&text, "# TYPE aob_runs_total counter\naob_runs_total{pipeline=\"photos\"} 7\n");
	assert_holds(&text, "aob_vault_free_bytes{vault=\"dad\"} 10\n");
	assert_holds(&text, "aob_run_duration_seconds_bucket{pipeline=\"photos\",le=\"10.0\"} 0\n");
	assert_holds(
	        &text,
	        "aob_run_duration_seconds_bucket{pipeline=\"photos\",le=\"60.0\"} 1\n"); /* 60 s, and bounds are inclusive */
	assert_holds(&text, "aob_run_duration_seconds_bucket{pipeline=\"photos\",le=\"+Inf\"} 1\n");
	assert_holds(&text, "aob_run_duration_seconds_sum{pipeline=\"photos\"} 60.000\n");
	assert_holds(&text, "aob_workers_busy{stage=\"transfer\"} 1\n");
	assert_holds(&text, "aob_broker_up 1\n");
	assert_holds(&text, "aob_monitor_streams 2\n");
	assert_lacks(&text, "# EOF");
	assert_lacks(&text, "aob_forecast"); /* nobody made one */
	text_done(&text);
}

static void as_open_metrics(void **unused)
{
	struct text text;

	(void)unused;
	write_out(true, 100000, &text);
	assert_holds(&text, "# TYPE aob_build info\naob_build_info{");
	assert_holds(&text, "# TYPE aob_runs counter\naob_runs_total{pipeline=\"photos\"} 7\n");
	assert_string_equal(text.data + text.len_bytes - 6, "# EOF\n");
	text_done(&text);
}

static void a_silent_broker_is_down(void **unused)
{
	struct text text;

	(void)unused;
	write_out(false, 99000 + STATE_ANSWER_FRESH_MS, &text);
	assert_holds(&text, "aob_broker_up 0\n");
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_prometheus),
		cmocka_unit_test(as_open_metrics),
		cmocka_unit_test(a_silent_broker_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
