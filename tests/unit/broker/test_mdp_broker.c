/* Workers and clients of a real broker: what they send, wrong things too, and what must then be true. */
#include "broker_lab.h"

static void a_plain_majordomo_worker_does_a_job(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char tag[160];
	json_t *request = NULL;
	json_t *info = NULL;

	lab_run(lab, "three", run);
	request = worker_job(alpha, tag);
	assert_int_equal(json_integer_value(json_object_get(request, "v")), 1);
	assert_string_equal(json_string_value(json_object_get(request, "run")), run);
	assert_string_equal(json_string_value(json_object_get(request, "pipeline")), "three");
	assert_string_equal(json_string_value(json_object_get(request, "trigger")), "manual");
	assert_true(json_is_false(json_object_get(request, "dry_run")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(request, "vault"), "name")), "attic");
	assert_true(json_is_object(json_object_get(request, "with")));
	assert_int_equal(json_object_size(json_object_get(request, "results")), 0);
	json_decref(request);
	worker_send(alpha, 3, tag, "{\"done\":5,\"total\":10,\"files\":1,\"rate\":2,\"eta_s\":null,\"note\":\"x\"}");
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	info = lab_run_info(lab, run);
	assert_int_equal(json_integer_value(json_object_get(
	                         json_object_get(json_array_get(json_object_get(info, "steps"), 0), "result"), "n")),
	                 1);
	json_decref(info);
	zsock_destroy(&alpha);
}

static void steps_go_in_order_with_their_results_and_publish_a_generation(void **state)
{
	static const char snapshot[] =
	        "{\"status\":\"ok\",\"result\":{\"driver\":\"btrfs\",\"path\":\"/s\",\"snapshot\":\"/"
	        "s\",\"uuid\":\"u-1\","
	        "\"source_uuid\":\"s-1\",\"ctransid\":4711,\"taken_at\":1000,\"state\":\"quiet\",\"reused\":false}}";
	static const char transfer[] =
	        "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\",\"vault_id\":\"v\",\"files\":7,"
	        "\"bytes\":8,\"literal_bytes\":9,\"wire_sent\":10}}";
	struct lab *lab = *state;
	zsock_t *first = worker_open(lab, "snapshot", LAB_OURS("a"));
	zsock_t *second = worker_open(lab, "transfer", LAB_OURS("b"));
	char run[64];
	char tag[160];
	json_t *request = NULL;
	json_t *status = NULL;
	json_t *last_good = NULL;

	lab_run(lab, "one", run);
	worker_takes(first, 1, tag);
	worker_final(first, tag, snapshot);
	request = worker_job(second, tag);
	assert_int_equal(json_integer_value(json_object_get(
	                         json_object_get(json_object_get(request, "results"), "snapshot"), "ctransid")),
	                 4711);
	json_decref(request);
	worker_final(second, tag, transfer);
	lab_await(lab, run, "ok", 1, "ok");
	status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	last_good = json_object_get(json_array_get(json_object_get(status, "pipelines"), 0), "last_good");
	assert_string_equal(json_string_value(json_object_get(last_good, "generation")), "2026-11-23T05-36-00Z");
	assert_string_equal(json_string_value(json_object_get(last_good, "state")), "quiet");
	assert_string_equal(json_string_value(json_object_get(last_good, "snapshot_uuid")), "u-1");
	assert_int_equal(json_integer_value(json_object_get(last_good, "ctransid")), 4711);
	assert_int_equal(json_integer_value(json_object_get(last_good, "files")), 7);
	json_decref(status);
	zsock_destroy(&first);
	zsock_destroy(&second);
}

