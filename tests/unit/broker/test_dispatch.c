/* Whose job goes to whom: to workers of the host that has the source, to any idle one where no host is said, and no more transfers to a vault at a time than it takes. */
#include "broker_lab.h"

static const char more_yaml[] =
        "broker:\n"
        "  endpoint: ipc://%1$s/run/broker\n"
        "  events: ipc://%1$s/run/events\n"
        "  state: %1$s/state.db\n"
        "host: hub\n"
        "vaults:\n"
        "  attic: { path: %1$s/attic }\n"
        "  thin: { path: %1$s/thin, transfers: 1 }\n"
        "pipelines:\n"
        "  any: { source: %1$s/one, vault: attic, watch: off, stages: [alpha] }\n"
        "  more: { source: %1$s/one, vault: attic, watch: off, stages: [alpha] }\n"
        "  far: { source: %1$s/one, host: nas2, vault: attic, stages: [snapshot, alpha] }\n"
        "  here: { source: %1$s/two, host: Hub, vault: attic, stages: [snapshot] }\n"
        "  first: { source: %1$s/two, vault: thin, watch: off, stages: [snapshot, transfer] }\n"
        "  second: { source: %1$s/three, vault: thin, watch: off, stages: [snapshot, transfer] }\n"
        "  third: { source: %1$s/three, vault: attic, watch: off, stages: [snapshot, transfer] }\n";

static int set_up(void **state)
{
	if (lab_set_up(state) != 0)
		return -1;
	LAB_CONFIGURE((struct lab *)*state, more_yaml);
	lab_reload(*state);
	return 0;
}

static json_t *status_of(struct lab *lab, const char *pipeline)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *found = NULL;
	json_t *one = NULL;
	size_t i;

	json_array_foreach(json_object_get(status, "pipelines"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "name")), pipeline) == 0)
			found = json_incref(one);
	}
	json_decref(status);
	assert_non_null(found);
	return found;
}

static void waits_for(struct lab *lab, const char *pipeline, const char *text)
{
	json_t *one = status_of(lab, pipeline);
	const char *told = json_string_value(json_object_get(one, "waits_for"));

	assert_string_equal(told != NULL ? told : "nothing", text);
	json_decref(one);
}

#define AT(name, host)                                                                                                 \
	"{\"worker\":\"" name "\",\"host\":\"" host "\",\"features\":[\"cancel\",\"reattach\"],\"jobs\":[]}"

static void test_only_to_its_host(void **state)
{
	struct lab *lab = *state;
	zsock_t *plain = worker_open(lab, "snapshot", NULL);
	zsock_t *other = worker_open(lab, "snapshot", AT("s", "hub"));
	zsock_t *own = NULL;
	zsock_t *alpha = worker_open(lab, "alpha", AT("a", "hub"));
	zsock_t *own_alpha = NULL;
	char run[64];
	char tag[160];
	json_t *one;

	lab_run(lab, "far", run);
	worker_idle(plain, 300);
	worker_idle(other, 300);
	waits_for(lab, "far",
	          "the step `snapshot` waits for a worker of host nas2, and none of that service is connected from "
	          "there; "
	          "start one there, or, if that machine is no more, cancel the run (aob cancel)");
	one = status_of(lab, "far");
	assert_string_equal(json_string_value(json_object_get(one, "host")), "nas2");
	json_decref(one);
	own = worker_open(lab, "snapshot", AT("s2", "NAS2"));
	worker_takes(own, 1, tag);
	worker_final(own, tag, LAB_OK);
	/* So does each further stage. */
	worker_idle(alpha, 300);
	own_alpha = worker_open(lab, "alpha", AT("a2", "nas2"));
	worker_takes(own_alpha, 1, tag);
	worker_final(own_alpha, tag, LAB_OK);
	lab_await(lab, run, "ok", 1, "ok");
	one = status_of(lab, "any");
	assert_true(json_is_null(json_object_get(one, "host")));
	json_decref(one);
	zsock_destroy(&own_alpha);
	zsock_destroy(&alpha);
	zsock_destroy(&own);
	zsock_destroy(&other);
	zsock_destroy(&plain);
}

