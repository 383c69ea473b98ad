/* Overdue is known with every stage dead, across restarts, and is over with a newer generation; failures likewise. Totals, space and forecast follow. */
#include "broker_lab.h"

#include <sqlite3.h>

static const char ages_yaml[] =
        "broker:\n  endpoint: ipc://%1$s/run/broker\n  events: ipc://%1$s/run/events\n  state: %1$s/state.db\n"
        "vaults: { attic: { path: %1$s/attic }, cellar: { path: %1$s/cellar } }\n"
        "pipelines:\n"
        "  one: { source: %1$s/one, vault: %3$s, max_age: %2$s, stages: [snapshot, transfer] }\n"
        "  two: { source: %1$s/two, vault: attic, watch: off, max_age: never, stages: [alpha] }\n";

static struct lab *open_lab(void **state, const char *max_age)
{
	struct lab *lab = *state;
	FILE *file = fopen(lab->config, "we");

	assert_non_null(file);
	(void)fprintf(file, ages_yaml, lab->folder, max_age, "attic");
	assert_int_equal(fclose(file), 0);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}")); /* it is up, so that it hears the signal */
	lab_kill(lab, SIGTERM);
	lab_start(lab);
	return lab;
}

static void configure(struct lab *lab, const char *max_age, const char *vault)
{
	FILE *file = fopen(lab->config, "we");

	assert_non_null(file);
	(void)fprintf(file, ages_yaml, lab->folder, max_age, vault);
	assert_int_equal(fclose(file), 0);
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"reload\"}"));
}

static void set_max_age(struct lab *lab, const char *max_age)
{
	configure(lab, max_age, "attic");
}

/* A member of a pipeline's status, the caller's. */
static json_t *status_of(struct lab *lab, size_t pipeline, const char *key)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *value =
	        json_incref(json_object_get(json_array_get(json_object_get(status, "pipelines"), pipeline), key));

	json_decref(status);
	return value;
}

static bool is_overdue(struct lab *lab)
{
	json_t *overdue = status_of(lab, 0, "overdue");
	bool is = json_is_object(overdue);

	json_decref(overdue);
	return is;
}

static void await_overdue(struct lab *lab, bool expected)
{
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	while (is_overdue(lab) != expected) {
		if (zclock_mono() > until)
			fail_msg("it is not %soverdue", expected ? "" : "un");
		zclock_sleep(50);
	}
}

/* The kinds in force, as "failed,overdue". */
static void assert_alarms(struct lab *lab, size_t pipeline, const char *expected)
{
	json_t *alarms = status_of(lab, pipeline, "alarms");
	char kinds[200] = "";
	size_t i;
	json_t *alarm;

	json_array_foreach(alarms, i, alarm)
	{
		(void)snprintf(kinds + strlen(kinds), sizeof(kinds) - strlen(kinds), "%s%s", i > 0 ? "," : "",
		               json_string_value(json_object_get(alarm, "kind")));
		assert_true(json_integer_value(json_object_get(alarm, "since")) > 0);
	}
	json_decref(alarms);
	assert_string_equal(kinds, expected);
}

static void assert_number(json_t *object, const char *key, json_int_t expected)
{
	if (json_integer_value(json_object_get(object, key)) != expected)
		fail_msg("%s is %lld, not %lld", key, (long long)json_integer_value(json_object_get(object, key)),
		         (long long)expected);
}

static void reports(struct lab *lab, const char *state, int ctransid)
{
	char body[300];

	(void)snprintf(body, sizeof(body),
	               "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[{\"pipeline\":\"one\",\"state\":\"%s\","
	               "\"reason\":\"told\","
	               "\"since\":1000,\"ctransid\":%d,\"trigger\":null}]}",
	               state, ctransid);
	json_decref(lab_ask(lab, body));
}

