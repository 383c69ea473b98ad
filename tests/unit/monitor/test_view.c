/* What the broker says is decoded whole, with defaults for what an older one does not say, and refused if it is something else. */
#include "monitor/view.h"
#include "tests/unit/monitor/monitor_lab.h"

static void a_whole_pipeline(void **state)
{
	struct view *view = lab_view(
	        ",\"watch\":{\"state\":\"active\",\"since\":5,\"reason\":\"written\",\"reported_at\":7},\"last_"
	        "good\":" LAB_GOOD ",\"last_run\":{\"run\":\"r1\",\"state\":\"failed\",\"started_at\":1,\"ended_at\":2,"
	        "\"error\":{\"code\":\"config\",\"message\":\"no\"}}"
	        ",\"running\":{\"run\":\"r2\",\"step\":\"transfer\",\"step_index\":1,\"steps\":3,\"attempt\":2,\"step_"
	        "state\":\"working\",\"started_at\":9,"
	        "\"progress\":{\"done\":1,\"total\":4,\"files\":1,\"rate\":8,\"eta_s\":null,\"note\":\"n\"}}"
	        ",\"age_s\":12,\"max_age_s\":60,\"overdue\":{\"since\":3,\"age_s\":70,\"reason\":\"late\"}"
	        ",\"alarms\":[{\"kind\":\"overdue\",\"since\":3,\"reason\":\"late\"}],\"waits_for\":\"the link\""
	        ",\"space\":{\"vault_free_bytes\":1,\"vault_total_bytes\":2,\"source_free_bytes\":null,\"source_total_"
	        "bytes\":null,\"measured_at\":4}"
	        ",\"forecast\":{\"change_bytes_per_day\":1.5e3,\"never\":true,\"caught_up_at\":null,\"reason\":\"r\"}"
	        ",\"totals\":{\"runs\":5,\"failed\":-1}");
	const struct view_pipeline *p = view_pipeline(view, "photos");

	(void)state;
	assert_non_null(p);
	assert_null(view_pipeline(view, "photo"));
	assert_string_equal(view->version, "9.9");
	assert_int_equal(view->n_workers, 1);
	assert_true(view->workers[0].busy);
	assert_string_equal(p->watch_reason, "written");
	assert_int_equal(p->watch_reported_at, 7);
	assert_string_equal(p->last_good.name, "2026-11-25T18-09-26Z");
	assert_int_equal(p->last_good.files, 1234);
	assert_string_equal(p->last_run.error.message, "no");
	assert_int_equal(p->running.attempt, 2);
	assert_true(p->running.has_progress);
	assert_int_equal(p->running.progress.total_bytes, 4);
	assert_int_equal(p->running.progress.eta_s, -1);
	assert_int_equal(p->age_s, 12);
	assert_true(p->overdue);
	assert_int_equal(p->n_alarms, 1);
	assert_string_equal(p->alarms[0].kind, "overdue");
	assert_string_equal(p->waits_for, "the link");
	assert_true(p->space.known);
	assert_int_equal(p->space.source_total_bytes, 0);
	assert_int_equal(p->forecast.change_bytes_per_day, 1500);
	assert_true(p->forecast.never);
	assert_int_equal(p->totals.failed, 0); /* nothing is below 0 */
	view_destroy(&view);
	assert_null(view);
}

static void what_is_not_said_has_a_default(void **state)
{
	struct view *view = lab_view("");
	const struct view_pipeline *p = &view->pipelines[0];

	(void)state;
	assert_string_equal(p->last_good.name, "");
	assert_string_equal(p->running.run, "");
	assert_string_equal(p->waits_for, "");
	assert_int_equal(p->age_s, -1);
	assert_false(p->overdue || p->space.known || p->forecast.known || p->totals.known);
	view_destroy(&view);
}

static void anything_else_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum error_class class;
		const char *words;
	} rows[] = {
		{ "", ERR_PROTOCOL, "can't be read" },
		{ "[]", ERR_PROTOCOL, "can't be read" },
		{ "{\"status\":\"ok\"}", ERR_PROTOCOL, "no result" },
		{ "{\"status\":\"ok\",\"result\":{\"pipelines\":{}}}", ERR_PROTOCOL, "tells of" },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"system\",\"message\":\"out\"}}", ERR_SYSTEM,
		  "the broker: out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		struct view *view = NULL;

		assert_int_equal(view_parse(rows[i].text, strlen(rows[i].text), &view, &err), -1);
		assert_null(view);
		assert_int_equal(err.class, rows[i].class);
		assert_non_null(strstr(err.text, rows[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_pipeline),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
