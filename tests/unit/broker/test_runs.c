/* A row of the store that has rotted ends the run that it is of, and tells which; all others go on. */
#include "broker_lab.h"

#include <sqlite3.h>

/* One byte of it is another by now, and no check of the store's sees it. */
static void rot(struct lab *lab, const char *column, const char *run)
{
	sqlite3 *store = NULL;
	char path[300];
	char text[300];

	(void)snprintf(path, sizeof(path), "%s/state.db", lab->folder);
	assert_int_equal(sqlite3_open(path, &store), SQLITE_OK);
	(void)snprintf(text, sizeof(text),
	               "PRAGMA busy_timeout=5000; UPDATE %s SET %s = replace(%s, '{', '[') WHERE run = '%s'",
	               strcmp(column, "config") == 0 ? "runs" : "steps", column, column, run);
	assert_int_equal(sqlite3_exec(store, text, NULL, NULL, NULL), SQLITE_OK);
	assert_true(sqlite3_changes(store) > 0);
	assert_int_equal(sqlite3_close(store), SQLITE_OK);
}

static void assert_told(struct lab *lab, const char *run, const char *row)
{
	json_t *info = lab_run_info(lab, run);
	const char *message = json_string_value(json_object_get(json_object_get(info, "error"), "message"));

	assert_non_null(message);
	assert_non_null(strstr(message, run));
	assert_non_null(strstr(message, row));
	json_decref(info);
}

static void assert_alarm(struct lab *lab, size_t pipeline, const char *kind)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *alarms = json_object_get(json_array_get(json_object_get(status, "pipelines"), pipeline), "alarms");

	assert_int_equal(json_array_size(alarms), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(alarms, 0), "kind")), kind);
	json_decref(status);
}

static void a_result_that_has_rotted_ends_its_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	zsock_t *beta = NULL;
	char run[64];
	char other[64];
	char tag[160];

	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, run, "waiting", 1, "queued");
	rot(lab, "result", run);
	beta = worker_open(lab, "beta", NULL);
	lab_run(lab, "three", other);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, other, "ok", 0, "ok");
	lab_await(lab, run, "waiting", 1, "failed");
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"two\"}"));
	lab_await(lab, run, "failed", 1, "failed");
	assert_told(lab, run, "steps.result of its step alpha");
	assert_alarm(lab, 1, "failed");
	/* The next one begins with its own. */
	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	zsock_destroy(&beta);
	zsock_destroy(&alpha);
}

static void a_configuration_that_has_rotted_ends_its_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char other[64];
	char tag[160];

	lab_run(lab, "three", other);
	worker_takes(alpha, 1, tag);
	lab_run(lab, "two", run);
	lab_await(lab, run, "waiting", 0, "queued");
	lab_kill(lab, SIGKILL);
	rot(lab, "config", run);
	lab_start(lab);
	lab_await(lab, run, "failed", 0, "failed");
	assert_told(lab, run, "runs.config");
	assert_alarm(lab, 1, "failed");
	zsock_destroy(&alpha);
	/* The other is as it was. */
	alpha = worker_open(lab, "alpha", NULL);
	worker_takes(alpha, 2, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, other, "ok", 0, "ok");
	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	zsock_destroy(&alpha);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_result_that_has_rotted_ends_its_run),
		LAB_TEST(a_configuration_that_has_rotted_ends_its_run),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
