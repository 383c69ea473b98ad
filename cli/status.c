#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "lib/progress.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "lib/duration.h"
#include "lib/log.h"

#define WATCH_S 1

static const char usage[] = "usage: aob status [--json] [--watch]\n"
                            "\n"
                            "For each pipeline: what is safe and since when, what runs now, what waits for what.\n"
                            "\n"
                            "  --watch   again each second, until interrupted\n";

static void line(enum style style, const char *head, const char *text)
{
	char safe[1024];

	(void)printf("  %-9s %s%s%s\n", head, style_code(style), log_escape(text, safe, sizeof(safe)),
	             style_code(STYLE_PLAIN));
}

static void print_safe(const json_t *pipeline, int64_t now)
{
	const json_t *good = json_object_get(pipeline, "last_good");
	char text[512];
	char when[32];
	char age[64];
	char bytes[32];

	if (!json_is_object(good)) {
		line(STYLE_BAD, "safe", "nothing yet: no generation was published");
		return;
	}
	(void)snprintf(text, sizeof(text), "as of %s (%s), %s: %lld files, %s, generation %s",
	               style_when(ask_number(good, "taken_at"), when, sizeof(when)),
	               style_age(ask_number(good, "taken_at"), now, age, sizeof(age)), ask_text(good, "state"),
	               (long long)ask_number(good, "files"),
	               bytes_text((uint64_t)ask_number(good, "bytes"), bytes, sizeof(bytes)),
	               ask_text(good, "generation"));
	line(strcmp(ask_text(good, "state"), "clean") == 0 || strcmp(ask_text(good, "state"), "quiet") == 0
	             ? STYLE_GOOD
	             : STYLE_WARN,
	     "safe", text);
}

static bool has_worker(const json_t *workers, const char *service)
{
	size_t i;
	json_t *worker;

	json_array_foreach(workers, i, worker) if (strcmp(ask_text(worker, "service"), service) == 0) return true;
	return false;
}

static void print_progress(const json_t *running)
{
	const json_t *progress = json_object_get(running, "progress");
	struct progress_bar bar = { .label = "", .eta_s = -1 };
	char text[256];

	if (!json_is_object(progress))
		return;
	bar.done = (uint64_t)ask_number(progress, "done");
	bar.total = (uint64_t)ask_number(progress, "total");
	bar.rate_bps = (uint64_t)ask_number(progress, "rate");
	if (json_is_integer(json_object_get(progress, "eta_s")))
		bar.eta_s = ask_number(progress, "eta_s");
	if (bar.total != 0)
		line(STYLE_PLAIN, "", progress_text(&bar, 100, text, sizeof(text)) + 1);
	if (*ask_text(progress, "note") != '\0')
		line(STYLE_DIM, "", ask_text(progress, "note"));
}

static void print_running(const json_t *running, const json_t *workers, int64_t now)
{
	const json_t *fault = json_object_get(running, "last_error");
	const char *state = ask_text(running, "step_state");
	const char *step = ask_text(running, "step");
	char text[512];
	char age[64];

	(void)snprintf(text, sizeof(text), "%s (step %lld of %lld%s), run %s, began %s", step,
	               (long long)ask_number(running, "step_index") + 1, (long long)ask_number(running, "steps"),
	               ask_number(running, "attempt") > 1 ? ", tried again" : "", ask_text(running, "run"),
	               style_age(ask_number(running, "started_at"), now, age, sizeof(age)));
	line(STYLE_BOLD, "runs", text);
	print_progress(running);
	if (json_is_object(fault))
		line(STYLE_WARN, "trouble", ask_text(fault, "message"));
	if (strcmp(state, "retry-wait") == 0) {
		int64_t left = ask_number(running, "retry_at") - now;

		(void)snprintf(text, sizeof(text), "for another try, in %s",
		               duration_text((uint64_t)(left > 0 ? left : 0) * 1000, age, sizeof(age)));
		line(STYLE_PLAIN, "waits", text);
	} else if (strcmp(state, "queued") == 0) {
		(void)snprintf(text, sizeof(text), "%s `%s`",
		               has_worker(workers, step) ? "for a free worker of" : "no worker is there for", step);
		line(STYLE_WARN, "waits", text);
	}
}

static void print_last(const json_t *pipeline, int64_t now)
{
	const json_t *last = json_object_get(pipeline, "last_run");
	const json_t *fault = json_object_get(last, "error");
	const char *state = ask_text(last, "state");
	char text[1024];
	char age[64];

	if (!json_is_object(last) || strcmp(state, "ok") == 0 || json_is_object(json_object_get(pipeline, "running")))
		return;
	(void)snprintf(text, sizeof(text), "%s %s%s%s", state,
	               style_age(ask_number(last, "ended_at"), now, age, sizeof(age)),
	               json_is_object(fault) ? ": " : "", ask_text(fault, "message"));
	line(strcmp(state, "failed") == 0 ? STYLE_BAD : STYLE_WARN, "last run", text);
}

