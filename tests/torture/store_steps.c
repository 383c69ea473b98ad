/* store_steps PATH PREFIX: three changes of the broker's store, each acknowledged on stdout by the run's name once it is committed; for every-syscall, which
 * kills it, or makes its calls fail, in between. Ends with 1 at the first error. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/run_store.h"
#include "lib/log.h"

#define CHANGES 3
#define STEPS 3

static int change(struct run_store *store, const char *run, struct error *err)
{
	struct run_record record = { .whole = true, .started_at = 1, .n_steps = STEPS };
	char topic[96];

	(void)snprintf(record.run, sizeof(record.run), "%s", run);
	(void)snprintf(record.pipeline, sizeof(record.pipeline), "%s", run); /* which has one run in flight at most */
	(void)snprintf(topic, sizeof(topic), "aob.one.%s", run);
	for (size_t i = 0; i < STEPS; i++)
		(void)snprintf(record.steps[i].service, sizeof(record.steps[i].service), "step-%zu", i);
	if (run_store_begin(store, err) != 0)
		return -1;
	if (run_store_insert(store, &record, "{}", err) != 0 ||
	    run_store_attempt(store, run, 0, 1, "worker", "host", 1, err) != 0 ||
	    run_store_result(store, run, 0, "{\"n\":1}", err) != 0 || run_store_event(store, topic, "{}", err) != 0) {
		run_store_rollback(store);
		return -1;
	}
	return run_store_commit(store, err);
}

int main(int argc, char **argv)
{
	struct error err = { .class = ERR_NONE };
	struct run_store *store = NULL;
	char mark[8];
	int rc;

	if (argc != 3)
		return 64;
	log_open("store_steps", NULL);
	/* Where every-syscall begins to count. */
	if (strcmp(argv[2], "b") == 0 && read(STDIN_FILENO, mark, sizeof(mark)) < 0)
		return 74;
	rc = run_store_open(argv[1], &store, &err);
	for (int i = 1; i <= CHANGES && rc == 0; i++) {
		char run[32];

		(void)snprintf(run, sizeof(run), "%.8s%d", argv[2], i);
		rc = change(store, run, &err);
		if (rc == 0)
			rc = dprintf(STDOUT_FILENO, "%s\n", run) > 0 ? 0 : -1;
	}
	run_store_close(&store);
	if (rc != 0)
		(void)fprintf(stderr, "store_steps: %s\n", err.text);
	return rc == 0 ? 0 : 1;
}
