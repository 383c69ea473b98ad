/* One source, two vaults: the second pipeline is told of the first one's snapshots, may use one, and neither has the other's removed. */
#include "broker_lab.h"

#define HEAD                                                                                                           \
	"broker:\n"                                                                                                    \
	"  endpoint: ipc://%1$s/run/broker\n"                                                                          \
	"  events: ipc://%1$s/run/events\n"                                                                            \
	"  state: %1$s/state.db\n"                                                                                     \
	"vaults:\n"                                                                                                    \
	"  dad: { path: %1$s/attic }\n"                                                                                \
	"  cloud: { path: %1$s/cloud }\n"                                                                              \
	"pipelines:\n"
#define PHOTOS2 "  photos2: { source: %1$s/one, vault: cloud, watch: off, stages: [snapshot, transfer, prune] }\n"

static const char yaml[] =
        HEAD "  photos: { source: %1$s/one, vault: dad, watch: off, stages: [snapshot, transfer, prune] }\n" PHOTOS2
             "  far: { source: %1$s/one, host: nas2, vault: cloud, watch: off, stages: [snapshot, transfer] }\n"
             "  other: { source: %1$s/two, vault: cloud, watch: off, stages: [snapshot, transfer] }\n";
static const char without_photos[] = HEAD PHOTOS2;

static int set_up(void **state)
{
	if (lab_set_up(state) != 0)
		return -1;
	LAB_CONFIGURE((struct lab *)*state, yaml);
	lab_reload(*state);
	return 0;
}

/* The next job, whose list of others' snapshots is this, with spaces between; its tag. */
static void takes(zsock_t *worker, unsigned attempt, const char *others, char tag[160])
{
	json_t *request = worker_job(worker, tag);
	json_t *uuid = NULL;
	char told[200] = "";
	size_t i;

	assert_int_equal(json_integer_value(json_object_get(request, "attempt")), attempt);
	json_array_foreach(json_object_get(request, "others"), i, uuid)
	{
		(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s", i > 0 ? " " : "",
		               json_string_value(uuid));
	}
	assert_string_equal(told, others);
	json_decref(request);
}

static void answers(zsock_t *worker, const char *tag, const char *uuid, bool shared)
{
	char body[300];

	(void)snprintf(body, sizeof(body),
	               "{\"status\":\"ok\",\"result\":{\"ctransid\":7,\"source_uuid\":\"s\",\"uuid\":\"%s\",\"state\":"
	               "\"quiet\","
	               "\"taken_at\":1763876160%s}}",
	               uuid, shared ? ",\"shared\":true" : "");
	worker_final(worker, tag, body);
}

struct workers {
	zsock_t *snapshot, *transfer, *prune;
};

static struct workers open_all(struct lab *lab)
{
	return (struct workers){ worker_open(lab, "snapshot", LAB_OURS("a")),
		                 worker_open(lab, "transfer", LAB_OURS("a")),
		                 worker_open(lab, "prune", LAB_OURS("a")) };
}

static void close_all(struct workers *w)
{
	zsock_destroy(&w->snapshot);
	zsock_destroy(&w->transfer);
	zsock_destroy(&w->prune);
}

static void published(zsock_t *transfer, const char *tag, const char *generation)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"status\":\"ok\",\"result\":{\"generation\":\"%s\"}}", generation);
	worker_final(transfer, tag, body);
}

static void both_count_on_one_snapshot(void **state)
{
	struct lab *lab = *state;
	struct workers w = open_all(lab);
	char photos[64];
	char photos2[64];
	char run[64];
	char tag[160];
	char sending[160];

	lab_run(lab, "photos", photos);
	takes(w.snapshot, 1, "", tag);
	answers(w.snapshot, tag, "u1", false);
	takes(w.transfer, 1, "", sending);
	/* Held by a run in flight: it may be used, and its uses are good. */
	lab_run(lab, "photos2", photos2);
	takes(w.snapshot, 1, "u1", tag);
	answers(w.snapshot, tag, "u1", true);
	lab_await(lab, photos2, "waiting", 1, "queued");
	/* The first one ends; what it made is its anchor now, and the second one holds the same. */
	published(w.transfer, sending, "2026-11-23T05-36-00Z");
	takes(w.prune, 1, "u1", tag);
	worker_final(w.prune, tag, LAB_OK);
	lab_await(lab, photos, "ok", 2, "ok");
	takes(w.transfer, 1, "", sending);
	/* The first one's next run has another; to its snapshotter and its pruner it is said that the second one counts on the old one. */
	lab_run(lab, "photos", photos);
	takes(w.snapshot, 1, "u1", tag);
	answers(w.snapshot, tag, "u2", false);
	published(w.transfer, sending, "2026-11-23T05-36-00Z");
	takes(w.prune, 1, "u1 u2", tag);
	worker_final(w.prune, tag, LAB_OK);
	lab_await(lab, photos2, "ok", 2, "ok");
	takes(w.transfer, 1, "", sending);
	published(w.transfer, sending, "2026-11-24T05-36-00Z");
	takes(w.prune, 1, "u1", tag);
	worker_final(w.prune, tag, LAB_OK);
	lab_await(lab, photos, "ok", 2, "ok");
	/* Another source, and another machine's of the same name, have nothing to do with that. */
	lab_run(lab, "other", run);
	takes(w.snapshot, 1, "", tag);
	worker_final(w.snapshot, tag, LAB_OK);
	close_all(&w);
}

/* What was told of may be about to go when the answer comes. */
static void what_nobody_counts_on_is_not_taken(void **state)
{
	struct lab *lab = *state;
	struct workers w = open_all(lab);
	char run[64];
	char tag[160];
	json_t *info;
	json_t *error;

	lab_run(lab, "photos2", run);
	takes(w.snapshot, 1, "", tag);
	answers(w.snapshot, tag, "u9", true);
	lab_await(lab, run, "waiting", 0, "retry-wait");
	info = lab_run_info(lab, run);
	error = json_object_get(json_object_get(info, "running"), "last_error");
	assert_non_null(strstr(json_string_value(json_object_get(error, "message")), "does not count on it any more"));
	json_decref(info);
	takes(w.snapshot, 2, "", tag);
	answers(w.snapshot, tag, "u3", false);
	lab_await(lab, run, "running", 1, "working");
	close_all(&w);
}

/* A reload takes the first one's pipeline out while its run is in flight: it still leaves what the second one counts on, and the second one what it holds. */
static void a_run_without_its_pipeline_leaves_what_others_have(void **state)
{
	struct lab *lab = *state;
	struct workers w = open_all(lab);
	char photos[64];
	char photos2[64];
	char tag[160];
	char sending[160];

	lab_run(lab, "photos", photos);
	takes(w.snapshot, 1, "", tag);
	answers(w.snapshot, tag, "u1", false);
	takes(w.transfer, 1, "", sending);
	LAB_CONFIGURE(lab, without_photos);
	lab_reload(lab);
	lab_run(lab, "photos2", photos2);
	takes(w.snapshot, 1, "u1", tag);
	answers(w.snapshot, tag, "u2", false);
	lab_await(lab, photos2, "waiting", 1, "queued");
	published(w.transfer, sending, "2026-11-23T05-36-00Z");
	takes(w.prune, 1, "u2", tag);
	close_all(&w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_count_on_one_snapshot, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_counts_on_is_not_taken, set_up, lab_tear_down),
		cmocka_unit_test_setup_teardown(a_run_without_its_pipeline_leaves_what_others_have, set_up,
		                                lab_tear_down),
	};

	if (argc > 1 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