/* What a person carries, and nobody may count on yet. */
static void print_seed(const json_t *pipeline, int64_t now)
{
	const json_t *seed = json_object_get(pipeline, "seed");
	const char *writes = ask_text(json_object_get(pipeline, "running"), "seed");
	char text[1024];
	char bytes[32];
	char age[64];

	if (*writes != '\0') {
		(void)snprintf(text, sizeof(text), "is being written to %s", writes);
		line(STYLE_BOLD, "seed", text);
	}
	if (!json_is_object(seed))
		return;
	(void)snprintf(text, sizeof(text),
	               "on its way: written %s to %s, %lld files, %s; runs wait until it is taken up",
	               style_age(ask_number(seed, "written_at"), now, age, sizeof(age)), ask_text(seed, "root"),
	               (long long)ask_number(seed, "files"),
	               bytes_text((uint64_t)ask_number(seed, "bytes"), bytes, sizeof(bytes)));
	line(STYLE_WARN, "seed", text);
}

/* What is wrong, or will be; and when what waits will have crossed. */
static void print_alarms(const json_t *pipeline, int64_t now)
{
	const json_t *forecast = json_object_get(pipeline, "forecast");
	char since[64];
	char text[1200];
	size_t i;
	json_t *alarm;

	json_array_foreach(json_object_get(pipeline, "alarms"), i, alarm)
	{
		const char *kind = ask_text(alarm, "kind");
		const json_t *overdue = json_object_get(pipeline, "overdue");

		if (strcmp(kind, "failed") == 0 && !json_is_object(json_object_get(pipeline, "running")))
			continue; /* as the last run */
		(void)snprintf(
		        text, sizeof(text), "%s: %s", style_age(ask_number(alarm, "since"), now, since, sizeof(since)),
		        ask_text(json_is_object(overdue) && strcmp(kind, "overdue") == 0 ? overdue : alarm, "reason"));
		line(strcmp(kind, "forecast") == 0 ? STYLE_WARN : STYLE_BAD, kind, text);
	}
	if (json_is_integer(json_object_get(forecast, "caught_up_at"))) {
		(void)snprintf(text, sizeof(text), "by %s, as the link is and what changes",
		               style_when(ask_number(forecast, "caught_up_at"), since, sizeof(since)));
		line(STYLE_PLAIN, "caught up", text);
	}
}

/* When all of it was read again last, and how far it is now. */
static void print_verified(const json_t *pipeline, int64_t now)
{
	const json_t *verify = json_object_get(pipeline, "verify");
	const json_t *running = json_object_get(verify, "running");
	int64_t last = ask_number(verify, "last_round_at");
	int64_t total = ask_number(verify, "round_total");
	char round[64] = "";
	char text[512];
	char age[64];

	if (ask_number(verify, "every_s") == 0 || !json_is_integer(json_object_get(verify, "at")))
		return;
	if (ask_number(verify, "round_began_at") != 0 && total > 0)
		(void)snprintf(round, sizeof(round), "; of the next round %.0f %%",
		               (double)ask_number(verify, "round_bytes") / (double)total * 100);
	(void)snprintf(text, sizeof(text), "%s%s%s%s", last != 0 ? "all of it " : "not all of it yet",
	               last != 0 ? style_age(last, now, age, sizeof(age)) : "", round,
	               json_is_object(running) ? ", a share just now" : "");
	line(STYLE_DIM, "verified", text);
	if (json_is_object(running))
		print_progress(running);
}

/* Would a restore give it back, and in what time? What is wrong stands among the alarms. */
static void print_rehearsed(const json_t *pipeline, int64_t now)
{
	const json_t *rehearse = json_object_get(pipeline, "rehearse");
	const json_t *failure = json_object_get(rehearse, "failure");
	bool running = json_is_object(json_object_get(rehearse, "running"));
	bool good = json_is_true(json_object_get(rehearse, "restorable"));
	bool timed = good && ask_number(rehearse, "whole_seconds") != 0;
	char failed[800] = "";
	char text[1200];
	char about[DURATION_TEXT_SIZE];
	char bytes[BYTES_TEXT_SIZE];
	char age[64];

	if (ask_number(rehearse, "every_s") == 0 && !json_is_integer(json_object_get(rehearse, "at")))
		return;
	if (json_is_object(failure))
		(void)snprintf(failed, sizeof(failed), "; the last try failed %s: %s",
		               style_age(ask_number(failure, "at"), now, age, sizeof(age)),
		               ask_text(json_object_get(failure, "error"), "message"));
	if (!json_is_integer(json_object_get(rehearse, "at")))
		(void)snprintf(text, sizeof(text), "not rehearsed yet%s%s", running ? ", but just now" : "", failed);
	else
		(void)snprintf(text, sizeof(text), "%s%s (rehearsed %s with %lld files, %s)%s%s",
		               timed  ? "in "
		               : good ? "yes, but in what time is not known"
		                      : "NO",
		               timed ? duration_about((uint64_t)ask_number(rehearse, "whole_seconds") * 1000, about,
		                                      sizeof(about))
		                     : "",
		               style_age(ask_number(rehearse, "at"), now, age, sizeof(age)),
		               (long long)ask_number(rehearse, "files"),
		               bytes_text((uint64_t)ask_number(rehearse, "bytes"), bytes, sizeof(bytes)),
		               running ? "; again just now" : "", failed);
	line(failed[0] != '\0' ? STYLE_WARN : STYLE_DIM, "restorable", text);
}