/* Without `host` nobody knows which machine's folder is meant, where several would do; other stages may be done anywhere. */
static void test_no_host_and_workers_on_two(void **state)
{
	struct lab *lab = *state;
	zsock_t *one = worker_open(lab, "snapshot", AT("s", "hub"));
	zsock_t *other = worker_open(lab, "snapshot", AT("s2", "nas2"));
	zsock_t *alpha = worker_open(lab, "alpha", AT("a", "hub"));
	zsock_t *other_alpha = worker_open(lab, "alpha", AT("a2", "nas2"));
	char run[64];
	char tag[160];

	lab_run(lab, "third", run);
	worker_idle(one, 300);
	worker_idle(other, 300);
	waits_for(lab, "third",
	          "the step `snapshot` waits: workers on several machines would take it, and the same path may be "
	          "another "
	          "folder there; say on which the source lies, by `host:` of the pipeline");
	lab_run(lab, "any", run);
	lab_await(lab, run, "running", 0, "working"); /* whichever of them has it */
	/* One of them has gone: then it is clear. */
	worker_send(other, MDPW_DISCONNECT, NULL, NULL);
	worker_takes(one, 1, tag);
	zsock_destroy(&other_alpha);
	zsock_destroy(&alpha);
	zsock_destroy(&other);
	zsock_destroy(&one);
}

/* Its worker is cut off in the middle; a worker elsewhere is idle; one of that host comes, and then the lost one. */
static void test_a_host_that_is_cut_off(void **state)
{
	struct lab *lab = *state;
	zsock_t *other = worker_open(lab, "snapshot", AT("s", "hub"));
	zsock_t *lost = worker_open(lab, "snapshot", AT("s2", "nas2"));
	zsock_t *next = NULL;
	char again[400];
	char run[64];
	char tag[160];
	zmsg_t *msg;

	lab_run(lab, "far", run);
	worker_takes(lost, 1, tag);
	/* Nothing more is heard of it, as if the network had gone. */
	zsock_destroy(&lost);
	zclock_sleep(LAB_LEASE_MS);
	lab_await(lab, run, "waiting", 0, "queued");
	worker_idle(other, 1000);
	next = worker_open(lab, "snapshot", AT("s3", "nas2"));
	worker_takes(next, 2, again);
	/* The late one has attempt 1 in hand: it is told to stop, and what it says counts no more. */
	(void)snprintf(again, sizeof(again),
	               "{\"worker\":\"s2\",\"host\":\"nas2\",\"features\":[\"cancel\",\"reattach\"],\"jobs\":[\"%s\"]}",
	               tag);
	lost = worker_open(lab, "snapshot", again);
	msg = worker_hear(lost, LAB_WAIT_MS);
	assert_non_null(msg);
	(void)zmsg_first(msg);
	assert_int_equal(zframe_data(zmsg_next(msg))[0], 2);
	zmsg_destroy(&msg);
	worker_final(lost, tag, LAB_OK);
	lab_await(lab, run, "running", 0, "working");
	worker_idle(other, 300);
	zsock_destroy(&next);
	zsock_destroy(&lost);
	zsock_destroy(&other);
}

/* And one that is back before anybody else of its host goes on with what it has, though it was given up. */
static void test_back_late_but_alone(void **state)
{
	struct lab *lab = *state;
	zsock_t *other = worker_open(lab, "snapshot", AT("s", "hub"));
	zsock_t *lost = worker_open(lab, "snapshot", AT("s2", "nas2"));
	char again[400];
	char run[64];
	char tag[160];

	lab_run(lab, "far", run);
	worker_takes(lost, 1, tag);
	zsock_destroy(&lost);
	zclock_sleep(LAB_LEASE_MS);
	lab_await(lab, run, "waiting", 0, "queued");
	(void)snprintf(again, sizeof(again),
	               "{\"worker\":\"s2\",\"host\":\"nas2\",\"features\":[\"cancel\",\"reattach\"],\"jobs\":[\"%s\"]}",
	               tag);
	lost = worker_open(lab, "snapshot", again);
	lab_await(lab, run, "running", 0, "working");
	worker_final(lost, tag, LAB_OK);
	lab_await(lab, run, "waiting", 1, "queued");
	worker_idle(other, 300);
	zsock_destroy(&lost);
	zsock_destroy(&other);
}

