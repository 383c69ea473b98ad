/* A run that waits for a vault, or a machine, that its pipeline does not have any more ends, and the next one goes where the configuration says now. */
#include "broker_lab.h"

#define RETRY_LINK "{\"status\":\"retry\",\"error\":{\"code\":\"link\",\"message\":\"no route to the vault\"}}"
#define PUBLISHED "{\"status\":\"ok\",\"result\":{\"generation\":\"2026-11-23T05-36-00Z\"}}"

/* %1$s: the folder of the lab. */
#define YAML(vault, name, more)                                                                                        \
	"broker: { endpoint: \"ipc://%1$s/run/broker\", events: \"ipc://%1$s/run/events\", state: %1$s/state.db }\n"   \
	"vaults: { attic: { " vault " } }\n"                                                                           \
	"pipelines:\n"                                                                                                 \
	"  " name ":\n"                                                                                                \
	"    source: %1$s/one\n"                                                                                       \
	"    vault: attic\n"                                                                                           \
	"    watch: off\n" more "    stages: [ alpha: {} ]\n"

#define OLD_PLACE "path: %1$s/attic"
#define NEW_PLACE "path: %1$s/three"

/* A job with the vault in this folder of the lab. */
static void job_into(struct lab *lab, zsock_t *worker, const char *folder, char tag[160])
{
	json_t *request = worker_job(worker, tag);
	char root[256];

	(void)snprintf(root, sizeof(root), "%s/%s", lab->folder, folder);
	assert_string_equal(json_string_value(json_object_get(json_object_get(request, "vault"), "root")), root);
	json_decref(request);
}

/* A run whose vault does not answer. */
static void waiting_run(struct lab *lab, zsock_t *worker, char run[64])
{
	char tag[160];

	lab_run(lab, "mac", run);
	job_into(lab, worker, "attic", tag);
	worker_final(worker, tag, RETRY_LINK);
}

/* Until it ends, it may be tried again; its vault does not answer then either. */
static void superseded(struct lab *lab, zsock_t *worker, const char *run)
{
	int64_t until = zclock_mono() + LAB_WAIT_MS;
	bool ended = false;

	while (!ended && zclock_mono() < until) {
		json_t *info = lab_run_info(lab, run);
		zmsg_t *job = NULL;

		ended = strcmp(json_string_value(json_object_get(info, "state")), "superseded") == 0;
		json_decref(info);
		job = ended ? NULL : worker_hear(worker, 50);
		if (job != NULL && zmsg_size(job) == 5) { /* and no word of a broker that was started anew */
			char tag[160];
			zframe_t *frame = (zmsg_first(job), zmsg_next(job), zmsg_next(job));

			(void)snprintf(tag, sizeof(tag), "%.*s", (int)zframe_size(frame), (char *)zframe_data(frame));
			worker_final(worker, tag, RETRY_LINK);
		}
		zmsg_destroy(&job);
	}
	assert_true(ended);
}

static zsock_t *begin(struct lab *lab)
{
	LAB_CONFIGURE(lab, YAML(OLD_PLACE, "mac", ""));
	lab_reload(lab);
	return worker_open(lab, "alpha", NULL);
}

static void assert_told(struct lab *lab, const char *run, const char *words)
{
	json_t *info = lab_run_info(lab, run);
	char *text = json_dumps(info, 0);

	if (strstr(text, words) == NULL || strstr(text, "no route to the vault") == NULL)
		fail_msg("not told: %s; but %s", words, text);
	free(text);
	json_decref(info);
}

static void a_vault_that_has_moved_is_not_waited_for(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = begin(lab);
	char first[64];
	char second[64];
	char tag[160];

	waiting_run(lab, worker, first);
	LAB_CONFIGURE(lab, YAML(NEW_PLACE, "mac", ""));
	lab_reload(lab);
	superseded(lab, worker, first);
	assert_told(lab, first, "another vault by now");
	lab_run(lab, "mac", second);
	assert_string_not_equal(first, second);
	job_into(lab, worker, "three", tag);
	worker_final(worker, tag, PUBLISHED);
	lab_await(lab, second, "ok", 0, "ok");
	zsock_destroy(&worker);
}

static void nor_behind_a_restart_of_the_broker(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = begin(lab);
	char run[64];

	waiting_run(lab, worker, run);
	lab_kill(lab, SIGKILL);
	LAB_CONFIGURE(lab, YAML(NEW_PLACE, "mac", ""));
	lab_start(lab);
	/* If the answer was not stored before: the job comes again, when the lease has ended. */
	zsock_destroy(&worker);
	worker = worker_open(lab, "alpha", NULL);
	superseded(lab, worker, run);
	zsock_destroy(&worker);
}

static void a_run_that_gets_on_ends_where_it_began(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = begin(lab);
	char run[64];
	char tag[160];

	lab_run(lab, "mac", run);
	job_into(lab, worker, "attic", tag);
	LAB_CONFIGURE(lab, YAML(NEW_PLACE, "mac", ""));
	lab_reload(lab);
	lab_await(lab, run, "running", 0, "working");
	worker_final(worker, tag, PUBLISHED);
	lab_await(lab, run, "ok", 0, "ok");
	/* And one that does not, any more, ends as soon as it waits. */
	LAB_CONFIGURE(lab, YAML(OLD_PLACE, "mac", ""));
	lab_reload(lab);
	lab_run(lab, "mac", run);
	job_into(lab, worker, "attic", tag);
	LAB_CONFIGURE(lab, YAML(NEW_PLACE, "mac", ""));
	lab_reload(lab);
	worker_final(worker, tag, RETRY_LINK);
	superseded(lab, worker, run);
	zsock_destroy(&worker);
}

static void other_changes_leave_a_waiting_run_alone(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = begin(lab);
	char run[64];
	char tag[160];

	waiting_run(lab, worker, run);
	LAB_CONFIGURE(lab, YAML(OLD_PLACE ", rate: 1 MB/s", "mac", "    brake: 20%%\n"));
	lab_reload(lab);
	job_into(lab, worker, "attic", tag);
	worker_final(worker, tag, PUBLISHED);
	lab_await(lab, run, "ok", 0, "ok");
	zsock_destroy(&worker);
}

static void a_pipeline_that_is_no_more_waits_for_nothing(void **state)
{
	struct lab *lab = *state;
	zsock_t *worker = begin(lab);
	char run[64];

	waiting_run(lab, worker, run);
	LAB_CONFIGURE(lab, YAML(OLD_PLACE, "other", ""));
	lab_reload(lab);
	superseded(lab, worker, run);
	assert_told(lab, run, "has its pipeline no more");
	zsock_destroy(&worker);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_vault_that_has_moved_is_not_waited_for),
		LAB_TEST(nor_behind_a_restart_of_the_broker),
		LAB_TEST(a_run_that_gets_on_ends_where_it_began),
		LAB_TEST(other_changes_leave_a_waiting_run_alone),
		LAB_TEST(a_pipeline_that_is_no_more_waits_for_nothing),
	};

	if (argc == 4 && strcmp(argv[1], "broker") == 0)
		return lab_broker_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