/* Each line is one message: frames separated by '|', \x escapes as C makes them. */
static void malformed_messages_are_dropped_and_the_broker_lives(void **state)
{
	static const char *const messages[] = {
		"",
		"|",
		"||||||||",
		"X",
		"MDPW02",
		"MDPC02",
		"MDPW01|\001|alpha",
		"MDPW02|",
		"MDPW02|\001",
		"MDPW02|\001|",
		"MDPW02|\001\001|alpha",
		"MDPW02|\001|al\npha",
		"MDPW02|\001|alpha|{",
		"MDPW02|\001|alpha|[]",
		"MDPW02|\001|alpha|{\"jobs\":[1]}",
		"MDPW02|\001|alpha|{}|{}",
		"MDPW02|\002|x||{}",
		"MDPW02|\003",
		"MDPW02|\004",
		"MDPW02|\004|x",
		"MDPW02|\004|x|",
		"MDPW02|\004|x|y|z",
		"MDPW02|\004|x||z|z",
		"MDPW02|\004|||",
		"MDPW02|\005|junk",
		"MDPW02|\006|junk",
		"MDPW02|\007",
		"MDPW02|\377",
		"MDPC02|\001",
		"MDPC02|\001|aob.broker",
		"MDPC02|\001|aob.broker|{}|{}",
		"MDPC02|\002|aob.broker|{}",
		"MDPC02|\003|aob.broker|{}",
		"MDPC02|\001||",
		"MDPW02|\001|aob.broker",
		"MDPW02|\001|mmi.service",
		"1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0",
	};
	struct lab *lab = *state;
	json_t *status = NULL;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		zsock_t *peer = lab_dealer(lab);
		zmsg_t *msg = zmsg_new();
		const char *at = messages[i];

		for (;;) {
			size_t n = strcspn(at, "|");

			(void)zmsg_addmem(msg, at, n);
			if (at[n] == '\0')
				break;
			at += n + 1;
		}
		assert_int_equal(zmsg_send(&msg, peer), 0);
		zsock_destroy(&peer);
	}
	status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	assert_int_equal(json_array_size(json_object_get(json_object_get(status, "broker"), "workers")), 0);
	json_decref(status);
}

