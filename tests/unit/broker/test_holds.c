/* A run that waits for its vault makes way for a newer change, unless much has crossed; below min_free the run ends, then the anchor goes. */
#include "broker_lab.h"

#define RETRY_LINK "{\"status\":\"retry\",\"error\":{\"code\":\"link\",\"message\":\"no route to the vault\"}}"

static json_t *report(struct lab *lab, int ctransid, const char *trigger)
{
	char body[400];
	json_t *answer = NULL;
	json_t *row = NULL;

	(void)snprintf(body, sizeof(body),
	               "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"idle\","
	               "\"reason\":\"told\",\"since\":1000,\"ctransid\":%d,\"trigger\":%s}]}",
	               ctransid, trigger);
	answer = lab_ask(lab, body);
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

/* Pipeline "one" of the status, the caller's. */
static json_t *status_of(struct lab *lab, const char *key)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *value = json_incref(json_object_get(json_array_get(json_object_get(status, "pipelines"), 0), key));

	json_decref(status);
	return value;
}

/* A snapshot is asked for, with this anchor, and made; run: of it. */
static void snapshot(zsock_t *worker, int ctransid, const char *uuid, const char *anchor, char run[64])
{
	char tag[160];
	char reply[300];
	json_t *request = worker_job(worker, tag);

	assert_string_equal(json_string_value(json_object_get(request, "anchor")), anchor);
	assert_false(json_is_true(json_object_get(request, "release")));
	json_decref(request);
	(void)snprintf(run, 64, "%.*s", (int)strcspn(tag, "/"), tag);
	(void)snprintf(reply, sizeof(reply),
	               "{\"status\":\"ok\",\"result\":{\"ctransid\":%d,\"source_uuid\":\"s\",\"state\":\"quiet\","
	               "\"uuid\":\"%s\",\"taken_at\":1000}}",
	               ctransid, uuid);
	worker_final(worker, tag, reply);
}

/* The transfer gets so far, then the link is gone. */
static void broken_transfer(zsock_t *worker, const char *progress)
{
	char tag[160];
	json_t *request = worker_job(worker, tag);

	assert_null(json_object_get(request, "anchor"));
	json_decref(request);
	if (progress != NULL)
		worker_send(worker, 3, tag, progress);
	worker_final(worker, tag, RETRY_LINK);
}

static void published(struct lab *lab, zsock_t *snapshots, zsock_t *transfers, int ctransid, const char *uuid)
{
	char tag[160];
	char run[64];

	assert_true(is_running(report(lab, ctransid, "\"idle\"")));
	snapshot(snapshots, ctransid, uuid, "", run);
	json_decref(worker_job(transfers, tag));
	worker_final(transfers, tag, "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}");
	lab_await(lab, run, "ok", 1, "ok");
}

