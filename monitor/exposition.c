#include "monitor/exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/version.h"

struct out {
	struct text *text;
	const struct state *state;
	bool open_metrics;
};

/* A family's head. In OpenMetrics a counter's family goes without the _total of its samples, and info without _info. */
static void head(const struct out *out, const char *name, const char *type, const char *help)
{
	int len = (int)strlen(name);

	if (out->open_metrics && strcmp(type, "counter") == 0)
		len -= (int)strlen("_total");
	if (strcmp(type, "info") == 0) {
		if (out->open_metrics)
			len -= (int)strlen("_info");
		else
			type = "gauge";
	}
	text_add(out->text, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help, len, name, type);
}

static void sample(const struct out *out, const char *name, const char *label, const char *value, int64_t number)
{
	text_add(out->text, "%s", name);
	if (label != NULL) {
		text_add(out->text, "{%s=\"", label);
		text_label(out->text, value);
		text_add(out->text, "\"}");
	}
	text_add(out->text, " %lld\n", (long long)number);
}

static void one(const struct out *out, const char *name, const char *type, const char *help, int64_t number)
{
	head(out, name, type, help);
	sample(out, name, NULL, NULL, number);
}

/* A family with a row a pipeline. */
struct family {
	const char *name, *type, *help;
	bool (*has)(const struct view_pipeline *p); /* NULL: always */
	int64_t (*value)(const struct state *state, const struct view_pipeline *p);
};

#define HAS(name, expression)                                                                                          \
	static bool has_##name(const struct view_pipeline *p)                                                          \
	{                                                                                                              \
		return (expression);                                                                                   \
	}
#define VALUE(name, expression)                                                                                        \
	static int64_t value_##name(const struct state *state, const struct view_pipeline *p)                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		return (expression);                                                                                   \
	}

HAS(good, *p->last_good.name != '\0')
HAS(copies, p->copies)
HAS(run, *p->last_run.run != '\0')
HAS(ended, p->last_run.ended_at != 0)
HAS(age, p->age_s >= 0)
HAS(max_age, p->max_age_s != 0)
HAS(running, *p->running.run != '\0')
HAS(source_space, p->space.known && p->space.source_total_bytes != 0)
HAS(change, p->forecast.known && p->forecast.change_bytes_per_day >= 0)
HAS(link, p->forecast.known && p->forecast.link_bytes_per_s >= 0)
HAS(backlog, p->forecast.known && p->forecast.backlog_bytes >= 0)
HAS(never, p->forecast.known && (p->forecast.never || p->forecast.change_bytes_per_day >= 0))
HAS(caught_up, p->forecast.known && p->forecast.caught_up_at != 0)
HAS(vault_full, p->forecast.known && p->forecast.vault_full_at != 0)
HAS(source_full, p->forecast.known && p->forecast.source_full_at != 0)
HAS(totals, p->totals.known)
HAS(rehearsal, p->rehearsal.known)
HAS(restore_time, p->rehearsal.known && p->rehearsal.whole_s != 0)

static bool is_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static const struct metrics_pipeline *counted(const struct state *state, const struct view_pipeline *p)
{
	static const struct metrics_pipeline nothing = { .retries = 0 };
	const struct metrics_pipeline *found = metrics_pipeline(state->metrics, p->name);

	return found != NULL ? found : &nothing;
}

static int64_t generations_held(const struct state *state, const struct view_pipeline *p)
{
	const struct view_history *history = state_history_of(state, p->name);

	return history != NULL ? (int64_t)history->n_held : (int64_t)(*p->last_good.name != '\0');
}

