#include "cli/watch_run.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/progress.h"
#include "lib/log.h"

#define POLL_MS 300
#define PATIENCE_S 60 /* without a broker */

static bool in_flight(const json_t *info)
{
	const char *state = ask_text(info, "state");

	return strcmp(state, "running") == 0 || strcmp(state, "waiting") == 0;
}

/* "transfer: sending what changed", "transfer: tried again in 20 s: …" */
static void show(struct progress_bar *bar, const json_t *info)
{
	static char label[256];
	const json_t *running = json_object_get(info, "running");
	const json_t *progress = json_object_get(running, "progress");
	const json_t *fault = json_object_get(running, "last_error");
	char safe[192] = "";

	if (json_is_object(progress))
		(void)log_escape(ask_text(progress, "note"), safe, sizeof(safe));
	else if (json_is_object(fault))
		(void)log_escape(ask_text(fault, "message"), safe, sizeof(safe));
	(void)snprintf(label, sizeof(label), "%s%s%s", json_is_object(running) ? ask_text(running, "step") : "waiting",
	               *safe != '\0' ? ": " : "", safe);
	bar->label = label;
	bar->done = (uint64_t)ask_number(progress, "done");
	bar->total = (uint64_t)ask_number(progress, "total");
	bar->rate_bps = (uint64_t)ask_number(progress, "rate");
	bar->eta_s = json_is_integer(json_object_get(progress, "eta_s")) ? ask_number(progress, "eta_s") : -1;
	progress_show(bar);
}

int watch_run_follow(struct ask *ask, const char *run, json_t **info, struct error *err)
{
	struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	time_t heard = time(NULL);
	struct progress_bar bar;
	int rc;

	progress_begin(&bar, "");
	for (;;) {
		*info = NULL;
		rc = ask_verb(ask, "run-info", json_pack("{s:s}", "run", run), info, err);
		if (rc == 0) {
			heard = time(NULL);
			error_clear(err); /* of a broker that was away meanwhile */
			if (!in_flight(*info))
				break;
			show(&bar, *info);
			json_decref(*info);
		} else if (err->class != ERR_LINK || time(NULL) - heard > PATIENCE_S) {
			break;
		}
		(void)nanosleep(&nap, NULL);
	}
	progress_clear(&bar);
	return rc;
}

int watch_run_status(const json_t *info, struct error *err)
{
	const char *state = ask_text(info, "state");
	const json_t *fault = json_object_get(info, "error");

	if (strcmp(state, "ok") == 0)
		return 0;
	if (strcmp(state, "cancelled") == 0)
		return error_set(err, ERR_CANCELLED, "the run was cancelled");
	if (strcmp(state, "deferred") == 0)
		return error_set(err, ERR_BUSY, "the source would not come to rest; the run waits for that");
	if (strcmp(state, "superseded") == 0)
		return error_set(err, ERR_BUSY, "a newer run has taken this one's place");
	return error_set(err, error_class_of(ask_text(fault, "code")), "%s",
	                 json_is_object(fault) ? ask_text(fault, "message") : "the run failed");
}

void watch_run_generations(const json_t *info, bool json, void (*print)(const json_t *result))
{
	size_t i;
	json_t *step;

	if (json) {
		ask_print(info);
		return;
	}
	json_array_foreach(json_object_get(info, "steps"), i, step)
	{
		const json_t *result = json_object_get(step, "result");

		if (*ask_text(result, "generation") != '\0')
			print(result);
	}
}

int watch_run_ask(struct ask *ask, const char *verb, json_t *body, const struct options *options,
                  void (*print)(const json_t *info, bool json), struct error *err)
{
	json_t *begun = NULL;
	json_t *info = NULL;
	int rc = ask_verb(ask, verb, body, &begun, err);

	if (rc == 0)
		rc = watch_run_follow(ask, ask_text(begun, "run"), &info, err);
	if (rc == 0) {
		print(info, options->json);
		rc = watch_run_status(info, err);
	}
	json_decref(begun);
	json_decref(info);
	return rc;
}
