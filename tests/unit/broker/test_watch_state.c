/* The watcher's word starts a run, unless one runs, the pipeline is paused, or nothing changed. */
#include "broker_lab.h"

/* Report pipeline "one"; returns its row of the answer, the caller's. */
static json_t *report(struct lab *lab, const char *state, int ctransid, const char *trigger)
{
	char body[400];
	json_t *answer = NULL;
	json_t *row = NULL;

	(void)snprintf(body, sizeof(body),
	               "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"%s\","
	               "\"reason\":\"told\",\"since\":1000,\"ctransid\":%d,\"trigger\":%s}]}",
	               state, ctransid, trigger);
	answer = lab_ask(lab, body);
	assert_int_equal(json_array_size(json_object_get(answer, "pipelines")), 1); /* the others have `watch: off` */
	row = json_incref(json_array_get(json_object_get(answer, "pipelines"), 0));
	json_decref(answer);
	return row;
}

static bool is_running(json_t *row)
{
	bool running = json_is_true(json_object_get(row, "running"));

	json_decref(row);
	return running;
}

static void finish(struct lab *lab, int ctransid)
{
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	char tag[160];
	char reply[200];
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	worker_takes(snapshot, 1, tag);
	(void)snprintf(reply, sizeof(reply),
	               "{\"status\":\"ok\",\"result\":{\"ctransid\":%d,\"source_uuid\":\"s\",\"state\":\"quiet\"}}",
	               ctransid);
	worker_final(snapshot, tag, reply);
	worker_takes(transfer, 1, tag);
	worker_final(transfer, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	while (is_running(report(lab, "idle", 0, "null")) && zclock_mono() < until)
		zclock_sleep(20);
	zsock_destroy(&snapshot);
	zsock_destroy(&transfer);
}

static void a_source_at_rest_starts_one_run(void **state)
{
	struct lab *lab = *state;
	json_t *row = report(lab, "active", 5, "null");

	assert_string_equal(json_string_value(json_object_get(row, "pipeline")), "one");
	assert_int_equal(json_integer_value(json_object_get(row, "idle_ms")), 2000);
	assert_int_equal(json_integer_value(json_object_get(row, "max_wait_ms")), 3600000);
	assert_int_equal(json_integer_value(json_object_get(row, "last_ctransid")), 0);
	assert_string_equal(json_string_value(json_object_get(row, "last_source_uuid")), "");
	assert_false(is_running(row));
	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	finish(lab, 5);
	row = report(lab, "idle", 5, "\"idle\"");
	assert_int_equal(json_integer_value(json_object_get(row, "last_ctransid")), 5);
	assert_string_equal(json_string_value(json_object_get(row, "last_source_uuid")), "s");
	assert_false(is_running(row)); /* nothing changed since */
	assert_true(is_running(report(lab, "idle", 6, "\"max-wait\"")));
}

static void a_paused_pipeline_starts_no_run_also_after_a_restart(void **state)
{
	struct lab *lab = *state;
	json_t *row = NULL;

	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"pause\",\"pipeline\":\"one\"}"));
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	row = report(lab, "idle", 5, "\"idle\"");
	assert_true(json_is_true(json_object_get(row, "paused")));
	assert_false(is_running(row));
	lab_refused(lab, "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"trigger\":\"manual\"}", "refused");
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"resume\",\"pipeline\":\"one\"}"));
	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
}

static void a_failed_run_is_not_started_again_at_every_tick(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	char tag[160];
	char run[64];

	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	worker_takes(snapshot, 1, tag);
	(void)snprintf(run, sizeof(run), "%.*s", (int)strcspn(tag, "/"), tag);
	worker_final(snapshot, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"config\",\"message\":\"x\"}}");
	lab_await(lab, run, "failed", 0, "failed");
	assert_false(is_running(report(lab, "idle", 5, "\"idle\"")));
	lab_run(lab, "one", run); /* by hand always */
	worker_takes(snapshot, 1, tag);
	zsock_destroy(&snapshot);
}

static void a_silent_watcher_is_shown_as_unknown(void **state)
{
	struct lab *lab = *state;
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *watch = json_object_get(json_array_get(json_object_get(status, "pipelines"), 0), "watch");

	assert_string_equal(json_string_value(json_object_get(watch, "state")), "unknown");
	watch = json_object_get(json_array_get(json_object_get(status, "pipelines"), 1), "watch");
	assert_string_equal(json_string_value(json_object_get(watch, "state")), "off");
	json_decref(status);
	json_decref(report(lab, "active", 5, "null"));
	status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	watch = json_object_get(json_array_get(json_object_get(status, "pipelines"), 0), "watch");
	assert_string_equal(json_string_value(json_object_get(watch, "state")), "active");
	assert_string_equal(json_string_value(json_object_get(watch, "reason")), "told");
	json_decref(status);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_source_at_rest_starts_one_run),
		LAB_TEST(a_paused_pipeline_starts_no_run_also_after_a_restart),
		LAB_TEST(a_failed_run_is_not_started_again_at_every_tick),
		LAB_TEST(a_silent_watcher_is_shown_as_unknown),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