VALUE(success, p->last_good.taken_at)
VALUE(published, p->last_good.published_at)
VALUE(files, p->last_good.files)
VALUE(bytes, p->last_good.bytes)
VALUE(generations, generations_held(state, p))
VALUE(overdue, p->overdue)
VALUE(age, p->age_s)
VALUE(backlog, p->forecast.backlog_bytes)
VALUE(max_age, p->max_age_s)
VALUE(failed, is_text(p->last_run.state, "failed") || view_alarm_of(p, "failed") != NULL)
VALUE(ended, p->last_run.ended_at)
VALUE(paused, p->paused)
VALUE(active, is_text(p->watch_state, "active"))
VALUE(running, *p->running.run != '\0')
VALUE(waiting,
      *p->running.run != '\0' && (!is_text(p->running.step_state, "working") || *p->running.last_error.message != '\0'))
VALUE(began, p->running.started_at)
VALUE(done, p->running.progress.done_bytes)
VALUE(total, p->running.progress.total_bytes)
VALUE(rate, p->running.progress.rate_bps)
VALUE(runs, p->totals.runs)
VALUE(runs_failed, p->totals.failed)
VALUE(literal, p->totals.literal_bytes)
VALUE(matched, p->totals.matched_bytes)
VALUE(sent, p->totals.wire_sent)
VALUE(received, p->totals.wire_received)
VALUE(source_free, p->space.source_free_bytes)
VALUE(source_total, p->space.source_total_bytes)
VALUE(change, p->forecast.change_bytes_per_day / 86400)
VALUE(link, p->forecast.link_bytes_per_s)
VALUE(caught_up, p->forecast.caught_up_at)
VALUE(never, p->forecast.never)
VALUE(vault_full, p->forecast.vault_full_at)
VALUE(source_full, p->forecast.source_full_at)
VALUE(retries, (int64_t)counted(state, p)->retries)
VALUE(given_up, (int64_t)counted(state, p)->given_up)
VALUE(verified, (int64_t)counted(state, p)->verified)
VALUE(found_damaged, (int64_t)counted(state, p)->damaged)
VALUE(verified_at, counted(state, p)->verified_at_ms / 1000)
VALUE(is_damaged, metrics_marks(state->metrics, p->name).damaged || view_alarm_of(p, "damaged") != NULL)
VALUE(restorable, p->rehearsal.restorable)
VALUE(rehearsed_at, p->rehearsal.at)
VALUE(restore_time, p->rehearsal.whole_s)
VALUE(braked, view_alarm_of(p, "braked") != NULL)