/* Of several workers of a service each may take the next job, the one that has rested longest first. */
static void test_any_idle_one(void **state)
{
	struct lab *lab = *state;
	zsock_t *one = worker_open(lab, "alpha", AT("a1", "nas1"));
	zsock_t *two = NULL;
	char any[64];
	char more[64];
	char tag_one[160];
	char tag_two[160];

	lab_run(lab, "any", any);
	worker_takes(one, 1, tag_one);
	two = worker_open(lab, "alpha", NULL); /* where it is is not known, and nobody asks */
	lab_run(lab, "more", more);
	worker_takes(two, 1, tag_two);
	worker_final(one, tag_one, LAB_OK);
	lab_await(lab, any, "ok", 0, "ok");
	lab_run(lab, "any", any);
	worker_takes(one, 1, tag_one);
	worker_final(two, tag_two, LAB_OK);
	lab_await(lab, more, "ok", 0, "ok");
	worker_final(one, tag_one, LAB_OK);
	lab_await(lab, any, "ok", 0, "ok");
	lab_run(lab, "more", more);
	worker_takes(two, 1, tag_two); /* the other one was busy last */
	worker_idle(one, 200);
	worker_final(two, tag_two, LAB_OK);
	lab_await(lab, more, "ok", 0, "ok");
	zsock_destroy(&one);
	zsock_destroy(&two);
}

/* A run of the transfer alone. */
static void transfer(struct lab *lab, const char *pipeline, char run[64])
{
	char body[200];
	json_t *result;

	(void)snprintf(body, sizeof(body),
	               "{\"v\":1,\"verb\":\"run-stage\",\"pipeline\":\"%s\",\"service\":\"transfer\"}", pipeline);
	result = lab_ask(lab, body);
	(void)snprintf(run, 64, "%s", json_string_value(json_object_get(result, "run")));
	json_decref(result);
}

static void test_a_vault_takes_one_at_a_time(void **state)
{
	struct lab *lab = *state;
	zsock_t *one = worker_open(lab, "transfer", AT("t1", "nas1"));
	zsock_t *two = NULL;
	char run[64];
	char next[64];
	char tag[160];
	char tag_third[160];

	transfer(lab, "first", run);
	worker_takes(one, 1, tag);
	two = worker_open(lab, "transfer", AT("t2", "nas1"));
	transfer(lab, "second", next);
	worker_idle(two, 300);
	waits_for(lab, "second", "the step `transfer` waits for its turn: the vault thin takes 1 transfer at a time");
	/* Whoever goes elsewhere is not held up by that. */
	transfer(lab, "third", next);
	worker_takes(two, 1, tag_third);
	waits_for(lab, "second", "the step `transfer` waits for its turn: the vault thin takes 1 transfer at a time");
	worker_final(one, tag, LAB_OK);
	worker_takes(one, 1, tag);
	assert_null(strstr(tag, next));
	worker_final(one, tag, LAB_OK);
	worker_final(two, tag_third, LAB_OK);
	lab_await(lab, next, "ok", 0, "ok");
	zsock_destroy(&one);
	zsock_destroy(&two);
}

/* ---- watchers */

static void is_asked_of(struct lab *lab, const char *host, const char *names)
{
	char body[200];
	char told[200] = "";
	json_t *answer;
	json_t *one = NULL;
	size_t i;

	(void)snprintf(body, sizeof(body), "{\"v\":1,\"verb\":\"watch-report\",%s\"sources\":[]}", host);
	answer = lab_ask(lab, body);
	json_array_foreach(json_object_get(answer, "pipelines"), i, one)
	{
		(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s ",
		               json_string_value(json_object_get(one, "pipeline")),
		               json_is_true(json_object_get(one, "room")) ? "(room)" : "");
	}
	assert_string_equal(told, names);
	json_decref(answer);
}