/* A whole run of "one" that publishes a generation. brake: what the transfer says of the vault's brake, members of JSON; "". */
static void publish_with(struct lab *lab, int ctransid, const char *generation, const char *brake)
{
	zsock_t *snapshotter = worker_open(lab, "snapshot", LAB_OURS("s"));
	zsock_t *transfer = worker_open(lab, "transfer", LAB_OURS("t"));
	char run[64];
	char tag[160];
	char reply[800];
	json_t *request = NULL;

	lab_run(lab, "one", run);
	json_decref(worker_job(snapshotter, tag));
	(void)snprintf(reply, sizeof(reply),
	               "{\"status\":\"ok\",\"result\":{\"ctransid\":%d,\"uuid\":\"u\",\"source_uuid\":\"s\",\"state\":"
	               "\"quiet\",\"taken_at\":%lld,"
	               "\"source_free_bytes\":10,\"source_total_bytes\":100}}",
	               ctransid, (long long)time(NULL));
	worker_final(snapshotter, tag, reply);
	request = worker_job(transfer, tag);
	assert_number(request, "brake", 50);
	json_decref(request);
	(void)snprintf(
	        reply, sizeof(reply),
	        "{\"status\":\"ok\",\"result\":{%s\"generation\":\"%s\",\"literal_bytes\":1000,\"matched_bytes\":"
	        "50,\"wire_sent\":4000000,"
	        "\"wire_received\":7,\"seconds\":4,\"vault_free_bytes\":20,\"vault_total_bytes\":200}}",
	        brake, generation);
	worker_final(transfer, tag, reply);
	lab_await(lab, run, "ok", 1, "ok");
	worker_send(snapshotter, 6, NULL, NULL); /* DISCONNECT */
	worker_send(transfer, 6, NULL, NULL);
	zsock_destroy(&snapshotter);
	zsock_destroy(&transfer);
}

static void publish(struct lab *lab, int ctransid, const char *generation)
{
	publish_with(lab, ctransid, generation, "");
}

static void hear(zsock_t *events, const char *topic, json_t **data)
{
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	while (zclock_mono() < until) {
		zmsg_t *msg = zmsg_recv(events);
		bool good = msg != NULL && zframe_streq(zmsg_first(msg), topic);
		zframe_t *frame = good ? zmsg_next(msg) : NULL;
		json_t *event = good ? json_loadb((const char *)zframe_data(frame), zframe_size(frame), 0, NULL) : NULL;

		zmsg_destroy(&msg);
		if (!good)
			continue;
		*data = json_incref(json_object_get(event, "data"));
		json_decref(event);
		return;
	}
	fail_msg("no event %s", topic);
}

static zsock_t *subscribe(struct lab *lab)
{
	zsock_t *socket = zsock_new(ZMQ_SUB);

	zsock_set_rcvtimeo(socket, 100);
	zsock_set_subscribe(socket, "aob.");
	assert_int_equal(zsock_connect(socket, "ipc://%s/run/events", lab->folder), 0);
	return socket;
}

static void assert_null_member(struct lab *lab, const char *key, bool expected)
{
	json_t *value = status_of(lab, 0, key);

	if (json_is_null(value) != expected)
		fail_msg("%s is %snull", key, expected ? "not " : "");
	json_decref(value);
}

/* What the watcher is told is in the vault. */
static json_int_t published_ctransid(struct lab *lab)
{
	json_t *watched = lab_ask(lab, "{\"v\":1,\"verb\":\"watch-report\",\"sources\":[]}");
	json_t *one = json_array_get(json_object_get(watched, "pipelines"), 0);
	json_int_t ctransid = json_integer_value(json_object_get(one, "last_ctransid"));

	json_decref(watched);
	return ctransid;
}

static void what_lies_in_another_vault_makes_nothing_safe_in_this_one(void **state)
{
	struct lab *lab = open_lab(state, "1h");

	publish(lab, 5, "2026-11-23T05-36-00Z");
	assert_null_member(lab, "last_good", false);
	assert_null_member(lab, "age_s", false);
	assert_int_equal(published_ctransid(lab), 5);
	configure(lab, "1h", "cellar");
	assert_null_member(lab, "last_good", true);
	assert_null_member(lab, "age_s", true);
	assert_int_equal(published_ctransid(lab), 0); /* so that a source at rest is copied there */
	configure(lab, "1h", "attic");
	assert_null_member(lab, "last_good", false);
	assert_null_member(lab, "age_s", false);
	configure(lab, "2s", "cellar");
	await_overdue(lab, true);
}

