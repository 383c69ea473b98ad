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

static void finish_in(struct lab *lab, zsock_t *snapshot, zsock_t *transfer, int ctransid, const char *state)
{
	char tag[160];
	char reply[200];
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	worker_takes(snapshot, 1, tag);
	(void)snprintf(reply, sizeof(reply),
	               "{\"status\":\"ok\",\"result\":{\"ctransid\":%d,\"source_uuid\":\"s\",\"state\":\"%s\"}}",
	               ctransid, state);
	worker_final(snapshot, tag, reply);
	worker_takes(transfer, 1, tag);
	worker_final(transfer, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	while (is_running(report(lab, "idle", 0, "null")) && zclock_mono() < until)
		zclock_sleep(20);
}

static void finish_by(struct lab *lab, zsock_t *snapshot, int ctransid)
{
	zsock_t *transfer = worker_open(lab, "transfer", NULL);

	finish_in(lab, snapshot, transfer, ctransid, "quiet");
	zsock_destroy(&transfer);
}

static void finish(struct lab *lab, int ctransid)
{
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);

	finish_by(lab, snapshot, ctransid);
	zsock_destroy(&snapshot);
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

/* Also if nothing was written since: it is another thing to be known at rest. Once it was asked for at rest, its stage's word is the last one. */
static void what_was_forced_in_mid_write_is_made_again_at_rest(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	json_t *row;

	assert_true(is_running(report(lab, "active", 5, "\"max-wait\"")));
	finish_in(lab, snapshot, transfer, 5, "in-flight");
	row = report(lab, "active", 5, "null");
	assert_int_equal(json_integer_value(json_object_get(row, "last_ctransid")), 0);
	assert_false(is_running(row));
	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	finish_in(lab, snapshot, transfer, 5, "in-flight");
	row = report(lab, "idle", 5, "\"idle\"");
	assert_int_equal(json_integer_value(json_object_get(row, "last_ctransid")), 5);
	assert_false(is_running(row));
	zsock_destroy(&transfer);
	zsock_destroy(&snapshot);
}

/* By hand, of a source that nobody looks at just then: the stage can't tell that it rests, and finds nothing new. What is known of the generation stays known. */
static void a_run_that_finds_nothing_takes_nothing_from_what_is_known(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	char run[64];
	json_t *row;

	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	finish_in(lab, snapshot, transfer, 5, "clean");
	lab_run(lab, "one", run);
	finish_in(lab, snapshot, transfer, 5, "in-flight");
	row = report(lab, "unchanged", 5, "null");
	assert_int_equal(json_integer_value(json_object_get(row, "last_ctransid")), 5);
	assert_int_equal(json_integer_value(json_object_get(row, "clean_ctransid")), 5);
	assert_false(is_running(row));
	zsock_destroy(&transfer);
	zsock_destroy(&snapshot);
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

/* A report with two Macs; returns the row of the answer, the caller's. */
static json_t *report_macs(struct lab *lab, int ctransid, int used_at, const char *trigger)
{
	char body[1200];
	json_t *answer = NULL;
	json_t *row = NULL;

	(void)snprintf(
	        body, sizeof(body),
	        "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"idle\","
	        "\"reason\":\"told\",\"since\":1000,\"ctransid\":%d,\"trigger\":%s,\"kind\":\"time-machine\","
	        "\"source_uuid\":\"s\",\"forced_at\":5000,\"macs\":["
	        "{\"bundle\":\"Anna.sparsebundle\",\"name\":\"Anna\",\"state\":\"finished\",\"finished\":true,"
	        "\"completed_at\":900,\"used_at\":%d,\"wrote_at\":950,\"handles\":3,\"attached\":true,"
	        "\"verification_failed\":false,\"trouble\":\"\"},"
	        "{\"bundle\":\"sub/Bob.sparsebundle\",\"name\":\"Bob\",\"state\":\"interrupted\",\"finished\":false,"
	        "\"completed_at\":0,\"used_at\":0,\"wrote_at\":400,\"handles\":0,\"attached\":false,"
	        "\"verification_failed\":true,\"trouble\":\"no backup was completed yet\"}]}]}",
	        ctransid, trigger, used_at);
	answer = lab_ask(lab, body);
	row = json_incref(json_array_get(json_object_get(answer, "pipelines"), 0));
	json_decref(answer);
	return row;
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "(none)";
}

/* What the watcher saw goes into the snapshot's request; what the snapshot found goes into the generation; and what the watcher must remember is there after kill -9. */
static void macs_are_told_remembered_and_recorded(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	int64_t until = zclock_mono() + LAB_WAIT_MS;
	json_t *request;
	json_t *answer;
	json_t *macs;
	json_t *row;
	char tag[160];

	row = report_macs(lab, 5, 800, "\"idle\"");
	assert_true(json_is_true(json_object_get(row, "snapshots")));
	assert_string_equal(text_at(row, "kind"), "auto");
	assert_int_equal(json_integer_value(json_object_get(row, "finished_ms")), 60000);
	assert_true(is_running(row));
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	row = report(lab, "active", 5, "null");
	macs = json_object_get(row, "macs");
	assert_int_equal(json_array_size(macs), 2);
	assert_string_equal(text_at(json_array_get(macs, 0), "bundle"), "Anna.sparsebundle");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(macs, 0), "used_at")), 800);
	json_decref(row);
	zsock_destroy(&snapshot);
	snapshot = worker_open(lab, "snapshot", NULL);
	request = worker_job(snapshot, tag);
	assert_string_equal(text_at(request, "kind"), "auto");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(request, "rest"), "ctransid")), 5);
	macs = json_object_get(json_object_get(request, "rest"), "macs");
	assert_int_equal(json_array_size(macs), 2);
	assert_true(json_is_true(json_object_get(json_array_get(macs, 0), "finished")));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(macs, 0), "completed_at")), 900);
	json_decref(request);
	worker_final(
	        snapshot, tag,
	        "{\"status\":\"ok\",\"result\":{\"ctransid\":5,\"source_uuid\":\"s\",\"state\":\"clean\",\"macs\":["
	        "{\"bundle\":\"Anna.sparsebundle\",\"name\":\"Anna\",\"state\":\"finished\",\"completed_at\":900,"
	        "\"verification_failed\":false}]}}");
	zsock_destroy(&transfer);
	transfer = worker_open(lab, "transfer", NULL);
	request = worker_job(transfer, tag);
	assert_null(json_object_get(request, "rest"));
	json_decref(request);
	worker_final(transfer, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	while (is_running(report_macs(lab, 5, 900, "null")) && zclock_mono() < until)
		zclock_sleep(20);
	row = report_macs(lab, 5, 900, "null");
	assert_int_equal(json_integer_value(json_object_get(row, "clean_ctransid")), 5);
	assert_string_equal(text_at(row, "clean_source_uuid"), "s");
	macs = json_object_get(row, "macs");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(macs, 0), "clean_at")), 900);
	json_decref(row);
	answer = lab_ask(lab, "{\"v\":1,\"verb\":\"generations\"}");
	macs = json_object_get(json_array_get(json_object_get(answer, "generations"), 0), "macs");
	assert_true(json_is_integer(json_object_get(answer, "left_out")));
	assert_int_equal(json_array_size(macs), 1);
	assert_string_equal(text_at(json_array_get(macs, 0), "name"), "Anna");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(macs, 0), "completed_at")), 900);
	json_decref(answer);
	answer = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	row = json_object_get(json_array_get(json_object_get(answer, "pipelines"), 0), "watch");
	assert_string_equal(text_at(row, "kind"), "time-machine");
	assert_int_equal(json_integer_value(json_object_get(row, "forced_at")), 5000);
	macs = json_object_get(row, "macs");
	assert_int_equal(json_array_size(macs), 2);
	assert_string_equal(text_at(json_array_get(macs, 1), "trouble"), "no backup was completed yet");
	json_decref(answer);
	zsock_destroy(&snapshot);
	zsock_destroy(&transfer);
}