static const struct family families[] = {
	{ "aob_last_success_timestamp_seconds", "gauge",
	  "The instant of the source that the newest whole generation in the vault holds.", has_good, value_success },
	{ "aob_last_published_timestamp_seconds", "gauge", "When the newest generation was published in the vault.",
	  has_good, value_published },
	{ "aob_generation_files", "gauge", "Files in the newest generation.", has_good, value_files },
	{ "aob_generation_size_bytes", "gauge", "Size of the newest generation.", has_good, value_bytes },
	{ "aob_generations", "gauge", "Generations in the vault.", has_copies, value_generations },
	{ "aob_overdue", "gauge", "1: the newest generation is older than max_age allows.", NULL, value_overdue },
	{ "aob_age_seconds", "gauge",
	  "How old the state in the vault is, by the broker's own clock; near 0 while the source is known to be "
	  "unchanged.",
	  has_age, value_age },
	{ "aob_max_age_seconds", "gauge", "How old the newest generation may be.", has_max_age, value_max_age },
	{ "aob_last_run_failed", "gauge", "1: the last run that ended failed; also while the next one is under way.",
	  has_run, value_failed },
	{ "aob_last_run_end_timestamp_seconds", "gauge", "When the last run ended; not there while one is under way.",
	  has_ended, value_ended },
	{ "aob_paused", "gauge", "1: no runs begin by themselves.", NULL, value_paused },
	{ "aob_source_active", "gauge", "1: the source is being written.", NULL, value_active },
	{ "aob_running", "gauge", "1: a run is under way.", NULL, value_running },
	{ "aob_waiting", "gauge",
	  "1: the run under way waits for a worker or before another try, or went wrong in its last try and has not "
	  "got over that yet.",
	  NULL, value_waiting },
	{ "aob_run_start_timestamp_seconds", "gauge", "When the run under way began.", has_running, value_began },
	{ "aob_run_done_bytes", "gauge", "How far the step under way is.", has_running, value_done },
	{ "aob_run_size_bytes", "gauge", "What the step under way has to do; 0: not known.", has_running, value_total },
	{ "aob_run_rate_bytes_per_second", "gauge", "How fast the step under way is.", has_running, value_rate },
	{ "aob_runs_total", "counter", "Whole runs that ended.", has_totals, value_runs },
	{ "aob_runs_failed_total", "counter", "Whole runs that failed.", has_totals, value_runs_failed },
	{ "aob_literal_bytes_total", "counter", "New content that was sent.", has_totals, value_literal },
	{ "aob_matched_bytes_total", "counter", "Content that the vault had already.", has_totals, value_matched },
	{ "aob_wire_sent_bytes_total", "counter", "Bytes sent to the vault's end, after compression.", has_totals,
	  value_sent },
	{ "aob_wire_received_bytes_total", "counter", "Bytes received from the vault's end.", has_totals,
	  value_received },
	{ "aob_step_retries_total", "counter", "Steps that went wrong and were tried again.", NULL, value_retries },
	{ "aob_snapshots_given_up_total", "counter", "Snapshots given up for room on the source's disk.", NULL,
	  value_given_up },
	{ "aob_verifications_total", "counter", "Generations found to be as they were recorded.", NULL,
	  value_verified },
	{ "aob_damages_total", "counter", "Generations found damaged.", NULL, value_found_damaged },
	{ "aob_damaged", "gauge", "1: a generation was found damaged, and was not found whole since.", NULL,
	  value_is_damaged },
	{ "aob_last_verification_timestamp_seconds", "gauge", "When a generation was verified last; 0: never.", NULL,
	  value_verified_at },
	{ "aob_restorable", "gauge",
	  "1: the last rehearsal of a restore gave everything back as it was; 0: it did not.", has_rehearsal,
	  value_restorable },
	{ "aob_last_rehearsal_timestamp_seconds", "gauge", "When a restore was rehearsed last.", has_rehearsal,
	  value_rehearsed_at },
	{ "aob_restore_estimated_seconds", "gauge",
	  "How long a restore of the whole generation would take, by the last rehearsal that went well.",
	  has_restore_time, value_restore_time },
	{ "aob_braked", "gauge",
	  "1: too much changed in a run, and the generations before it are held until they are released.", NULL,
	  value_braked },
	{ "aob_source_free_bytes", "gauge", "Room on the source's disk.", has_source_space, value_source_free },
	{ "aob_source_size_bytes", "gauge", "Size of the source's disk.", has_source_space, value_source_total },
	{ "aob_forecast_change_bytes_per_second", "gauge", "How fast the source changes, averaged.", has_change,
	  value_change },
	{ "aob_forecast_link_bytes_per_second", "gauge", "What the link carries within its rates, averaged.", has_link,
	  value_link },
	{ "aob_forecast_backlog_bytes", "gauge", "What has not crossed yet.", has_backlog, value_backlog },
	{ "aob_forecast_caught_up_timestamp_seconds", "gauge", "When the vault will have caught up.", has_caught_up,
	  value_caught_up },
	{ "aob_forecast_never", "gauge", "1: more changes than the link can carry.", has_never, value_never },
	{ "aob_forecast_vault_full_timestamp_seconds", "gauge", "When the vault will be full.", has_vault_full,
	  value_vault_full },
	{ "aob_forecast_source_full_timestamp_seconds", "gauge", "When the source's disk will be full.",
	  has_source_full, value_source_full },
};