static void wrong_verbs_are_refused_in_words(void **state)
{
	static const struct {
		const char *body, *code;
	} rows[] = {
		{ "", "input" },
		{ "x", "input" },
		{ "[]", "input" },
		{ "{}", "input" },
		{ "{\"v\":2,\"verb\":\"status\"}", "input" },
		{ "{\"v\":1}", "input" },
		{ "{\"v\":1,\"verb\":7}", "input" },
		{ "{\"v\":1,\"verb\":\"stauts\"}", "input" },
		{ "{\"v\":1,\"v\":1,\"verb\":\"status\"}", "input" },
		{ "{\"v\":1,\"verb\":\"run\"}", "input" },
		{ "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"nine\"}", "not-found" },
		{ "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"dry_run\":\"yes\"}", "input" },
		{ "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"dryrun\":true}", "input" },
		{ "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"trigger\":\"idle\"}", "input" },
		{ "{\"v\":1,\"verb\":\"run-stage\",\"pipeline\":\"one\",\"service\":\"prune\"}", "not-found" },
		{ "{\"v\":1,\"verb\":\"run-info\",\"run\":\"none\"}", "not-found" },
		{ "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"one\"}", "not-found" },
		{ "{\"v\":1,\"verb\":\"pause\",\"pipeline\":\"\\u001b[31m\"}", "not-found" },
		{ "{\"v\":1,\"verb\":\"watch-report\"}", "input" },
		{ "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{}]}", "input" },
		{ "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"odd\",\"reason\":"
		  "\"\","
		  "\"since\":1,\"ctransid\":1}]}",
		  "input" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		lab_refused(*state, rows[i].body, rows[i].code);
}

static void mmi_tells_which_services_are_there(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char text[64] = "";

	/* Its READY may take a while on a busy machine. */
	for (int i = 0; i < 50 && strcmp(text, "200") != 0; i++) {
		worker_idle(alpha, 200);
		json_decref(lab_ask_service(lab, "mmi.service", "alpha", text));
	}
	assert_string_equal(text, "200");
	json_decref(lab_ask_service(lab, "mmi.service", "beta", text));
	assert_string_equal(text, "404");
	json_decref(lab_ask_service(lab, "mmi.other", "alpha", text));
	assert_string_equal(text, "501");
	json_t *answer = lab_ask_service(lab, "alpha", "{}", NULL);

	assert_string_equal(json_string_value(json_object_get(answer, "status")), "fail");
	json_decref(answer);
	zsock_destroy(&alpha);
}

static void two_workers_share_the_work(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *b = worker_open(lab, "alpha", LAB_OURS("b"));
	char run_two[64];
	char run_three[64];
	char tag_a[160];
	char tag_b[160];

	lab_run(lab, "two", run_two);
	lab_run(lab, "three", run_three);
	worker_takes(a, 1, tag_a);
	worker_takes(b, 1, tag_b);
	assert_string_not_equal(tag_a, tag_b);
	worker_final(b, tag_a, LAB_OK); /* another's job: dropped */
	worker_idle(b, 300);
	lab_await(lab, run_two, "running", 0, "working");
	worker_final(a, tag_a, LAB_OK);
	worker_final(b, tag_b, LAB_OK);
	lab_await(lab, run_three, "ok", 0, "ok");
	lab_await(lab, run_two, "waiting", 1, "queued");
	zsock_destroy(&a);
	zsock_destroy(&b);
}

static void a_worker_that_says_goodbye_gives_its_job_back_at_once(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *b = NULL;
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(a, 1, tag);
	worker_send(a, 6, NULL, NULL);
	zsock_destroy(&a);
	b = worker_open(lab, "alpha", LAB_OURS("b"));
	worker_takes(b, 2, tag);
	worker_final(b, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&b);
}

static void a_lost_workers_job_goes_to_another_and_its_late_reply_is_dropped(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *b = NULL;
	char run[64];
	char late[160];
	char tag[160];
	char ready[400];
	json_t *cancel = NULL;
	json_t *info = NULL;

	lab_run(lab, "three", run);
	worker_takes(a, 1, late);
	b = worker_open(lab, "alpha", LAB_OURS("b"));
	worker_idle(b, 300);
	zsock_destroy(&a); /* killed: the lease runs from when the broker notices */
	worker_takes(b, 2, tag);
	(void)snprintf(ready, sizeof(ready),
	               "{\"worker\":\"a\",\"host\":\"a\",\"features\":[\"cancel\",\"reattach\"],\"jobs\":[\"%s\"]}",
	               late);
	a = worker_open(lab, "alpha", ready);
	cancel = worker_job(a, tag);
	assert_string_equal(tag, late);
	assert_true(strncmp(late, json_string_value(json_object_get(cancel, "cancel")), strlen(run)) == 0);
	json_decref(cancel);
	worker_final(a, late, "{\"status\":\"ok\",\"result\":{\"n\":666}}");
	worker_idle(a, 300);
	lab_await(lab, run, "running", 0, "working");
	(void)snprintf(tag, sizeof(tag), "%s/0#2", run);
	worker_final(b, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	info = lab_run_info(lab, run);
	assert_int_equal(json_integer_value(json_object_get(
	                         json_object_get(json_array_get(json_object_get(info, "steps"), 0), "result"), "n")),
	                 1);
	json_decref(info);
	zsock_destroy(&a);
	zsock_destroy(&b);
}

static void a_worker_started_anew_on_the_same_host_gets_the_job_without_waiting(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(a, 1, tag);
	zsock_destroy(&a);
	zclock_sleep(2700); /* noticed at the next heartbeat, while the lease still runs */
	a = worker_open(lab, "alpha", "{\"worker\":\"a-2\",\"host\":\"a\",\"jobs\":[]}");
	worker_takes(a, 2, tag);
	worker_final(a, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&a);
}

static void a_restarted_broker_takes_back_the_job_that_a_worker_has_in_hand(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *idle = NULL;
	char run[64];
	char tag[160];
	char ready[400];

	lab_run(lab, "three", run);
	worker_takes(a, 1, tag);
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	lab_await(lab, run, "running", 0, "working");
	idle = worker_open(lab, "alpha", "{\"worker\":\"other\",\"host\":\"a\",\"jobs\":[]}");
	worker_send(a, 5, NULL, NULL); /* the same connection, unknown to the new broker */
	worker_disconnected(a);
	zsock_destroy(&a);
	(void)snprintf(ready, sizeof(ready),
	               "{\"worker\":\"a\",\"host\":\"a\",\"features\":[\"reattach\"],\"jobs\":[\"%s\"]}", tag);
	a = worker_open(lab, "alpha", ready);
	worker_idle(a, 300);
	worker_idle(idle, LAB_LEASE_MS + 500);
	worker_final(a, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&a);
	zsock_destroy(&idle);
}

static void a_final_that_overtakes_the_ready_still_counts(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", LAB_OURS("a"));
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(a, 1, tag);
	lab_kill(lab, SIGKILL);
	worker_final(a, tag, LAB_OK); /* waits in the socket for the next broker */
	lab_start(lab);
	worker_disconnected(a);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&a);
}

static void a_job_that_nobody_brings_back_is_given_out_again_after_the_lease(void **state)
{
	struct lab *lab = *state;
	zsock_t *a = worker_open(lab, "alpha", NULL);
	char run[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(a, 1, tag);
	zsock_destroy(&a);
	lab_kill(lab, SIGTERM);
	lab_start(lab);
	a = worker_open(lab, "alpha", NULL);
	worker_takes(a, 2, tag);
	worker_final(a, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&a);
}

static void an_accepted_run_survives_kill_at_once(void **state)
{
	struct lab *lab = *state;
	char run[64];

	for (int i = 0; i < 3; i++) {
		lab_run(lab, "three", run);
		lab_kill(lab, SIGKILL);
		lab_start(lab);
		lab_await(lab, run, "waiting", 0, "queued");
	}
}

static void a_cancelled_worker_is_told_and_the_run_ends(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *omega = worker_open(lab, "omega", LAB_OURS("o"));
	char run[64];
	char tag[160];
	char told[160];
	json_t *cancel = NULL;

	lab_run(lab, "two", run);
	worker_takes(alpha, 1, tag);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"two\"}"));
	cancel = worker_job(alpha, told);
	assert_string_equal(told, tag);
	assert_non_null(json_object_get(cancel, "cancel"));
	json_decref(cancel);
	worker_final(alpha, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"cancelled\",\"message\":\"stopped\"}}");
	worker_takes(omega, 1, tag); /* on: always */
	lab_await(lab, run, "running", 1, "skipped");
	worker_final(omega, tag, LAB_OK);
	lab_await(lab, run, "cancelled", 0, "cancelled");
	zsock_destroy(&alpha);
	zsock_destroy(&omega);
}

static void a_plain_worker_cannot_be_told_so_the_run_ends_without_it(void **state)
{
	struct lab *lab = *state;
	zsock_t *alpha = worker_open(lab, "alpha", NULL);
	char run[64];
	char again[64];
	char tag[160];

	lab_run(lab, "three", run);
	worker_takes(alpha, 1, tag);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"cancel\",\"pipeline\":\"three\"}"));
	lab_await(lab, run, "cancelled", 0, "cancelled");
	lab_run(lab, "three", again);
	worker_idle(alpha, 500); /* still busy with the old one */
	worker_final(alpha, tag, LAB_OK);
	worker_takes(alpha, 1, tag);
	worker_final(alpha, tag, LAB_OK);
	lab_await(lab, again, "ok", 0, "ok");
	lab_await(lab, run, "cancelled", 0, "cancelled");
	zsock_destroy(&alpha);
}