/* Two disks that were made alike count alike. */
static void the_same_count_on_another_disk_is_something_new(void **state)
{
	struct lab *lab = *state;

	assert_true(is_running(report(lab, "idle", 5, "\"idle\"")));
	finish(lab, 5); /* of the source "s" */
	assert_false(is_running(report_macs(lab, 5, 800, "\"idle\"")));
	json_decref(lab_ask(lab,
	                    "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"idle\","
	                    "\"reason\":\"told\",\"since\":1000,\"ctransid\":5,\"trigger\":\"idle\","
	                    "\"source_uuid\":\"other\"}]}"));
	assert_true(is_running(report(lab, "idle", 5, "null")));
}

static int64_t waiting_since(json_t *row)
{
	int64_t since = json_integer_value(json_object_get(row, "waiting_since"));

	json_decref(row);
	return since;
}

/* Since when a source waits is known after restarts, and a run that found no rest does not start that anew: else nothing would ever be forced. */
static void since_when_a_source_waits_is_remembered(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot;
	char tag[160];
	char run[64];

	assert_int_equal(waiting_since(report(lab, "unchanged", 5, "null")), 0);
	assert_true(waiting_since(report(lab, "active", 6, "null")) > 1700000000);
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	assert_int_equal(waiting_since(report(lab, "active", 6, "null")), 1000); /* as it was told with that state */
	assert_true(is_running(report(lab, "idle", 6, "\"idle\"")));
	snapshot = worker_open(lab, "snapshot", NULL);
	worker_takes(snapshot, 1, tag);
	(void)snprintf(run, sizeof(run), "%.*s", (int)strcspn(tag, "/"), tag);
	worker_final(snapshot, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"busy\",\"message\":\"x\"}}");
	lab_await(lab, run, "deferred", 0, "deferred");
	assert_int_equal(waiting_since(report(lab, "active", 6, "null")), 1000);
	lab_run(lab, "one", run);
	worker_takes(snapshot, 1, tag);
	worker_final(snapshot, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"config\",\"message\":\"x\"}}");
	lab_await(lab, run, "failed", 0, "failed");
	assert_int_equal(waiting_since(report(lab, "active", 6, "null")), 1000); /* no run has made anything of it */
	assert_int_equal(waiting_since(report(lab, "unknown", 6, "null")), 1000);
	lab_run(lab, "one", run);
	finish_by(lab, snapshot, 7);
	zsock_destroy(&snapshot);
	assert_true(waiting_since(report(lab, "active", 8, "null")) > 1700000000);
	assert_int_equal(waiting_since(report(lab, "unchanged", 7, "null")), 0);
}

