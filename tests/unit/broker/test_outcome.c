/* What a step's answer makes of its run. */
#include "broker_lab.h"

#define ERROR_REPLY(status, code) "{\"status\":\"" status "\",\"error\":{\"code\":\"" code "\",\"message\":\"told\"}}"

/* The run's `running` object of pipeline `name` (or null); the caller's. */
static json_t *running(struct lab *lab, size_t pipeline)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *out =
	        json_incref(json_object_get(json_array_get(json_object_get(status, "pipelines"), pipeline), "running"));

	json_decref(status);
	return out;
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void what_may_mend_itself_is_tried_again(void **state)
{
	static const char *const answers[] = {
		ERROR_REPLY("retry", "link"), "no JSON", "{}", "{\"status\":\"ok\",\"result\":7}", "[1,2]",
	};
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	for (unsigned i = 0; i < 2; i++) {
		json_t *now = NULL;

		worker_takes(alpha, i + 1, tag);
		worker_final(alpha, tag, answers[i]);
		lab_await(lab, run, "waiting", 0, "retry-wait");
		now = running(lab, 2);
		assert_string_equal(text_of(now, "step_state"), "retry-wait");
		assert_true(json_is_integer(json_object_get(now, "retry_at")));
		assert_string_equal(text_of(json_object_get(now, "last_error"), "code"), i == 0 ? "link" : "protocol");
		json_decref(now);
	}
	worker_takes(alpha, 3, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	for (size_t i = 2; i < sizeof(answers) / sizeof(answers[0]); i++) {
		lab_run(lab, "three", run);
		worker_takes(alpha, 1, tag);
		worker_final(alpha, tag, answers[i]);
		lab_await(lab, run, "waiting", 0, "retry-wait");
		json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"three\"}"));
		lab_await(lab, run, "cancelled", 0, "cancelled");
	}
	zsock_destroy(&alpha);
}

static void what_cannot_mend_itself_ends_the_run(void **state)
{
	static const struct {
		const char *answer, *run, *step;
	} rows[] = {
		{ ERROR_REPLY("fail", "link"), "failed", "failed" },
		{ ERROR_REPLY("retry", "config"), "failed", "failed" },
		{ ERROR_REPLY("fail", "never-heard-of"), "failed", "failed" },
		{ ERROR_REPLY("retry", "busy"), "deferred", "deferred" },
		{ ERROR_REPLY("fail", "busy"), "deferred", "deferred" },
	};
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char run[64];
		char tag[160];
		json_t *info = NULL;

		lab_run(lab, "three", run);
		worker_takes(alpha, 1, tag);
		worker_final(alpha, tag, rows[i].answer);
		lab_await(lab, run, rows[i].run, 0, rows[i].step);
		info = lab_run_info(lab, run);
		assert_string_equal(text_of(json_object_get(info, "error"), "message"), "told");
		json_decref(info);
	}
	zsock_destroy(&alpha);
}

static void after_a_failure_only_always_steps_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	zsock_t *beta = worker_open(lab, "beta", NULL);
	zsock_t *omega = worker_open(lab, "omega", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, ERROR_REPLY("fail", "refused"));
	worker_takes(omega, 1, tag);
	worker_idle(beta, 200);
	worker_final(omega, tag, LAB_OK);
	lab_await(lab, run, "failed", 1, "skipped");
	zsock_destroy(&alpha);
	zsock_destroy(&beta);
	zsock_destroy(&omega);
}

static void a_waiting_retry_goes_on_after_a_restart(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, ERROR_REPLY("retry", "space"));
	lab_await(lab, run, "waiting", 0, "retry-wait");
	lab_kill(lab, SIGKILL);
	zsock_destroy(&alpha);
	lab_start(lab);
	json_t *now = running(lab, 2);

	assert_string_equal(text_of(json_object_get(now, "last_error"), "code"), "space");
	json_decref(now);
	alpha = worker_open(lab, "alpha", NULL);
	worker_takes(alpha, 2, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&alpha);
}

static void a_dry_run_publishes_nothing(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	json_t *result = lab_ask(lab, "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"dry_run\":true}");
	char run[64];
	char tag[160];
	json_t *request = NULL;

	(void)snprintf(run, sizeof(run), "%s", text_of(result, "run"));
	assert_true(json_is_true(json_object_get(result, "new")));
	json_decref(result);
	request = worker_job(snapshot, tag);
	assert_true(json_is_true(json_object_get(request, "dry_run")));
	json_decref(request);
	worker_final(snapshot, tag, LAB_OK);
	worker_takes(transfer, 1, tag);
	worker_final(transfer, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	lab_await(lab, run, "ok", 1, "ok");
	result = lab_ask(lab, "{\"v\":1,\"verb\":\"generations\"}");
	assert_int_equal(json_array_size(json_object_get(result, "generations")), 0);
	json_decref(result);
	zsock_destroy(&snapshot);
	zsock_destroy(&transfer);
}

static void one_stage_alone_runs_by_hand_and_is_no_last_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *transfer = worker_open(lab, "transfer", NULL);
	json_t *result = lab_ask(
	        lab, "{\"v\":1,\"verb\":\"run-stage\",\"pipeline\":\"one\",\"service\":\"transfer\",\"dry_run\":true}");
	char run[64];
	char tag[160];

	(void)snprintf(run, sizeof(run), "%s", text_of(result, "run"));
	json_decref(result);
	lab_refused(lab, "{\"v\":1,\"verb\":\"run-stage\",\"pipeline\":\"one\",\"service\":\"snapshot\"}", "locked");
	worker_takes(transfer, 1, tag);
	worker_final(transfer, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	result = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(result, "pipelines"), 0), "last_run")));
	json_decref(result);
	zsock_destroy(&transfer);
}