static void unexpected_commands_are_answered_by_disconnect(void **state)
{
	struct lab *lab = *state;
	zsock_t *peer = lab_dealer(lab);

	worker_send(peer, 5, NULL, NULL);
	worker_disconnected(peer);
	zsock_destroy(&peer);
	peer = worker_open(lab, "alpha", NULL);
	worker_final(peer, "nothing/0#1", LAB_OK);
	worker_disconnected(peer);
	zsock_destroy(&peer);
	peer = worker_open(lab, "alpha", NULL);
	worker_send(peer, 1, NULL, "alpha");
	worker_disconnected(peer);
	zsock_destroy(&peer);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_plain_majordomo_worker_does_a_job),
		LAB_TEST(steps_go_in_order_with_their_results_and_publish_a_generation),
		LAB_TEST(malformed_messages_are_dropped_and_the_broker_lives),
		LAB_TEST(wrong_verbs_are_refused_in_words),
		LAB_TEST(mmi_tells_which_services_are_there),
		LAB_TEST(two_workers_share_the_work),
		LAB_TEST(a_worker_that_says_goodbye_gives_its_job_back_at_once),
		LAB_TEST(a_lost_workers_job_goes_to_another_and_its_late_reply_is_dropped),
		LAB_TEST(a_worker_started_anew_on_the_same_host_gets_the_job_without_waiting),
		LAB_TEST(a_restarted_broker_takes_back_the_job_that_a_worker_has_in_hand),
		LAB_TEST(a_final_that_overtakes_the_ready_still_counts),
		LAB_TEST(a_job_that_nobody_brings_back_is_given_out_again_after_the_lease),
		LAB_TEST(an_accepted_run_survives_kill_at_once),
		LAB_TEST(a_cancelled_worker_is_told_and_the_run_ends),
		LAB_TEST(a_plain_worker_cannot_be_told_so_the_run_ends_without_it),
		LAB_TEST(unexpected_commands_are_answered_by_disconnect),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