static void write_family(const struct out *out, const struct family *family)
{
	const struct view *view = out->state->view;
	bool told = false;

	for (size_t i = 0; view != NULL && i < view->n_pipelines; i++) {
		const struct view_pipeline *p = &view->pipelines[i];

		if (family->has != NULL && !family->has(p))
			continue;
		if (!told)
			head(out, family->name, family->type, family->help);
		told = true;
		sample(out, family->name, "pipeline", p->name, family->value(out->state, p));
	}
}

static void write_pipeline_info(const struct out *out)
{
	const struct view *view = out->state->view;

	head(out, "aob_pipeline_info", "info", "The pipelines and their vaults.");
	for (size_t i = 0; view != NULL && i < view->n_pipelines; i++) {
		text_add(out->text, "aob_pipeline_info{pipeline=\"");
		text_label(out->text, view->pipelines[i].name);
		text_add(out->text, "\",vault=\"");
		text_label(out->text, view->pipelines[i].vault);
		text_add(out->text, "\"} 1\n");
	}
}

static bool tells_vault(const struct view_pipeline *p, const char *vault)
{
	return is_text(p->vault, vault) && p->space.known && p->space.vault_total_bytes != 0;
}

/* A vault's room is told by each of its pipelines: the newest word is taken, with the first of them that has one; NULL with the others. */
static const struct view_pipeline *newest_of_vault(const struct view *view, size_t at)
{
	const char *vault = view->pipelines[at].vault;
	const struct view_pipeline *newest = NULL;

	if (!tells_vault(&view->pipelines[at], vault))
		return NULL;
	for (size_t i = 0; i < view->n_pipelines; i++) {
		const struct view_pipeline *p = &view->pipelines[i];

		if (!tells_vault(p, vault))
			continue;
		if (i < at)
			return NULL; /* told with that one */
		if (newest == NULL || p->space.measured_at > newest->space.measured_at)
			newest = p;
	}
	return newest;
}

static void write_vaults(const struct out *out)
{
	static const struct {
		const char *name, *help;
	} tables[] = { { "aob_vault_free_bytes", "Room in the vault." },
		       { "aob_vault_size_bytes", "Size of the vault's disk." } };
	const struct view *view = out->state->view;

	for (size_t t = 0; view != NULL && t < 2; t++) {
		bool told = false;

		for (size_t i = 0; i < view->n_pipelines; i++) {
			const struct view_pipeline *p = newest_of_vault(view, i);

			if (p == NULL)
				continue;
			if (!told)
				head(out, tables[t].name, "gauge", tables[t].help);
			told = true;
			sample(out, tables[t].name, "vault", p->vault,
			       t == 0 ? p->space.vault_free_bytes : p->space.vault_total_bytes);
		}
	}
}

static void write_histogram(const struct out *out, const char *name, const char *label, const char *value,
                            const struct metrics_histogram *histogram, const int64_t *bounds_s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= METRICS_RUN_BUCKETS; i++) {
		sum += histogram->bucket[i];
		text_add(out->text, "%s_bucket{%s=\"", name, label);
		text_label(out->text, value);
		if (i < METRICS_RUN_BUCKETS)
			text_add(out->text, "\",le=\"%lld.0\"} %llu\n", (long long)bounds_s[i],
			         (unsigned long long)sum);
		else
			text_add(out->text, "\",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
	}
	text_add(out->text, "%s_sum{%s=\"", name, label);
	text_label(out->text, value);
	text_add(out->text, "\"} %.3f\n%s_count{%s=\"", histogram->sum_s, name, label);
	text_label(out->text, value);
	text_add(out->text, "\"} %llu\n", (unsigned long long)histogram->count);
}

static void write_durations(const struct out *out)
{
	const struct metrics *metrics = out->state->metrics;

	head(out, "aob_run_duration_seconds", "histogram",
	     "How long whole runs took that ended since the monitor started.");
	for (size_t i = 0; i < metrics->n_pipelines; i++)
		write_histogram(out, "aob_run_duration_seconds", "pipeline", metrics->pipelines[i].name,
		                &metrics->pipelines[i].runs, metrics_run_bounds_s);
	head(out, "aob_step_duration_seconds", "histogram",
	     "How long steps took, tries included, that ended since the monitor started.");
	for (size_t i = 0; i < metrics->n_stages; i++)
		write_histogram(out, "aob_step_duration_seconds", "stage", metrics->stages[i].name,
		                &metrics->stages[i].steps, metrics_step_bounds_s);
}

