/* A new configuration is in force as a whole or not at all, and a run in flight keeps its own. */

#include "broker_lab.h"

#define RELOAD "{\"v\":1,\"verb\":\"reload\"}"

static void expect_colour(struct lab *lab, zsock_t *alpha, const char *colour, char tag[160])
{
	json_t *request = worker_job(alpha, tag);

	(void)lab;
	assert_string_equal(json_string_value(json_object_get(json_object_get(request, "with"), "colour")), colour);
	json_decref(request);
}

static void a_run_in_flight_keeps_its_configuration_also_across_a_restart(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = NULL;
	char run[64];
	char tag[160];

	lab_run(lab, "two", run);
	lab_write_config(lab, "blue");
	json_decref(lab_ask(lab, RELOAD));
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	alpha = worker_open(lab, "alpha", NULL);
	expect_colour(lab, alpha, "green", tag);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"two\"}"));
	worker_final(alpha, tag, LAB_OK);
	zsock_t *omega = worker_open(lab, "omega", NULL);

	worker_takes(omega, 1, tag);
	worker_final(omega, tag, LAB_OK);
	lab_await(lab, run, "cancelled", 0, NULL);
	lab_run(lab, "two", run);
	expect_colour(lab, alpha, "blue", tag);
	zsock_destroy(&alpha);
	zsock_destroy(&omega);
}

static void a_wrong_configuration_changes_nothing_and_says_why(void **state)
{
	struct lab *lab = *state;
	FILE *file = NULL;
	json_t *answer = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	const char *message = NULL;

	json_decref(answer);
	file = fopen(lab->config, "we");
	assert_non_null(file);
	(void)fputs("pipelines:\n  one: { surce: /x }\n", file);
	assert_int_equal(fclose(file), 0);
	lab_refused(lab, RELOAD, "config");
	answer = lab_ask_service(lab, "aob.broker", RELOAD, NULL);
	message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
	assert_non_null(strstr(message, "aob.yaml:2:"));
	json_decref(answer);
	answer = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "pipelines")), 3);
	json_decref(answer);
	assert_int_equal(unlink(lab->config), 0);
	assert_int_equal(kill(lab->broker, SIGHUP), 0);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}"));
	lab_write_config(lab, "red");
	assert_int_equal(kill(lab->broker, SIGHUP), 0);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}"));
}

static void what_needs_a_restart_is_refused(void **state)
{
	struct lab *lab = *state;
	struct lab moved = *lab;
	FILE *file = NULL;

	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}"));
	file = fopen(lab->config, "we");
	assert_non_null(file);
	(void)snprintf(moved.folder, sizeof(moved.folder), "%.150s/elsewhere", lab->folder);
	(void)fprintf(file, lab_yaml, moved.folder, "green");
	assert_int_equal(fclose(file), 0);
	lab_refused(lab, RELOAD, "config");
}

static bool watch_is_heard(struct lab *lab, const char *pipeline)
{
	char body[300];
	json_t *answer = NULL;
	bool heard;

	(void)snprintf(body, sizeof(body),
	               "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"%s\",\"state\":\"active\","
	               "\"reason\":\"told\",\"since\":1000,\"ctransid\":7,\"trigger\":null}]}",
	               pipeline);
	answer = lab_ask_service(lab, "aob.broker", body, NULL);
	heard = strcmp(json_string_value(json_object_get(answer, "status")), "ok") == 0;
	json_decref(answer);
	return heard;
}

static void what_the_store_could_not_take_leaves_all_as_it_was(void **state)
{
	struct lab *lab = *state;
	int64_t until;
	bool heard = false;
	json_t *answer = NULL;

	assert_true(watch_is_heard(lab, "one"));
	LAB_CONFIGURE(lab,
	              "broker: { endpoint: \"ipc://%1$s/run/broker\", events: \"ipc://%1$s/run/events\", state: "
	              "%1$s/state.db }\n"
	              "vaults: { attic: { path: %1$s/attic } }\n"
	              "pipelines: { four: { source: %1$s/three, vault: attic, watch: off, stages: [ alpha: {} ] } }\n");
	lab_writes_fail(lab, true);
	answer = lab_ask_service(lab, "aob.broker", RELOAD, NULL);
	assert_string_equal(json_string_value(json_object_get(answer, "status")), "fail");
	json_decref(answer);
	lab_writes_fail(lab, false);
	until = zclock_mono() + LAB_WAIT_MS;
	while (!heard && zclock_mono() < until) {
		heard = watch_is_heard(lab, "one");
		zclock_sleep(100);
	}
	assert_true(heard);
	answer = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "pipelines")), 3);
	json_decref(answer);
	lab_reload(lab);
	answer = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "pipelines")), 1);
	json_decref(answer);
}

static void a_second_broker_is_refused(void **state)
{
	struct lab *lab = *state;
	int status = 0;
	pid_t second;

	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}"));
	second = lab_spawn(lab);
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 75);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}"));
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_run_in_flight_keeps_its_configuration_also_across_a_restart),
		LAB_TEST(a_wrong_configuration_changes_nothing_and_says_why),
		LAB_TEST(what_needs_a_restart_is_refused),
		LAB_TEST(what_the_store_could_not_take_leaves_all_as_it_was),
		LAB_TEST(a_second_broker_is_refused),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
