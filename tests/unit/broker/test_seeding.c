/* A seed is written by a run like others, counts for nothing, and lets the pipeline's runs wait until the vault has it, or until it is forgotten. */
#include "broker_lab.h"

#include "broker/seeding.h"

#define SEED "{\"v\":1,\"verb\":\"seed\",\"pipeline\":\"one\",\"root\":\"/mnt/usb/aob-seed\"}"

/* Of pipeline "one" in the status, the caller's. */
static json_t *status_of(struct lab *lab, const char *key)
{
	json_t *status = lab_ask(lab, "{\"v\":1,\"verb\":\"status\"}");
	json_t *value = json_incref(json_object_get(json_array_get(json_object_get(status, "pipelines"), 0), key));

	assert_non_null(value);
	json_decref(status);
	return value;
}

static bool is_null(struct lab *lab, const char *key)
{
	json_t *value = status_of(lab, key);
	bool null = json_is_null(value);

	json_decref(value);
	return null;
}

static void make_snapshot(zsock_t *worker, const char *uuid, const char *seed_uuid)
{
	char tag[160];
	char reply[300];
	json_t *request = worker_job(worker, tag);
	json_t *seed = json_object_get(request, "seed");

	if (seed_uuid == NULL)
		assert_null(seed);
	else
		assert_string_equal(json_string_value(json_object_get(seed, "snapshot_uuid")), seed_uuid);
	json_decref(request);
	(void)snprintf(
	        reply, sizeof(reply),
	        "{\"status\":\"ok\",\"result\":{\"ctransid\":5,\"source_uuid\":\"s\",\"state\":\"quiet\",\"uuid\":"
	        "\"%s\",\"taken_at\":1000}}",
	        uuid);
	worker_final(worker, tag, reply);
}

static void ask_for_seed(struct lab *lab, bool is_new, char run[64])
{
	json_t *answer = lab_ask(lab, SEED);

	assert_true(json_is_true(json_object_get(answer, "new")) == is_new);
	(void)snprintf(run, 64, "%s", json_string_value(json_object_get(answer, "run")));
	json_decref(answer);
}

static void write_seed(struct lab *lab, zsock_t *snapshots, zsock_t *transfers, char run[64])
{
	char tag[160];
	char again[64];
	json_t *request = NULL;
	json_t *vault = NULL;

	ask_for_seed(lab, true, run);
	make_snapshot(snapshots, "seed-uuid", NULL);
	ask_for_seed(lab, false, again);
	assert_string_equal(again, run);
	lab_refused(lab, "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"one\",\"trigger\":\"manual\"}", "locked");
	request = worker_job(transfers, tag);
	vault = json_object_get(request, "vault");
	assert_true(json_is_true(json_object_get(request, "seeding")));
	assert_string_equal(json_string_value(json_object_get(vault, "root")), "/mnt/usb/aob-seed");
	assert_null(json_object_get(vault, "ssh"));
	json_decref(request);
	worker_final(transfers, tag,
	             "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\",\"files\":7,\"bytes\":99,"
	             "\"literal_bytes\":99,\"vault_free_bytes\":1,\"vault_total_bytes\":2}}");
	lab_await(lab, run, "ok", 1, "ok");
}