static void write_joins(const struct out *out)
{
	const struct metrics *metrics = out->state->metrics;

	head(out, "aob_workers_joined_total", "counter",
	     "Workers that joined since the monitor started: starts and restarts.");
	for (size_t i = 0; i < metrics->n_stages; i++)
		sample(out, "aob_workers_joined_total", "stage", metrics->stages[i].name,
		       (int64_t)metrics->stages[i].joined);
	head(out, "aob_workers_lost_total", "counter", "Workers that left or were lost since the monitor started.");
	for (size_t i = 0; i < metrics->n_stages; i++)
		sample(out, "aob_workers_lost_total", "stage", metrics->stages[i].name,
		       (int64_t)metrics->stages[i].lost);
}

/* Services, as far as workers or runs name them: each once. */
struct stages {
	const char *names[METRICS_STAGES_MAX];
	size_t n;
};

static void add_stage(struct stages *stages, const char *name)
{
	for (size_t i = 0; i < stages->n; i++)
		if (is_text(stages->names[i], name))
			return;
	if (stages->n < METRICS_STAGES_MAX && *name != '\0')
		stages->names[stages->n++] = name;
}

static void write_stages(const struct out *out)
{
	static const char *const names[] = { "aob_workers", "aob_workers_busy", "aob_queue_length",
		                             "aob_retry_waiting" };
	static const char *const helps[] = { "Workers that are connected.", "Workers that are at work.",
		                             "Runs that wait for a free worker.",
		                             "Runs that pause before another try." };
	const struct view *view = out->state->view;
	struct stages stages = { .n = 0 };

	for (size_t i = 0; view != NULL && i < view->n_workers; i++)
		add_stage(&stages, view->workers[i].service);
	for (size_t i = 0; view != NULL && i < view->n_pipelines; i++)
		add_stage(&stages, view->pipelines[i].running.step);
	for (size_t family = 0; family < 4; family++) {
		head(out, names[family], "gauge", helps[family]);
		for (size_t s = 0; s < stages.n; s++) {
			int64_t n = 0;

			for (size_t i = 0; family < 2 && i < view->n_workers; i++)
				n += is_text(view->workers[i].service, stages.names[s]) &&
				     (family == 0 || view->workers[i].busy);
			for (size_t i = 0; family >= 2 && i < view->n_pipelines; i++)
				n += is_text(view->pipelines[i].running.step, stages.names[s]) &&
				     is_text(view->pipelines[i].running.step_state,
				             family == 2 ? "queued" : "retry-wait");
			sample(out, names[family], "stage", stages.names[s], n);
		}
	}
}

static uint64_t notifier_value(const struct state_notifier *notifier, size_t family)
{
	const uint64_t values[] = { notifier->delivered, notifier->failed_attempts, notifier->dropped,
		                    notifier->waiting };

	return values[family];
}

static void write_notifiers(const struct out *out)
{
	static const struct {
		const char *name, *type, *help;
	} rows[] = {
		{ "aob_notifications_delivered_total", "counter", "Alarms that arrived." },
		{ "aob_notifications_failed_attempts_total", "counter", "Attempts to send an alarm that failed." },
		{ "aob_notifications_dropped_total", "counter", "Alarms that were given up." },
		{ "aob_notifications_waiting", "gauge", "Alarms that wait to be sent." },
	};

	for (size_t family = 0; out->state->n_notifiers > 0 && family < 4; family++) {
		head(out, rows[family].name, rows[family].type, rows[family].help);
		for (size_t i = 0; i < out->state->n_notifiers; i++)
			sample(out, rows[family].name, "notifier", out->state->notifiers[i].name,
			       (int64_t)notifier_value(&out->state->notifiers[i], family));
	}
}