static void test_a_watcher_has_its_hosts_sources(void **state)
{
	struct lab *lab = *state;
	json_t *one;

	is_asked_of(lab, "\"host\":\"nas2\",", "far(room) ");
	is_asked_of(lab, "\"host\":\"hub\",", "here ");
	is_asked_of(lab, "\"host\":\"nas3\",", "");
	is_asked_of(lab, "", "");
	/* And nobody else's word counts. */
	json_decref(lab_ask(
	        lab, "{\"v\":1,\"verb\":\"watch-report\",\"host\":\"hub\",\"sources\":[{\"pipeline\":\"far\",\"state\":"
	             "\"unknown\",\"reason\":\"not there\",\"since\":1,\"ctransid\":0,\"trigger\":null}]}"));
	one = status_of(lab, "far");
	assert_string_equal(json_string_value(json_object_get(json_object_get(one, "watch"), "reason")),
	                    "no word from the watcher of host nas2; is aob-watcher running there?");
	json_decref(one);
	json_decref(lab_ask(
	        lab,
	        "{\"v\":1,\"verb\":\"watch-report\",\"host\":\"nas2\",\"sources\":[{\"pipeline\":\"far\",\"state\":"
	        "\"unknown\",\"reason\":\"not there\",\"since\":1,\"ctransid\":0,\"trigger\":null}]}"));
	one = status_of(lab, "far");
	assert_string_equal(json_string_value(json_object_get(json_object_get(one, "watch"), "reason")), "not there");
	json_decref(one);
}

#define REPORT(room)                                                                                                   \
	"{\"v\":1,\"verb\":\"watch-report\",\"host\":\"nas2\",\"sources\":[{\"pipeline\":\"far\",\"state\":"           \
	"\"active\","                                                                                                  \
	"\"reason\":\"\",\"since\":1,\"ctransid\":7,\"trigger\":null,\"room\":" room "}]}"

/* min_free of a disk that this broker can't see: what its watcher tells of it counts, and the snapshotter there makes room. */
static void test_a_far_disk_that_is_full(void **state)
{
	struct lab *lab = *state;
	zsock_t *near = worker_open(lab, "snapshot", AT("s", "hub"));
	zsock_t *far = worker_open(lab, "snapshot", AT("s2", "nas2"));
	json_t *request;
	char tag[160];

	json_decref(lab_ask(lab, REPORT("{\"free_bytes\":900000000000,\"total_bytes\":1000000000000,\"filesystem\":"
	                                "\"00112233445566778899aabbccddeeff\"}")));
	lab_reload(lab); /* so that the disks are looked at now */
	worker_idle(far, 1500);
	json_decref(lab_ask(lab, REPORT("{\"free_bytes\":1000000,\"total_bytes\":1000000000000,\"filesystem\":"
	                                "\"00112233445566778899aabbccddeeff\"}")));
	lab_reload(lab);
	request = worker_job(far, tag);
	assert_string_equal(json_string_value(json_object_get(request, "pipeline")), "far");
	assert_true(json_is_true(json_object_get(request, "release")));
	json_decref(request);
	worker_final(far, tag, "{\"status\":\"ok\",\"result\":{\"removed_snapshots\":0}}");
	zsock_destroy(&near);
	zsock_destroy(&far);
}

static void test_how_full_a_far_disk_is(void **state)
{
	struct lab *lab = *state;

	json_decref(lab_ask(lab, REPORT("null")));
	json_decref(lab_ask(
	        lab,
	        REPORT("{\"free_bytes\":5,\"total_bytes\":9,\"filesystem\":\"00112233445566778899aabbccddeeff\"}")));
	lab_refused(lab, REPORT("{\"free_bytes\":5,\"total_bytes\":9,\"filesystem\":\"0011\"}"), "input");
	lab_refused(lab,
	            REPORT("{\"free_bytes\":-5,\"total_bytes\":9,\"filesystem\":\"00112233445566778899aabbccddeeff\"}"),
	            "input");
	lab_refused(lab, REPORT("7"), "input");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_to_its_host, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_no_host_and_workers_on_two, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_a_host_that_is_cut_off, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_back_late_but_alone, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_any_idle_one, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_a_vault_takes_one_at_a_time, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_a_watcher_has_its_hosts_sources, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_how_full_a_far_disk_is, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(test_a_far_disk_that_is_full, set_up, lab_tear_down),
	};

	if (argc > 1 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