/* Somebody else holds the store's write lock: each change fails, while all can be read. */
static void overdue_is_told_also_while_the_store_takes_nothing(void **state)
{
	struct lab *lab = open_lab(state, "2s");
	sqlite3 *store = NULL;
	char path[300];

	publish(lab, 5, "2026-11-23T05-36-00Z");
	assert_false(is_overdue(lab));
	(void)snprintf(path, sizeof(path), "%s/state.db", lab->folder);
	assert_int_equal(sqlite3_open(path, &store), SQLITE_OK);
	assert_int_equal(sqlite3_exec(store, "PRAGMA busy_timeout=5000; BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	await_overdue(lab, true);
	assert_alarms(lab, 0, "overdue");
	assert_int_equal(sqlite3_exec(store, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(store), SQLITE_OK);
}

static void nothing_lives_but_the_broker_and_it_knows(void **state)
{
	struct lab *lab = open_lab(state, "2s");
	zsock_t *events = subscribe(lab);
	json_t *data = NULL;
	json_t *overdue = NULL;
	json_t *age = status_of(lab, 0, "age_s");

	assert_true(json_is_null(age)); /* nothing lies in the vault */
	json_decref(age);
	await_overdue(lab, true);
	hear(events, "aob.one.pipeline.overdue", &data);
	assert_number(data, "max_age_s", 2);
	assert_true(json_is_null(json_object_get(data, "last_good_at")));
	assert_string_equal(json_string_value(json_object_get(data, "reason")),
	                    "no word from the watcher; is aob-watcher running?");
	json_decref(data);
	assert_alarms(lab, 0, "overdue");
	assert_alarms(lab, 1, "");
	/* Killed: it is still known, since when, too, and is not told anew. */
	overdue = status_of(lab, 0, "overdue");
	lab_kill(lab, SIGKILL);
	zclock_sleep(1100);
	lab_start(lab);
	data = status_of(lab, 0, "overdue");
	assert_true(json_equal(json_object_get(overdue, "since"), json_object_get(data, "since")));
	assert_true(json_integer_value(json_object_get(data, "age_s")) >
	            json_integer_value(json_object_get(overdue, "age_s")));
	json_decref(data);
	json_decref(overdue);
	/* A generation ends it. */
	publish(lab, 7, "2026-11-23T05-36-00Z");
	await_overdue(lab, false);
	hear(events, "aob.one.pipeline.recovered", &data);
	assert_string_equal(json_string_value(json_object_get(data, "was")), "overdue");
	assert_string_equal(json_string_value(json_object_get(data, "generation")), "2026-11-23T05-36-00Z");
	assert_int_equal(json_array_size(json_object_get(data, "still")), 0);
	json_decref(data);
	/* And it gets old again. */
	await_overdue(lab, true);
	zsock_destroy(&events);
}

static void an_unchanged_source_does_not_age(void **state)
{
	struct lab *lab = open_lab(state, "3s");
	int64_t until;
	json_t *age = NULL;

	publish(lab, 7, "2026-11-23T05-36-00Z");
	for (until = zclock_mono() + 6000; zclock_mono() < until; zclock_sleep(200)) {
		reports(lab, "unchanged", 7);
		assert_false(is_overdue(lab));
	}
	/* Also over a restart, until the watcher's next word. */
	lab_kill(lab, SIGTERM);
	lab_start(lab);
	assert_false(is_overdue(lab));
	reports(lab, "unchanged", 7);
	zclock_sleep(1500);
	age = status_of(lab, 0, "age_s");
	assert_in_range(json_integer_value(age), 0, 2);
	json_decref(age);
	reports(lab, "active", 8);
	await_overdue(lab, true);
	age = status_of(lab, 0, "waits_for");
	assert_string_equal(json_string_value(age), "the source has to come to rest: told");
	json_decref(age);
	reports(lab, "unchanged", 7);
	await_overdue(lab, false);
}

static void a_reload_counts_at_once(void **state)
{
	struct lab *lab = open_lab(state, "1h");

	assert_false(is_overdue(lab));
	set_max_age(lab, "1s");
	await_overdue(lab, true);
	set_max_age(lab, "never");
	await_overdue(lab, false);
	assert_alarms(lab, 0, "");
}

static void a_failure_is_in_force_until_a_run_goes_well(void **state)
{
	struct lab *lab = open_lab(state, "1h");
	zsock_t *worker = worker_open(lab, "alpha", LAB_OURS("a"));
	zsock_t *events = subscribe(lab);
	json_t *data = NULL;
	json_t *totals = NULL;
	char run[64];
	char tag[160];

	for (int i = 0; i < 2; i++) {
		lab_run(lab, "two", run);
		worker_takes(worker, 1, tag);
		worker_final(worker, tag,
		             "{\"status\":\"fail\",\"error\":{\"code\":\"config\",\"message\":\"no such colour\"}}");
		lab_await(lab, run, "failed", 0, "failed");
		assert_alarms(lab, 1, "failed");
	}
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	assert_alarms(lab, 1, "failed");
	zsock_destroy(&worker);
	worker = worker_open(lab, "alpha", LAB_OURS("a"));
	lab_run(lab, "two", run);
	worker_takes(worker, 1, tag);
	worker_final(worker, tag, LAB_OK);
	lab_await(lab, run, "ok", 0, "ok");
	assert_alarms(lab, 1, "");
	hear(events, "aob.two.pipeline.recovered", &data);
	assert_string_equal(json_string_value(json_object_get(data, "was")), "failed");
	json_decref(data);
	totals = status_of(lab, 1, "totals");
	assert_number(totals, "runs", 3);
	assert_number(totals, "failed", 2);
	json_decref(totals);
	zsock_destroy(&worker);
	zsock_destroy(&events);
}

static void what_was_measured_is_shown_and_counted(void **state)
{
	struct lab *lab = open_lab(state, "1h");
	json_t *value = NULL;

	publish(lab, 7, "2026-11-23T05-36-00Z");
	publish(lab, 8, "2026-11-23T06-36-00Z");
	value = status_of(lab, 0, "totals");
	assert_number(value, "runs", 2);
	assert_number(value, "failed", 0);
	assert_number(value, "literal_bytes", 2000);
	assert_number(value, "matched_bytes", 100);
	assert_number(value, "wire_sent", 8000000);
	assert_number(value, "wire_received", 14);
	json_decref(value);
	value = status_of(lab, 0, "space");
	assert_number(value, "vault_free_bytes", 20);
	assert_number(value, "vault_total_bytes", 200);
	assert_number(value, "source_total_bytes",
	              100); /* the disk that the broker sees is another one, and does not count */
	json_decref(value);
	value = lab_ask(lab, "{\"v\":1,\"verb\":\"generations\",\"pipeline\":\"one\"}");
	assert_int_equal(json_array_size(json_object_get(value, "vault_space")), 1); /* one a day */
	assert_number(json_array_get(json_object_get(value, "vault_space"), 0), "free_bytes", 20);
	assert_number(json_array_get(json_object_get(value, "vault_space"), 0), "total_bytes", 200);
	json_decref(value);
	zclock_sleep(2500); /* for the forecast */
	value = status_of(lab, 0, "forecast");
	assert_number(value, "link_bytes_per_s", 1000000);
	assert_false(json_is_true(json_object_get(value, "never")));
	assert_non_null(strstr(json_string_value(json_object_get(value, "reason")), "how much changes a day"));
	json_decref(value);
	value = status_of(lab, 1, "space");
	assert_true(json_is_null(value));
	json_decref(value);
}

#define BRAKED(generation)                                                                                             \
	"\"braked\":true,\"braked_generation\":\"" generation                                                          \
	"\",\"braked_run\":\"r\",\"braked_reason\":\"97 of 100 files "                                                 \
	"were removed\",\"held_generations\":2,"
#define OPEN "\"braked\":false,"

/* "G1 G2 …" of those that are held, the newest first. */
static void assert_held(struct lab *lab, const char *expected)
{
	json_t *answer = lab_ask(lab, "{\"v\":1,\"verb\":\"generations\",\"pipeline\":\"one\"}");
	char held[200] = "";
	size_t i;
	json_t *g;

	json_array_foreach(json_object_get(answer, "generations"), i, g)
	{
		assert_true(json_is_boolean(json_object_get(g, "held")));
		if (json_is_true(json_object_get(g, "held")))
			(void)snprintf(held + strlen(held), sizeof(held) - strlen(held), "%s%s",
			               held[0] != '\0' ? " " : "", json_string_value(json_object_get(g, "generation")));
	}
	json_decref(answer);
	assert_string_equal(held, expected);
}

static void hear_text(zsock_t *events, const char *topic, const char *key, const char *expected)
{
	json_t *data = NULL;

	hear(events, topic, &data);
	if (strstr(json_string_value(json_object_get(data, key)), expected) == NULL)
		fail_msg("%s: %s is %s", topic, key, json_string_value(json_object_get(data, key)));
	json_decref(data);
}

static void what_the_vault_holds_is_an_alarm_until_it_is_released(void **state)
{
	struct lab *lab = open_lab(state, "1h");
	zsock_t *events = subscribe(lab);

	publish_with(lab, 1, "G1", OPEN);
	assert_alarms(lab, 0, "");
	publish_with(lab, 2, "G2", BRAKED("G2"));
	hear_text(events, "aob.one.pipeline.braked", "reason", "aob release one");
	assert_alarms(lab, 0, "braked");
	assert_held(lab, "G1");
	/* It outlives the broker, and a run that changes little, or tells nothing of brakes. */
	lab_kill(lab, SIGKILL);
	lab_start(lab);
	publish_with(lab, 3, "G3", BRAKED("G2"));
	publish(lab, 4, "G4");
	assert_alarms(lab, 0, "braked");
	assert_held(lab, "G1");
	/* A further one is told, too. */
	publish_with(lab, 5, "G5", BRAKED("G5"));
	hear_text(events, "aob.one.pipeline.braked", "generation", "G5");
	assert_held(lab, "G4 G3 G2 G1");
	/* Who released the first has not released the second. */
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"released\",\"pipeline\":\"one\",\"generation\":\"G2\"}"));
	assert_alarms(lab, 0, "braked");
	for (int times = 0; times < 2; times++)
		json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"released\",\"pipeline\":\"one\",\"generation\":\"G5\"}"));
	hear_text(events, "aob.one.pipeline.recovered", "was", "braked");
	assert_alarms(lab, 0, "");
	assert_held(lab, "");
	zsock_destroy(&events);
}