static void write_broker(const struct out *out, int64_t now_ms)
{
	const struct state *state = out->state;

	one(out, "aob_broker_up", "gauge", "1: the broker answers.",
	    state->view != NULL && state->trouble[0] == '\0' && now_ms - state->answered_ms < STATE_ANSWER_FRESH_MS);
	one(out, "aob_broker_last_answer_timestamp_seconds", "gauge", "When the broker answered last.",
	    state->answered_at);
	one(out, "aob_broker_start_timestamp_seconds", "gauge", "When the broker started.",
	    state->view != NULL ? state->view->started_at : 0);
	one(out, "aob_broker_restarts_total", "counter", "Restarts of the broker that were seen.",
	    (int64_t)state->metrics->broker_restarts);
	one(out, "aob_broker_unanswered_total", "counter", "Questions that the broker did not answer.",
	    (int64_t)state->failed_asks);
}

static int64_t open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t n = -3; /* ".", ".." and the folder itself */

	if (folder == NULL)
		return 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a folder of its own */
	while (readdir(folder) != NULL)
		n++;
	(void)closedir(folder);
	return n;
}

static int64_t resident_bytes(void)
{
	FILE *in = fopen("/proc/self/statm", "re");
	char line[128] = "";
	char *rest = line;

	if (in == NULL)
		return 0;
	if (fgets(line, sizeof(line), in) == NULL)
		line[0] = '\0';
	(void)fclose(in);
	(void)strtoll(line, &rest, 10);
	return strtoll(rest, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void write_monitor(const struct out *out, const struct exposition_server *server)
{
	const struct metrics *metrics = out->state->metrics;

	one(out, "aob_alarms_up", "gauge", "0: alarms are configured, and can't be sent.",
	    out->state->no_alarms[0] == '\0');
	one(out, "aob_monitor_events_total", "counter", "Events that were heard, each counted once.",
	    (int64_t)metrics->events);
	one(out, "aob_monitor_events_refused_total", "counter", "Messages that were no event of ours.",
	    (int64_t)metrics->refused);
	one(out, "aob_monitor_requests_total", "counter", "HTTP requests.", (int64_t)server->requests);
	one(out, "aob_monitor_streams", "gauge", "Open event streams.", (int64_t)server->streams);
}

/* The names that all Prometheus clients use: of the process that is scraped, so not in what another one shows. */
static void write_process(const struct out *out)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	head(out, "process_cpu_seconds_total", "counter", "Processor time of the monitor.");
	text_add(out->text, "process_cpu_seconds_total %.2f\n",
	         (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	one(out, "process_resident_memory_bytes", "gauge", "Memory of the monitor.", resident_bytes());
	one(out, "process_open_fds", "gauge", "Open descriptors of the monitor.", open_descriptors());
	one(out, "process_start_time_seconds", "gauge", "When the monitor started.", out->state->began_at);
}

void exposition_write(const struct state *state, const struct exposition_server *server, int64_t now_ms,
                      enum exposition_form form, struct text *text)
{
	const struct out out = { text, state, form == EXPOSITION_OPENMETRICS };

	head(&out, "aob_build_info", "info", "The monitor's version.");
	sample(&out, "aob_build_info", "version", AOB_VERSION, 1);
	write_broker(&out, now_ms);
	write_pipeline_info(&out);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		write_family(&out, &families[i]);
	write_vaults(&out);
	write_durations(&out);
	write_stages(&out);
	write_joins(&out);
	write_notifiers(&out);
	write_monitor(&out, server);
	if (server->hosts != NULL)
		text_put(text, server->hosts, strlen(server->hosts));
	if (form != EXPOSITION_TEXTFILE)
		write_process(&out);
	if (form == EXPOSITION_OPENMETRICS)
		text_add(text, "# EOF\n");
}