/* One line a Mac: what it does, and the last backup that it completed. */
static void print_mac(const json_t *mac, int64_t now)
{
	bool failed = json_is_true(json_object_get(mac, "verification_failed"));
	const char *trouble = ask_text(mac, "trouble");
	const char *state = ask_text(mac, "state");
	int64_t completed = ask_number(mac, "completed_at");
	int64_t wrote = ask_number(mac, "wrote_at"); /* 0: not since the watch began, and nobody knows when before */
	char text[1024];
	char written[96] = "";
	char done[128] = "no completed backup";
	char when[32];
	char age[64];

	if (completed != 0)
		(void)snprintf(done, sizeof(done), "last completed backup %s (%s)",
		               style_when(completed, when, sizeof(when)), style_age(completed, now, age, sizeof(age)));
	if (wrote != 0)
		(void)snprintf(written, sizeof(written), ", last written to %s",
		               style_age(wrote, now, age, sizeof(age)));
	(void)snprintf(text, sizeof(text), "%s: %s%s; %s%s%s%s", ask_text(mac, "name"), state, written, done,
	               *trouble != '\0' ? "; " : "", trouble,
	               failed ? "; its verification FAILED: the Mac will want to begin a new one" : "");
	line(failed ? STYLE_BAD : strcmp(state, "interrupted") == 0 ? STYLE_WARN : STYLE_DIM, "mac", text);
}

static void print_pipeline(const json_t *pipeline, const json_t *workers, int64_t now)
{
	const json_t *watch = json_object_get(pipeline, "watch");
	const json_t *running = json_object_get(pipeline, "running");
	char text[1024];
	char source[1024];
	size_t i;
	json_t *mac;

	(void)printf("%s%s%s  %s -> %s%s\n", style_code(STYLE_BOLD), ask_text(pipeline, "name"),
	             style_code(STYLE_PLAIN), log_escape(ask_text(pipeline, "source"), source, sizeof(source)),
	             ask_text(pipeline, "vault"),
	             json_is_true(json_object_get(pipeline, "paused")) ? "  (paused)" : "");
	print_safe(pipeline, now);
	print_last(pipeline, now);
	print_alarms(pipeline, now);
	print_seed(pipeline, now);
	print_verified(pipeline, now);
	print_rehearsed(pipeline, now);
	if (json_is_object(running))
		print_running(running, workers, now);
	(void)snprintf(text, sizeof(text), "%s%s%s", ask_text(watch, "state"),
	               *ask_text(watch, "reason") != '\0' ? ": " : "", ask_text(watch, "reason"));
	line(STYLE_DIM, "source", text);
	json_array_foreach(json_object_get(watch, "macs"), i, mac) print_mac(mac, now);
}

static void print_status(const json_t *result)
{
	const json_t *workers = json_object_get(json_object_get(result, "broker"), "workers");
	int64_t now = time(NULL);
	size_t i;
	json_t *pipeline;

	json_array_foreach(json_object_get(result, "pipelines"), i, pipeline) print_pipeline(pipeline, workers, now);
	if (json_array_size(json_object_get(result, "pipelines")) == 0)
		(void)puts("no pipelines");
	(void)fflush(stdout);
}

static int show(struct ask *ask, const struct options *options, struct error *err)
{
	json_t *result = NULL;
	int rc = ask_verb(ask, "status", json_object(), &result, err);

	if (options->watch && !options->json && isatty(STDOUT_FILENO) == 1)
		(void)fputs("\x1b[H\x1b[2J", stdout);
	if (rc == 0 && options->json)
		ask_print(result);
	else if (rc == 0)
		print_status(result);
	json_decref(result);
	return rc;
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	struct timespec nap = { .tv_sec = WATCH_S };
	int rc;

	do
		rc = show(ask, options, err);
	while (rc == 0 && options->watch && nanosleep(&nap, NULL) == 0);
	return rc;
}

int status_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "json watch ", OPTIONS_NO_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