/* Whoever may write to the share makes bundles of as many names as they like. */
static void bundles_that_are_gone_are_not_remembered_for_ever(void **state)
{
	struct lab *lab = *state;
	json_t *row;

	json_decref(report_macs(lab, 5, 800, "null"));
	for (int i = 0; i < 3; i++) {
		char body[700];

		(void)snprintf(
		        body, sizeof(body),
		        "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"active\","
		        "\"reason\":\"told\",\"since\":1000,\"ctransid\":5,\"macs\":[{\"bundle\":\"%d\",\"name\":\"n\","
		        "\"state\":\"running\",\"finished\":false,\"completed_at\":0,\"used_at\":7,\"wrote_at\":0,"
		        "\"handles\":0,\"attached\":false,\"verification_failed\":false,\"trouble\":\"\"}]}]}",
		        i);
		json_decref(lab_ask(lab, body));
	}
	json_decref(report(lab, "unknown", 5, "null")); /* a source that is away is not forgotten */
	row = report(lab, "active", 5, "null");
	assert_int_equal(json_array_size(json_object_get(row, "macs")), 1);
	assert_string_equal(text_at(json_array_get(json_object_get(row, "macs"), 0), "bundle"), "2");
	json_decref(row);
}

static void a_report_with_wrong_macs_is_refused(void **state)
{
	static const char *const wrong[] = {
		"7", "[7]", "[{}]", "[{\"bundle\":\"b\",\"name\":\"n\",\"state\":\"finished\",\"trouble\":\"\"}]"
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char body[600];

		(void)snprintf(
		        body, sizeof(body),
		        "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"idle\","
		        "\"reason\":\"told\",\"since\":1000,\"ctransid\":1,\"macs\":%s}]}",
		        wrong[i]);
		lab_refused(lab, body, "input");
	}
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_source_at_rest_starts_one_run),
		LAB_TEST(what_was_forced_in_mid_write_is_made_again_at_rest),
		LAB_TEST(a_run_that_finds_nothing_takes_nothing_from_what_is_known),
		LAB_TEST(a_paused_pipeline_starts_no_run_also_after_a_restart),
		LAB_TEST(a_failed_run_is_not_started_again_at_every_tick),
		LAB_TEST(a_silent_watcher_is_shown_as_unknown),
		LAB_TEST(macs_are_told_remembered_and_recorded),
		LAB_TEST(the_same_count_on_another_disk_is_something_new),
		LAB_TEST(since_when_a_source_waits_is_remembered),
		LAB_TEST(bundles_that_are_gone_are_not_remembered_for_ever),
		LAB_TEST(a_report_with_wrong_macs_is_refused),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