static void a_seed_counts_for_nothing_and_is_waited_for(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char seed_run[64];
	char run[64];
	char tag[160];
	json_t *object = NULL;

	write_seed(lab, snapshots, transfers, seed_run);
	object = status_of(lab, "seed");
	assert_string_equal(json_string_value(json_object_get(object, "run")), seed_run);
	assert_string_equal(json_string_value(json_object_get(object, "snapshot_uuid")), "seed-uuid");
	assert_int_equal(json_integer_value(json_object_get(object, "bytes")), 99);
	json_decref(object);
	assert_true(is_null(lab, "last_good"));
	assert_true(is_null(lab, "last_run"));
	object = lab_ask(lab, "{\"v\":1,\"verb\":\"generations\",\"pipeline\":\"one\"}");
	assert_int_equal(json_array_size(json_object_get(object, "generations")), 0);
	assert_int_equal(json_array_size(json_object_get(object, "vault_space")), 0);
	json_decref(object);

	/* Also after a restart, whoever writes into the vault is told, and whoever removes snapshots. */
	lab_kill(lab, SIGKILL);
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
	lab_start(lab);
	snapshots = worker_open(lab, "snapshot", NULL);
	transfers = worker_open(lab, "transfer", NULL);
	lab_run(lab, "one", run);
	make_snapshot(snapshots, "next-uuid", "seed-uuid");
	object = worker_job(transfers, tag);
	assert_string_equal(json_string_value(json_object_get(json_object_get(object, "seed"), "run")), seed_run);
	assert_null(json_object_get(object, "seeding"));
	json_decref(object);
	worker_final(transfers, tag,
	             "{\"status\":\"retry\",\"error\":{\"code\":\"locked\",\"message\":\"it is on its way\"}}");
	lab_await(lab, run, "waiting", 1, "retry-wait");
	object = worker_job(transfers, tag);
	json_decref(object);
	worker_final(transfers, tag,
	             "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-24T05-36-00Z\",\"seed_taken_up\":true}}");
	lab_await(lab, run, "ok", 1, "ok");
	assert_true(is_null(lab, "seed"));
	assert_false(is_null(lab, "last_good"));
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

static void a_broker_that_is_killed_while_it_records_one_hears_of_it_again(void **state)
{
	static const char made[] = "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}";
	struct lab *lab = *state;
	zsock_t *snapshots = NULL;
	zsock_t *transfers = NULL;
	char run[64];
	char tag[160];
	json_t *seed = NULL;

	lab_kill(lab, SIGKILL);
	(void)setenv("AOB_CRASH_POINT", "seed-recorded", 1);
	lab_start(lab);
	(void)unsetenv("AOB_CRASH_POINT");
	snapshots = worker_open(lab, "snapshot", NULL);
	transfers = worker_open(lab, "transfer", NULL);
	ask_for_seed(lab, true, run);
	make_snapshot(snapshots, "seed-uuid", NULL);
	json_decref(worker_job(transfers, tag));
	worker_final(transfers, tag, made);
	assert_int_equal(waitpid(lab->broker, NULL, 0), lab->broker);
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
	lab_start(lab);
	seed = status_of(lab, "seed");
	assert_true(json_is_null(seed));
	json_decref(seed);
	transfers = worker_open(lab, "transfer", NULL);
	json_decref(worker_job(transfers, tag));
	worker_final(transfers, tag, made);
	lab_await(lab, run, "ok", 1, "ok");
	seed = status_of(lab, "seed");
	assert_string_equal(json_string_value(json_object_get(seed, "run")), run);
	json_decref(seed);
	zsock_destroy(&transfers);
}

static void one_that_is_lost_is_forgotten(void **state)
{
	struct lab *lab = *state;
	zsock_t *snapshots = worker_open(lab, "snapshot", NULL);
	zsock_t *transfers = worker_open(lab, "transfer", NULL);
	char run[64];
	char tag[160];
	json_t *object = NULL;

	lab_refused(lab, "{\"v\":1,\"verb\":\"forget-seed\",\"pipeline\":\"one\"}", "not-found");
	lab_refused(lab, "{\"v\":1,\"verb\":\"seed\",\"pipeline\":\"one\",\"root\":\"usb\"}", "input");
	lab_refused(lab, "{\"v\":1,\"verb\":\"seed\",\"pipeline\":\"one\",\"root\":\"/etc\"}", "input");
	write_seed(lab, snapshots, transfers, run);
	lab_run(lab, "one", run);
	make_snapshot(snapshots, "next-uuid", "seed-uuid");
	json_decref(worker_job(transfers, tag));
	worker_final(transfers, tag,
	             "{\"status\":\"retry\",\"error\":{\"code\":\"locked\",\"message\":\"it is on its way\"}}");
	lab_await(lab, run, "waiting", 1, "retry-wait");
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"forget-seed\",\"pipeline\":\"one\"}"));
	object = worker_job(transfers, tag);
	assert_null(json_object_get(object, "seed"));
	json_decref(object);
	assert_true(is_null(lab, "seed"));
	zsock_destroy(&snapshots);
	zsock_destroy(&transfers);
}

static void it_goes_only_where_a_seed_goes(void **state)
{
	(void)state;
	assert_true(seeding_root_valid("/mnt/usb/aob-seed"));
	assert_true(seeding_root_valid("/aob-seed"));
	assert_false(seeding_root_valid("/etc"));
	assert_false(seeding_root_valid("/mnt/aob-seed/more"));
	assert_false(seeding_root_valid("/mnt/../etc/aob-seed"));
	assert_false(seeding_root_valid("/mnt/my-aob-seed"));
	assert_false(seeding_root_valid("aob-seed"));
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_seed_counts_for_nothing_and_is_waited_for),
		LAB_TEST(a_broker_that_is_killed_while_it_records_one_hears_of_it_again),
		LAB_TEST(one_that_is_lost_is_forgotten),
		cmocka_unit_test(it_goes_only_where_a_seed_goes),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