static void what_was_released_at_the_vault_is_known_with_the_next_run(void **state)
{
	struct lab *lab = open_lab(state, "1h");
	zsock_t *events = subscribe(lab);

	publish_with(lab, 1, "G1", BRAKED("G1"));
	assert_alarms(lab, 0, "braked");
	publish_with(lab, 2, "G2", OPEN);
	hear_text(events, "aob.one.pipeline.recovered", "was", "braked");
	assert_alarms(lab, 0, "");
	/* And what an `aob release` found to be open. */
	publish_with(lab, 3, "G3", BRAKED("G3"));
	assert_alarms(lab, 0, "braked");
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"released\",\"pipeline\":\"one\"}"));
	assert_alarms(lab, 0, "");
	lab_refused(lab, "{\"v\":1,\"verb\":\"released\",\"pipeline\":\"none\"}", "not-found");
	lab_refused(lab, "{\"v\":1,\"verb\":\"released\",\"pipeline\":\"one\",\"generation\":7}", "input");
	/* A vault that can't tell what it holds. */
	publish_with(lab, 4, "G4", BRAKED(""));
	assert_held(lab, "G4 G3 G2 G1");
	zsock_destroy(&events);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_lives_but_the_broker_and_it_knows, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(what_lies_in_another_vault_makes_nothing_safe_in_this_one, lab_set_up,
		                                lab_tear_down),
		cmocka_unit_test_setup_teardown(overdue_is_told_also_while_the_store_takes_nothing, lab_set_up,
		                                lab_tear_down),
		cmocka_unit_test_setup_teardown(an_unchanged_source_does_not_age, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(a_reload_counts_at_once, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(a_failure_is_in_force_until_a_run_goes_well, lab_set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(what_the_vault_holds_is_an_alarm_until_it_is_released, lab_set_up,
		                                lab_tear_down),
		cmocka_unit_test_setup_teardown(what_was_released_at_the_vault_is_known_with_the_next_run, lab_set_up,
		                                lab_tear_down),
		cmocka_unit_test_setup_teardown(what_was_measured_is_shown_and_counted, lab_set_up, lab_tear_down),
	};

	if (argc > 3)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
