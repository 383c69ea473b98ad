/* A rehearsal's faults are an alarm until they are brought back; a worker's rubbish, or one that is gone, is none; and whoever is to look after a vault is not waited for for ever. */
#include "broker_lab.h"

#include <stdio.h>

#define EVERY_S 1
#define FAULT(path, mark)                                                                                              \
	"{\"path\":\"" path "\",\"reason\":\"its content is not what was recorded\",\"mark\":\"" mark "\"}"
#define REHEARSED(members) "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"," members "}}"
#define GOOD REHEARSED("\"restorable\":true,\"files\":3,\"whole_files\":9,\"whole_seconds\":12000,\"seed\":\"8\"")
#define BAD                                                                                                            \
	REHEARSED("\"restorable\":false,\"wrong\":3,\"seed\":\"18446744073709551615\",\"faults\":[" FAULT(             \
	        "photos/7.jpg",                                                                                        \
	        "00000000000000ab") "," FAULT("photos/8.jpg",                                                          \
	                                      "00000000000000cd") ",{\"path\":\"\",\"reason\":\"gone\"}]")

/* Pipeline "one" is rehearsed all the time, and nothing is verified. */
static void rehearse_often(struct lab *lab)
{
	static const char before[] = "    watch: { idle: 2s";
	static char text[8192];
	static char changed[8192];
	FILE *file = fopen(lab->config, "re");
	char *at = NULL;
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	at = strstr(text, before);
	assert_non_null(at);
	(void)snprintf(changed, sizeof(changed), "%.*s    verify_every: never\n    rehearse: %ds\n%s", (int)(at - text),
	               text, EVERY_S, at);
	file = fopen(lab->config, "we");
	assert_non_null(file);
	(void)fputs(changed, file);
	assert_int_equal(fclose(file), 0);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"reload\"}"));
}

/* Something lies in the vault. */
static void publish(struct lab *lab)
{
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "one", run);
	json_decref(worker_job(snapshots, tag));
	worker_final(snapshots, tag,
	             "{\"status\":\"ok\",\"result\":{\"ctransid\":5,\"source_uuid\":\"s\",\"state\":\"quiet\",\"uuid\":"
	             "\"u\",\"taken_at\":1000}}");
	json_decref(worker_job(transfers, tag));
	worker_final(transfers, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	lab_await(lab, run, "ok", 1, "ok");
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

static json_t *pipeline_one(struct lab *lab)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *one = json_incref(json_array_get(json_object_get(status, "pipelines"), 0));

	json_decref(status);
	return one;
}

/* Its reason; "": there is none. */
static void alarm_of(struct lab *lab, char reason[1024])
{
	json_t *one = pipeline_one(lab);
	json_t *alarm;
	size_t i;

	*reason = '\0';
	json_array_foreach(json_object_get(one, "alarms"), i, alarm)
	{
		if (strcmp(json_string_value(json_object_get(alarm, "kind")), "not-restorable") == 0)
			(void)snprintf(reason, 1024, "%s", json_string_value(json_object_get(alarm, "reason")));
	}
	json_decref(one);
}

/* A rehearsal's answer has been taken, and the newest try failed with this code; "": it ended well. */
static void await_end(struct lab *lab, const char *code)
{
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	for (;;) {
		json_t *one = pipeline_one(lab);
		json_t *rehearse = json_object_get(one, "rehearse");
		const char *is = json_string_value(
		        json_object_get(json_object_get(json_object_get(rehearse, "failure"), "error"), "code"));
		bool good =
		        json_is_null(json_object_get(rehearse, "running")) && strcmp(is != NULL ? is : "", code) == 0;

		json_decref(one);
		if (good)
			return;
		if (zclock_mono() >= until)
			fail_msg("want the end '%s', is '%s'", code, is != NULL ? is : "");
		zclock_sleep(30);
	}
}

/* The next job; what it is given. */
static json_t *next_with(zsock_t *worker, char tag[160])
{
	json_t *request = worker_job(worker, tag);
	json_t *with = json_incref(json_object_get(request, "with"));

	assert_int_equal(json_integer_value(json_object_get(with, "every_s")), EVERY_S);
	json_decref(request);
	return with;
}

static void what_was_wrong_is_an_alarm_until_it_came_back(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = NULL;
	json_t *with = NULL;
	char reason[1024];
	char tag[160];

	rehearse_often(lab);
	publish(lab);
	worker = worker_open(lab, "rehearse", LAB_OURS("r"));
	with = next_with(worker, tag);
	assert_null(json_object_get(with, "again"));
	assert_null(json_object_get(with, "seed"));
	json_decref(with);
	worker_final(worker, tag, BAD);
	await_end(lab, "");
	alarm_of(lab, reason);
	assert_non_null(strstr(reason, "generation 2026-11-23T05-36-00Z would not come back whole: photos/7.jpg: its "
	                               "content is not what was recorded (and 2 more); `aob verify one --all`"));

	/* That what chance draws is good would not say that these are: they are asked for by their marks, with the whole sample that they were in. */
	with = next_with(worker, tag);
	assert_string_equal(json_string_value(json_object_get(with, "seed")), "18446744073709551615");
	assert_int_equal(json_array_size(json_object_get(with, "again")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(with, "again"), 0)), "00000000000000ab");
	assert_string_equal(json_string_value(json_array_get(json_object_get(with, "again"), 1)), "00000000000000cd");
	json_decref(with);

	/* Neither rubbish nor a failure says that it is over. */
	worker_final(worker, tag, REHEARSED("\"files\":3"));
	json_decref(next_with(worker, tag));
	worker_final(worker, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"refused\",\"message\":\"no room\"}}");
	await_end(lab, "refused");
	alarm_of(lab, reason);
	assert_string_not_equal(reason, "");

	json_decref(next_with(worker, tag));
	worker_final(worker, tag, GOOD);
	await_end(lab, "");
	alarm_of(lab, reason);
	assert_string_equal(reason, "");
	with = next_with(worker, tag);
	assert_null(json_object_get(with, "again"));
	json_decref(with);
	zsock_destroy(&worker);
}