/* Of pipeline "one": its snapshot is there, its transfer has begun. */
static void run_to_transfer(struct lab *lab, zsock_t *snapshot, zsock_t *transfer, char run[64], char tag[160])
{
	lab_run(lab, "one", run);
	json_decref(worker_job(snapshot, tag));
	worker_final(snapshot, tag, "{\"status\":\"ok\",\"result\":{\"uuid\":\"u\",\"taken_at\":1000}}");
	json_decref(worker_job(transfer, tag));
}

/* What others get done meanwhile. */
static void others_go_on(struct lab *lab)
{
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&alpha);
}

/* Wherever the text is cut, the status of all is there. */
static void a_failure_is_told_in_any_language(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);

	for (unsigned i = 0; i < 2; i++) {
		char message[1600] = "x";
		char answer[1800];
		char run[64];
		char tag[160];
		json_t *status = NULL;
		const char *waits = NULL;

		for (unsigned n = 0; n < 700; n++)
			(void)strcat(message, "ü");
		(void)snprintf(answer, sizeof(answer),
		               "{\"status\":\"%s\",\"error\":{\"code\":\"link\",\"message\":\"%s\"}}",
		               i == 0 ? "fail" : "retry", message);
		lab_run(lab, "three", run);
		worker_takes(alpha, 1, tag);
		worker_final(alpha, tag, answer);
		lab_await(lab, run, i == 0 ? "failed" : "waiting", 0, i == 0 ? "failed" : "retry-wait");
		status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
		waits = text_of(json_array_get(json_object_get(status, "pipelines"), 2), "waits_for");
		assert_non_null(strstr(waits, "üüü"));
		assert_null(strstr(waits, "\\x"));
		json_decref(status);
	}
	zsock_destroy(&alpha);
}

/* The store is well, so nobody else waits for it. */
static void a_result_that_cannot_be_kept_is_its_own_runs_fault(void **state)
{
	static const char answer[] = "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-0%uZ\","
	                             "\"literal_bytes\":8000000000000000000}}";
	struct lab *lab = *state;
	zsock_t *snapshot = worker_open(lab, "snapshot", NULL);
	zsock_t *transfer = worker_open(lab, "transfer", NULL);

	for (unsigned i = 0; i < 2; i++) {
		char text[200];
		char run[64];
		char tag[160];

		run_to_transfer(lab, snapshot, transfer, run, tag);
		(void)snprintf(text, sizeof(text), answer, i);
		worker_final(transfer, tag, text);
		lab_await(lab, run, i == 0 ? "ok" : "waiting", 1, i == 0 ? "ok" : "retry-wait");
	}
	others_go_on(lab);
	zsock_destroy(&transfer);
	zsock_destroy(&snapshot);
}

/* That its worker was done before holds, and is of no other step. */
static void an_answer_that_waited_for_the_store_is_its_own_steps(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	zsock_t *omega = worker_open(lab, "omega", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	lab_writes_fail(lab, true);
	worker_final(alpha, tag, LAB_OK);
	worker_idle(alpha, 500);
	lab_await(lab, run, "running", 0, "working");
	lab_writes_fail(lab, false);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"two\"}"));
	/* It is given out, as it runs whatever happened. */
	worker_takes(omega, 1, tag);
	lab_await(lab, run, "running", 0, "ok");
	lab_await(lab, run, "running", 1, "cancelled");
	worker_final(omega, tag, LAB_OK);
	lab_await(lab, run, "cancelled", 2, "ok");
	zsock_destroy(&omega);
	zsock_destroy(&alpha);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(what_may_mend_itself_is_tried_again),
		LAB_TEST(what_cannot_mend_itself_ends_the_run),
		LAB_TEST(after_a_failure_only_always_steps_run),
		LAB_TEST(a_waiting_retry_goes_on_after_a_restart),
		LAB_TEST(a_dry_run_publishes_nothing),
		LAB_TEST(one_stage_alone_runs_by_hand_and_is_no_last_run),
		LAB_TEST(a_failure_is_told_in_any_language),
		LAB_TEST(a_result_that_cannot_be_kept_is_its_own_runs_fault),
		LAB_TEST(an_answer_that_waited_for_the_store_is_its_own_steps),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