static void a_newer_change_takes_the_place_of_a_waiting_run(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char first[64];
	char second[64];
	json_t *running = NULL;

	published(lab, snapshots, transfers, 5, "u5");
	assert_true(is_running(report(lab, 6, "\"idle\"")));
	snapshot(snapshots, 6, "u6", "u5", first);
	broken_transfer(transfers, "{\"done\":9,\"total\":1000}");
	lab_await(lab, first, "waiting", 1, "retry-wait");
	assert_false(
	        is_running(report(lab, 6, "\"idle\""))); /* the watcher may look on; the same state starts nothing */
	lab_await(lab, first, "waiting", 1, "retry-wait");
	(void)is_running(report(lab, 7, "\"idle\""));
	lab_await(lab, first, "superseded", 1, "superseded");
	snapshot(snapshots, 7, "u7", "u5", second);
	assert_string_not_equal(first, second);
	running = status_of(lab, "running");
	assert_string_equal(json_string_value(json_object_get(running, "run")), second);
	json_decref(running);
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

static void a_transfer_well_under_way_keeps_its_snapshot_also_after_a_restart(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char first[64];

	published(lab, snapshots, transfers, 5, "u5");
	assert_true(is_running(report(lab, 6, "\"idle\"")));
	snapshot(snapshots, 6, "u6", "u5", first);
	broken_transfer(transfers, "{\"done\":100,\"total\":1000}");
	lab_await(lab, first, "waiting", 1, "retry-wait");
	assert_true(is_running(report(lab, 7, "\"idle\"")));
	zsock_destroy(&transfers);
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	assert_true(is_running(report(lab, 7, "\"idle\"")));
	transfers = worker_open(lab, "transfer", NULL);
	broken_transfer(transfers, NULL);
	lab_await(lab, first, "waiting", 1, "retry-wait");
	assert_true(is_running(report(lab, 8, "\"idle\"")));
	lab_await(lab, first, "waiting", 1, "retry-wait");
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

static void a_first_copy_is_not_replaced_once_a_byte_has_crossed(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char run[64];

	assert_true(is_running(report(lab, 6, "\"idle\"")));
	snapshot(snapshots, 6, "u6", "", run);
	broken_transfer(transfers, "{\"done\":1,\"total\":1000000}");
	lab_await(lab, run, "waiting", 1, "retry-wait");
	assert_true(is_running(report(lab, 7, "\"idle\"")));
	lab_await(lab, run, "waiting", 1, "retry-wait");
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

/* No disk has that much free. */
static void want_all_the_room(struct lab *lab)
{
	char text[4096];
	char *at = NULL;
	FILE *file = fopen(lab->config, "re");
	size_t n = fread(text, 1, sizeof(text) - 1, file);

	text[n] = '\0';
	(void)fclose(file);
	at = strstr(text, "driver: btrfs }");
	assert_non_null(at);
	file = fopen(lab->config, "we");
	(void)fprintf(file, "%.*sdriver: btrfs, min_free: 1000000 TB }%s", (int)(at - text), text,
	              at + strlen("driver: btrfs }"));
	(void)fclose(file);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"reload\"}"));
}

/* The next event that is not a duplicate: one that happens before its subscription is answered comes twice, with the same id. */
static json_t *event(zsock_t *subscriber)
{
	static char last[64];
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	while (zclock_mono() < until) {
		char *topic = NULL;
		char *body = NULL;
		json_t *object = NULL;
		const char *id = NULL;

		if (zstr_recvx(subscriber, &topic, &body, NULL) != 2)
			continue;
		object = json_loads(body, 0, NULL);
		zstr_free(&topic);
		zstr_free(&body);
		id = json_string_value(json_object_get(object, "id"));
		assert_non_null(id);
		if (strcmp(id, last) != 0) {
			(void)snprintf(last, sizeof(last), "%s", id);
			return object;
		}
		json_decref(object);
	}
	fail_msg("no event");
	return NULL;
}

static void expect_event(zsock_t *subscriber, const char *kind, const char *uuid)
{
	json_t *object = event(subscriber);
	json_t *data = json_object_get(object, "data");

	assert_string_equal(json_string_value(json_object_get(object, "type")), "aob.snapshot.given-up");
	assert_string_equal(json_string_value(json_object_get(data, "kind")), kind);
	assert_string_equal(json_string_value(json_object_get(data, "snapshot_uuid")), uuid);
	json_decref(object);
}

/* The snapshotter is asked to make room; anchor: what stays. */
static void released(zsock_t *worker, const char *anchor)
{
	char tag[160];
	json_t *request = worker_job(worker, tag);

	assert_true(json_is_true(json_object_get(request, "release")));
	assert_string_equal(json_string_value(json_object_get(request, "anchor")), anchor);
	json_decref(request);
	worker_final(worker, tag, "{\"status\":\"ok\",\"result\":{\"removed\":[],\"removed_snapshots\":1}}");
}

static void below_min_free_the_run_is_given_up_and_then_the_anchor(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", LAB_OURS("t"));
	zsock_t *subscriber = zsock_new(ZMQ_SUB);
	char tag[160];
	char run[64];
	zmsg_t *cancel = NULL;
	json_t *last = NULL;

	zsock_set_subscribe(subscriber, "aob.one.snapshot.");
	zsock_set_rcvtimeo(subscriber, 100);
	assert_int_equal(zsock_connect(subscriber, "ipc://%s/run/events", lab->folder), 0);
	published(lab, snapshots, transfers, 5, "u5");
	assert_true(is_running(report(lab, 6, "\"idle\"")));
	snapshot(snapshots, 6, "u6", "u5", run);
	json_decref(worker_job(transfers, tag));
	want_all_the_room(lab);
	expect_event(subscriber, "run", "u6");
	cancel = worker_hear(transfers, LAB_WAIT_MS); /* the worker is told to stop */
	assert_non_null(cancel);
	zmsg_destroy(&cancel);
	worker_final(transfers, tag, "{\"status\":\"fail\",\"error\":{\"code\":\"cancelled\",\"message\":\"\"}}");
	lab_await(lab, run, "failed", 1, "failed");
	last = status_of(lab, "last_run");
	assert_non_null(
	        strstr(json_string_value(json_object_get(json_object_get(last, "error"), "message")), "given up: "));
	json_decref(last);
	released(snapshots, "u5");
	expect_event(subscriber, "anchor", "u5");
	released(snapshots, "");
	zsock_destroy(&subscriber);
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_newer_change_takes_the_place_of_a_waiting_run),
		LAB_TEST(a_transfer_well_under_way_keeps_its_snapshot_also_after_a_restart),
		LAB_TEST(a_first_copy_is_not_replaced_once_a_byte_has_crossed),
		LAB_TEST(below_min_free_the_run_is_given_up_and_then_the_anchor),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