static void a_person_tells_what_the_command_found(void **state)
{
	static const char verb[] = "{\"v\":1,\"verb\":\"rehearsed\",\"pipeline\":\"%s\",\"result\":%s}";
	struct lab *lab = *state;
	char body[1024];
	char reason[1024];

	(void)snprintf(body, sizeof(body), verb, "one", "{\"restorable\":false,\"wrong\":1}");
	json_decref(lab_ask(lab, body));
	alarm_of(lab, reason);
	assert_non_null(strstr(reason, "no reason was given"));
	(void)snprintf(body, sizeof(body), verb, "one", "{\"restorable\":true}");
	json_decref(lab_ask(lab, body));
	alarm_of(lab, reason);
	assert_string_equal(reason, "");
	(void)snprintf(body, sizeof(body), verb, "one", "{}");
	lab_refused(lab, body, "protocol");
	(void)snprintf(body, sizeof(body), verb, "one", "[1]");
	lab_refused(lab, body, "input");
	/* … and neither is a fault of the store, which would hold all up. */
	(void)snprintf(body, sizeof(body), verb, "one", "{\"restorable\":true}");
	json_decref(lab_ask(lab, body));
	(void)snprintf(body, sizeof(body), verb, "nobody", "{\"restorable\":true}");
	lab_refused(lab, body, "not-found");
}

static void a_worker_that_is_gone_is_not_waited_for(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = NULL;
	char reason[1024];
	char tag[160];

	lab_kill(lab, SIGKILL);
	(void)setenv("AOB_HURRY", "30", 1);
	lab_start(lab);
	(void)unsetenv("AOB_HURRY");
	rehearse_often(lab);
	publish(lab);
	worker = worker_open(lab, "rehearse", LAB_OURS("r"));
	json_decref(next_with(worker, tag));
	worker_send(worker, 6, NULL, NULL);
	zsock_destroy(&worker);
	await_end(lab, "link");
	alarm_of(lab, reason);
	assert_string_equal(reason, "");
	worker = worker_open(lab, "rehearse", LAB_OURS("r"));
	json_decref(next_with(worker, tag));
	worker_final(worker, tag, GOOD);
	await_end(lab, "");
	zsock_destroy(&worker);
}

/* In a path, half of its characters are not where a cut by bytes is. */
static void a_long_name_is_told_and_holds_up_nothing(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = NULL;
	char answer[2048];
	char path[512] = "x";
	char reason[1024];
	char tag[160];

	for (unsigned i = 0; i < 24; i++)
		(void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "фото/");
	(void)snprintf(answer, sizeof(answer),
	               REHEARSED("\"restorable\":false,\"wrong\":1,\"seed\":\"7\",\"faults\":[{\"path\":\"%sснимок"
	                         ".jpg\",\"reason\":\"y%s\",\"mark\":\"00000000000000ab\"}]"),
	               path, path);
	rehearse_often(lab);
	publish(lab);
	worker = worker_open(lab, "rehearse", LAB_OURS("r"));
	json_decref(next_with(worker, tag));
	worker_final(worker, tag, answer);
	/* The next one begins: nothing is held up. */
	json_decref(next_with(worker, tag));
	alarm_of(lab, reason);
	assert_non_null(strstr(reason, "would not come back whole: xфото/фото/"));
	assert_null(strstr(reason, "\\x"));
	zsock_destroy(&worker);
}

static void cancelled(struct lab *lab, char run[64])
{
	json_t *result = lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"one\"}");

	(void)snprintf(run, 64, "%s", json_string_value(json_object_get(result, "run")));
	json_decref(result);
}

/* Also while a run of the same pipeline is there, which ends in its own time. */
static void it_can_be_cancelled_behind_a_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = NULL;
	zsock_t *snapshots = NULL;
	char run[64];
	char first[64];
	char second[64];
	char tag[160];
	char care[160];

	rehearse_often(lab);
	publish(lab);
	worker = worker_open(lab, "rehearse", LAB_OURS("r"));
	json_decref(next_with(worker, care));
	snapshots = worker_open(lab, "snapshot", LAB_OURS("s"));
	lab_run(lab, "one", run);
	json_decref(worker_job(snapshots, tag));
	cancelled(lab, first);
	assert_string_equal(first, run);
	cancelled(lab, second);
	assert_memory_equal(second, care, strlen(second));
	lab_await(lab, run, "running", 0, "working");
	json_decref(worker_job(worker, tag)); /* which is the cancel */
	assert_string_equal(tag, care);
	worker_final(worker, care, "{\"status\":\"fail\",\"error\":{\"code\":\"cancelled\",\"message\":\"told\"}}");
	lab_await(lab, second, "cancelled", 0, "cancelled");
	zsock_destroy(&snapshots);
	zsock_destroy(&worker);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_wrong_is_an_alarm_until_it_came_back, lab_set_up,
		                                lab_tear_down),
		cmocka_unit_test_setup_teardown(a_person_tells_what_the_command_found, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(a_worker_that_is_gone_is_not_waited_for, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(a_long_name_is_told_and_holds_up_nothing, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(it_can_be_cancelled_behind_a_run, lab_set_up, lab_tear_down),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
