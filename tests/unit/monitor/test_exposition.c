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

static void write_out(enum exposition_form form, int64_t now_ms, struct text *text)
{
	const struct exposition_server server = { 5, 2, "aob_host_health 0\n" };
	struct state *state = known();

	text_init(text);
	exposition_write(state, &server, now_ms, form, text);
	state_destroy(&state);
}

static void for_prometheus(void **unused)
{
	struct text text;

	(void)unused;
	write_out(EXPOSITION_PROMETHEUS, 100000, &text);
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

/* node_exporter has process_* of its own, and takes no second one. */
static void for_the_textfile(void **unused)
{
	struct text text;

	(void)unused;
	write_out(EXPOSITION_TEXTFILE, 100000, &text);
	assert_holds(&text, "aob_monitor_streams 2\n");
	assert_lacks(&text, "process_");
	text_done(&text);
	write_out(EXPOSITION_PROMETHEUS, 100000, &text);
	assert_holds(&text, "\nprocess_open_fds ");
	text_done(&text);
}

static void as_open_metrics(void **unused)
{
	struct text text;

	(void)unused;
	write_out(EXPOSITION_OPENMETRICS, 100000, &text);
	assert_holds(&text, "# TYPE aob_build info\naob_build_info{");
	assert_holds(&text, "# TYPE aob_runs counter\naob_runs_total{pipeline=\"photos\"} 7\n");
	assert_string_equal(text.data + text.len_bytes - 6, "# EOF\n");
	text_done(&text);
}

/* pipeline: as for lab_status. */
static void write_status(const char *pipeline, struct text *text)
{
	const struct exposition_server server = { 5, 2, "aob_host_health 0\n" };
	struct state *state = state_new(LAB_NOW - 100, 1000);
	const char *status = lab_status(pipeline);
	struct error err = { .class = ERR_NONE };

	text_init(text);
	assert_int_equal(state_answer(state, status, strlen(status), LAB_NOW, 99000, &err), 0);
	exposition_write(state, &server, 100000, EXPOSITION_PROMETHEUS, text);
	state_destroy(&state);
}

static void what_nobody_knows_is_not_there(void **unused)
{
	struct text text;

	(void)unused;
	write_status(",\"forecast\":{\"change_bytes_per_day\":null,\"link_bytes_per_s\":null,\"backlog_bytes\":null,"
	             "\"never\":false,\"reason\":\"too early\"},\"last_run\":{\"run\":\"r\",\"state\":\"running\","
	             "\"started_at\":5,\"ended_at\":null}",
	             &text);
	assert_lacks(&text, "aob_forecast");
	assert_lacks(&text, "aob_last_run_end_timestamp_seconds");
	text_done(&text);
	write_status(",\"forecast\":{\"change_bytes_per_day\":864000,\"link_bytes_per_s\":7,\"backlog_bytes\":0,"
	             "\"never\":false,\"reason\":\"\"}",
	             &text);
	assert_holds(&text, "aob_forecast_change_bytes_per_second{pipeline=\"photos\"} 10\n");
	assert_holds(&text, "aob_forecast_backlog_bytes{pipeline=\"photos\"} 0\n");
	assert_holds(&text, "aob_forecast_never{pipeline=\"photos\"} 0\n");
	text_done(&text);
}

/* Else an alert on it never had its hours together. */
static void a_run_whose_tries_come_and_go_waits(void **unused)
{
	static const struct {
		const char *running;
		const char *row;
	} rows[] = {
		{ "\"step_state\":\"working\",\"last_error\":null", "aob_waiting{pipeline=\"photos\"} 0\n" },
		{ "\"step_state\":\"retry-wait\",\"last_error\":{\"code\":\"link\",\"message\":\"no route\"}",
		  "aob_waiting{pipeline=\"photos\"} 1\n" },
		{ "\"step_state\":\"working\",\"last_error\":{\"code\":\"link\",\"message\":\"no route\"}",
		  "aob_waiting{pipeline=\"photos\"} 1\n" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char pipeline[300];
		struct text text;

		(void)snprintf(pipeline, sizeof(pipeline), ",\"running\":{\"run\":\"r\",\"step\":\"transfer\",%s}",
		               rows[i].running);
		write_status(pipeline, &text);
		assert_holds(&text, rows[i].row);
		text_done(&text);
	}
}

static void damage_is_also_the_brokers_alarm(void **unused)
{
	struct text text;

	(void)unused;
	write_status(",\"alarms\":[{\"kind\":\"damaged\",\"since\":1,\"reason\":\"\"}]", &text);
	assert_holds(&text, "aob_damaged{pipeline=\"photos\"} 1\n");
	text_done(&text);
}

/* The first of its pipelines has not transferred yet, so that it does not know the vault's room. */
static void a_vault_stands_there_once(void **unused)
{
	static const char status[] = "{\"status\":\"ok\",\"result\":{\"broker\":{},\"pipelines\":[{\"name\":\"new\","
	                             "\"vault\":\"dad\",\"space\":null},"
	                             "{\"name\":\"a\",\"vault\":\"dad\",\"space\":{\"vault_free_bytes\":1,\"vault_"
	                             "total_bytes\":40,\"measured_at\":1}},"
	                             "{\"name\":\"b\",\"vault\":\"dad\",\"space\":{\"vault_free_bytes\":2,\"vault_"
	                             "total_bytes\":40,\"measured_at\":2}}]}}";
	const struct exposition_server server = { 0, 0, NULL };
	struct state *state = state_new(LAB_NOW - 100, 1000);
	struct error err = { .class = ERR_NONE };
	const char *first = NULL;
	struct text text;

	(void)unused;
	text_init(&text);
	assert_int_equal(state_answer(state, status, strlen(status), LAB_NOW, 99000, &err), 0);
	exposition_write(state, &server, 100000, EXPOSITION_PROMETHEUS, &text);
	first = strstr(text.data, "aob_vault_free_bytes{vault=\"dad\"} 2\n");
	assert_non_null(first);
	assert_null(strstr(first + 1, "aob_vault_free_bytes{"));
	text_done(&text);
	state_destroy(&state);
}

static void a_silent_broker_is_down(void **unused)
{
	struct text text;

	(void)unused;
	write_out(EXPOSITION_PROMETHEUS, 99000 + STATE_ANSWER_FRESH_MS, &text);
	assert_holds(&text, "aob_broker_up 0\n");
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_prometheus),
		cmocka_unit_test(for_the_textfile),
		cmocka_unit_test(as_open_metrics),
		cmocka_unit_test(what_nobody_knows_is_not_there),
		cmocka_unit_test(a_run_whose_tries_come_and_go_waits),
		cmocka_unit_test(damage_is_also_the_brokers_alarm),
		cmocka_unit_test(a_vault_stands_there_once),
		cmocka_unit_test(a_silent_broker_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
