#include "broker/alarms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/alarms_age.h"
#include "broker/outlook.h"
#include "broker/overdue.h"
#include "broker/safety_json.h"
#include "broker/watch_state.h"
#include "lib/clock.h"
#include "lib/json_text.h"
#include "lib/log.h"

#define KEEP_LEAST_S 3600 /* an unchanged source's clock is not written more often: disks want to sleep */

/* By gravity: what `was` names. */
static const char *const gravity[] = { "damaged", "not-restorable", "braked", "failed", "overdue", "forecast" };
#define N_KINDS (sizeof(gravity) / sizeof(gravity[0]))

static void read_boot_id(char id[STEADY_BOOT_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, STEADY_BOOT_SIZE - 1) : 0;

	if (fd >= 0)
		(void)close(fd);
	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (id[0] == '\0')
		(void)snprintf(id, STEADY_BOOT_SIZE,
		               "unknown"); /* then it is taken for one boot as long as its clock goes on */
}

int64_t alarms_now_s(struct broker *broker)
{
	return steady_now(&broker->steady, clock_boot_s(), broker_wall());
}

struct alarms_clock *alarms_clock_of(struct broker *broker, const char *pipeline)
{
	return by_name_get(&broker->clock_names, pipeline);
}

void alarms_stale(struct broker *broker, const char *pipeline)
{
	struct alarms_clock *clock = alarms_clock_of(broker, pipeline);

	if (clock == NULL)
		return;
	clock->stale = true;
	broker->alarms_stale = true;
}

/* ---- loading */

static int read_alarms(struct broker *broker, struct alarms_clock *clock, struct error *err)
{
	struct figures_alarm alarms[FIGURES_ALARMS_MAX];
	size_t n;

	if (figures_alarms(broker->store, clock->pipeline, alarms, &n, err) != 0)
		return -1;
	clock->overdue = clock->failed = false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(alarms[i].kind, "failed") == 0)
			clock->failed = true;
		if (strcmp(alarms[i].kind, "forecast") == 0 && clock->warned == 0)
			clock->warned = ALARMS_WARNED;
		if (strcmp(alarms[i].kind, "overdue") == 0) {
			clock->overdue = true;
			clock->overdue_since = alarms[i].since;
		}
	}
	return 0;
}

/* What the watcher said meanwhile counts on. */
static int read_clock(struct broker *broker, struct alarms_clock *clock, struct error *err)
{
	int64_t good_s = clock->age.good_s;
	int found = figures_age(broker->store, clock->pipeline, &clock->age, err);

	if (found < 0 || (found == 0 && alarms_age_begin(broker, clock->pipeline, &clock->age, err) != 0))
		return -1;
	clock->kept_good_s = clock->age.good_s;
	/* What the watcher said of another vault's generation counts for nothing in this one. */
	if (clock->age.good_s != OVERDUE_NOTHING && good_s > clock->age.good_s)
		clock->age.good_s = good_s;
	if (read_alarms(broker, clock, err) != 0)
		return -1;
	clock->stale = false;
	return 0;
}

/* Those of which the store has learnt more. */
static int read_clocks(struct broker *broker, struct error *err)
{
	for (struct alarms_clock *clock = broker->clocks; clock != NULL; clock = clock->next)
		if (clock->stale && read_clock(broker, clock, err) != 0)
			return error_prefix(err, "pipeline %s", clock->pipeline);
	broker->alarms_stale = false;
	return 0;
}

static int add_clock(struct broker *broker, const char *pipeline, struct error *err)
{
	struct alarms_clock *clock = calloc(1, sizeof(*clock));

	if (clock == NULL)
		return error_sys(err, ENOMEM, "pipeline %s", pipeline);
	(void)snprintf(clock->pipeline, sizeof(clock->pipeline), "%s", pipeline);
	clock->age.good_s = OVERDUE_NOTHING;
	if (read_clock(broker, clock, err) != 0) {
		free(clock);
		return -1;
	}
	if (by_name_put(&broker->clock_names, clock->pipeline, clock) != 0) {
		free(clock);
		return error_sys(err, ENOMEM, "pipeline %s", pipeline);
	}
	clock->next = broker->clocks;
	broker->clocks = clock;
	return 0;
}

static int keep_steady(struct broker *broker, struct error *err)
{
	struct steady_mark mark = steady_keep(&broker->steady, clock_boot_s(), broker_wall());

	return figures_steady_keep(broker->store, &mark, err);
}

static int load_clocks(struct broker *broker, struct error *err)
{
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		if (alarms_clock_of(broker, broker->config->pipelines[i].name) == NULL &&
		    add_clock(broker, broker->config->pipelines[i].name, err) != 0)
			return -1;
	return keep_steady(broker, err);
}

static int drop(struct broker *broker, const char *pipeline, const char *kind, struct error *err)
{
	if (strcmp(kind, "braked") == 0 && figures_brake_drop(broker->store, pipeline, err) != 0)
		return -1;
	return figures_alarm_drop(broker->store, pipeline, kind, err);
}

/* What is wrong with a pipeline that is not there any more is nobody's alarm. */
static int drop_alarms(struct broker *broker, struct error *err)
{
	for (const struct alarms_clock *clock = broker->clocks; clock != NULL; clock = clock->next)
		for (size_t i = 0; i < N_KINDS && config_pipeline(broker->config, clock->pipeline) == NULL; i++)
			if (drop(broker, clock->pipeline, gravity[i], err) != 0)
				return -1;
	return 0;
}

/* A pipeline that has another vault now. */
static int forget_elsewhere(struct broker *broker, struct error *err)
{
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		if (alarms_age_look(broker, &broker->config->pipelines[i], err) != 0)
			return -1;
	return 0;
}

void alarms_drop(struct broker *broker)
{
	struct alarms_clock **at = &broker->clocks;

	while (*at != NULL) {
		struct alarms_clock *clock = *at;

		if (config_pipeline(broker->config, clock->pipeline) != NULL) {
			at = &clock->next;
			continue;
		}
		*at = clock->next;
		by_name_drop(&broker->clock_names, clock->pipeline);
		free(clock);
	}
}

int alarms_load(struct broker *broker, struct error *err)
{
	struct steady_mark kept;
	char boot_id[STEADY_BOOT_SIZE];

	if (broker->clocks == NULL) {
		read_boot_id(boot_id);
		if (figures_steady(broker->store, &kept, err) < 0)
			return -1;
		broker->steady = steady_resume(&kept, boot_id, clock_boot_s(), broker_wall());
		broker->alarms_up_s = alarms_now_s(broker);
	}
	broker->outlook_ms = 0;
	if (broker_begin(broker, err) != 0)
		return -1;
	if (drop_alarms(broker, err) != 0 || forget_elsewhere(broker, err) != 0 || load_clocks(broker, err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	/* What is read of the store later on (alarms_turn) is no ground to refuse what is stored by now. */
	return broker_commit(broker, err);
}

static int keep_all(struct broker *broker, struct error *err)
{
	for (struct alarms_clock *clock = broker->clocks; clock != NULL; clock = clock->next)
		if (clock->age.good_s != clock->kept_good_s &&
		    figures_age_keep(broker->store, clock->pipeline, &clock->age, err) != 0)
			return -1;
	return keep_steady(broker, err);
}

void alarms_free(struct broker *broker)
{
	struct error err;

	if (broker->clocks != NULL && !broker->alarms_stale && broker_begin(broker, &err) == 0) {
		if (keep_all(broker, &err) != 0)
			broker_undo(broker, &err);
		else
			(void)broker_commit(broker, &err);
	}
	while (broker->clocks != NULL) {
		struct alarms_clock *clock = broker->clocks;

		broker->clocks = clock->next;
		free(clock);
	}
	by_name_done(&broker->clock_names);
}

/* ---- changes */

int alarms_end(struct broker *broker, const char *pipeline, const char *const *kinds, const char *generation,
               struct error *err)
{
	struct figures_alarm alarms[FIGURES_ALARMS_MAX];
	json_t *cleared = json_array();
	json_t *still = json_array();
	json_t *data = NULL;
	const char *was = NULL;
	int rc = -1;
	size_t n;

	if (figures_alarms(broker->store, pipeline, alarms, &n, err) != 0)
		goto out;
	for (size_t i = 0; i < n; i++) {
		bool ends = false;

		for (size_t k = 0; kinds[k] != NULL; k++)
			ends = ends || strcmp(kinds[k], alarms[i].kind) == 0;
		(void)json_array_append_new(ends ? cleared : still, json_string(alarms[i].kind));
		if (ends && drop(broker, pipeline, alarms[i].kind, err) != 0)
			goto out;
		if (ends && was == NULL)
			was = alarms[i].kind;
		for (size_t g = 0; ends && g < N_KINDS && strcmp(gravity[g], was) != 0; g++)
			if (strcmp(gravity[g], alarms[i].kind) == 0)
				was = alarms[i].kind;
	}
	rc = 0;
	if (was == NULL)
		goto out;
	log_line(LOG_NOTICE, "pipeline=%s recovered, it was %s", pipeline, was);
	data = json_pack("{s:s, s:O, s:O, s:s?}", "was", was, "cleared", cleared, "still", still, "generation",
	                 generation);
	rc = broker_event(broker, pipeline, "pipeline.recovered", &data, err);
	alarms_stale(broker, pipeline);
out:
	json_decref(cleared);
	json_decref(still);
	return rc;
}

int alarms_snapshot(struct broker *broker, const struct run *run, struct error *err)
{
	struct figures_age age;
	int found = figures_age(broker->store, run->record.pipeline, &age, err);

	if (found != 1)
		return found; /* not of this configuration any more */
	(void)snprintf(age.run, sizeof(age.run), "%s", run->record.run);
	age.taken_s = alarms_now_s(broker);
	alarms_stale(broker, run->record.pipeline);
	return figures_age_keep(broker->store, run->record.pipeline, &age, err);
}

/* The state in the vault is of this moment now. */
static int set_good(struct broker *broker, const char *pipeline, int64_t good_s, const char *generation,
                    struct error *err)
{
	static const char *const both[] = { "failed", "overdue", NULL };
	static const char *const failed[] = { "failed", NULL };
	const struct config_pipeline *configured = config_pipeline(broker->config, pipeline);
	struct figures_age age;
	int found = figures_age(broker->store, pipeline, &age, err);
	bool in_time;

	if (found != 1 || configured == NULL)
		return found < 0 ? -1 : 0;
	if (good_s > age.good_s)
		age.good_s = good_s;
	alarms_stale(broker, pipeline);
	in_time = configured->max_age_ms == 0 || alarms_now_s(broker) - age.good_s <= alarms_age_max_s(configured);
	if (figures_age_keep(broker->store, pipeline, &age, err) != 0 || keep_steady(broker, err) != 0)
		return -1;
	return alarms_end(broker, pipeline, in_time ? both : failed, generation, err);
}

int alarms_published(struct broker *broker, const struct run *run, const struct history_generation *generation,
                     struct error *err)
{
	static const char *const failed[] = { "failed", NULL };
	const struct config_pipeline *configured = config_pipeline(broker->config, run->record.pipeline);
	struct figures_age age;
	int64_t old_s = generation->published_at - generation->taken_at;

	/* A run that was in flight when another vault was configured makes nothing safe there. */
	if (configured != NULL && strcmp(configured->vault->name, generation->vault) != 0)
		return alarms_end(broker, run->record.pipeline, failed, NULL, err);

	if (figures_age(broker->store, run->record.pipeline, &age, err) < 0)
		return -1;
	/* Without a snapshot of this run's that we saw, what it says of its time must do. */
	if (strcmp(age.run, run->record.run) != 0)
		age.taken_s = alarms_age_before(alarms_now_s(broker), old_s);
	return set_good(broker, run->record.pipeline, age.taken_s, generation->generation, err);
}

static bool brings_generations(const struct run *run)
{
	for (size_t i = 0; i < run->record.n_steps; i++)
		if (strcmp(run->record.steps[i].service, "transfer") == 0)
			return true;
	return false;
}

int alarms_run_ended(struct broker *broker, const struct run *run, enum run_state end, const struct error *error,
                     struct error *err)
{
	static const char *const failed[] = { "failed", NULL };
	struct figures_totals more = { .runs = 1, .failed = end == RUN_FAILED };
	struct figures_alarm alarm = { .kind = "failed", .since = broker_wall() };

	if (!run->record.whole || run->record.dry_run || (end != RUN_OK && end != RUN_FAILED))
		return 0;
	if (figures_totals_add(broker->store, run->record.pipeline, &more, err) != 0)
		return -1;
	if (end == RUN_FAILED) {
		(void)snprintf(alarm.reason, sizeof(alarm.reason), "%s",
		               error->class != ERR_NONE ? error->text : "without saying why");
		alarms_stale(broker, run->record.pipeline);
		return config_pipeline(broker->config, run->record.pipeline) != NULL
		               ? figures_alarm_keep(broker->store, run->record.pipeline, &alarm, err)
		               : 0;
	}
	/* Of a pipeline of other stages a run that ended well is all that can be known. */
	if (!brings_generations(run))
		return set_good(broker, run->record.pipeline, alarms_now_s(broker), NULL, err);
	return alarms_end(broker, run->record.pipeline, failed, NULL, err);
}

/* ---- overdue */

static int begin_overdue(struct broker *broker, const struct config_pipeline *pipeline, int64_t age_s,
                         struct error *err)
{
	struct figures_alarm alarm = { .kind = "overdue", .since = broker_wall() };
	struct history_generation last;
	int found = history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &last, err);
	json_t *data = NULL;

	if (found < 0)
		return -1;
	(void)safety_json_waiting(broker, pipeline, alarm.reason, sizeof(alarm.reason));
	if (figures_alarm_keep(broker->store, pipeline->name, &alarm, err) != 0 || keep_steady(broker, err) != 0)
		return -1;
	data = json_pack("{s:I, s:I, s:o, s:o}", "max_age_s", (json_int_t)alarms_age_max_s(pipeline), "age_s",
	                 (json_int_t)age_s, "last_good_at", found == 1 ? json_integer(last.taken_at) : json_null(),
	                 "reason", json_text(alarm.reason));
	log_line(LOG_ERR, "pipeline=%s overdue: %s %lld s old, max_age is %lld s; %s", pipeline->name,
	         found == 1 ? "the state in the vault is" : "nothing is in the vault, and it is known to be",
	         (long long)age_s, (long long)alarms_age_max_s(pipeline), alarm.reason);
	return broker_event(broker, pipeline->name, "pipeline.overdue", &data, err);
}

static int end_overdue(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	static const char *const overdue[] = { "overdue", NULL };
	struct history_generation last;
	int found = history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &last, err);

	if (found < 0)
		return -1;
	return alarms_end(broker, pipeline->name, overdue, found == 1 ? last.generation : NULL, err);
}

static void change_overdue(struct broker *broker, const struct config_pipeline *pipeline, const struct overdue *now)
{
	struct error err;

	if (broker_begin(broker, &err) != 0)
		return;
	if ((now->is ? begin_overdue(broker, pipeline, now->age_s, &err) : end_overdue(broker, pipeline, &err)) != 0)
		broker_undo(broker, &err);
	else if (broker_commit(broker, &err) == 0)
		alarms_stale(broker, pipeline->name);
}

static void keep_good(struct broker *broker, struct alarms_clock *clock)
{
	struct error err;

	if (broker_begin(broker, &err) != 0)
		return;
	if (figures_age_keep(broker->store, clock->pipeline, &clock->age, &err) != 0 || keep_steady(broker, &err) != 0)
		broker_undo(broker, &err);
	else if (broker_commit(broker, &err) == 0)
		clock->kept_good_s = clock->age.good_s;
}

static struct overdue decide(struct broker *broker, const struct config_pipeline *pipeline,
                             const struct alarms_clock *clock, bool heard)
{
	struct overdue_input in = { .now_s = alarms_now_s(broker),
		                    .known_s = clock->age.known_s,
		                    .good_s = clock->age.good_s,
		                    .max_age_s = alarms_age_max_s(pipeline),
		                    .heard = heard,
		                    .was = clock->overdue };

	in.up_s = in.now_s - broker->alarms_up_s;
	return overdue_decide(&in);
}

/* The watcher's word, and what follows from it: while the source is unchanged, the state in the vault is that of when this was said last. */
static bool hear_watcher(struct broker *broker, const struct config_pipeline *pipeline, struct alarms_clock *clock)
{
	struct history_watch watch;

	watch_state_get(broker, pipeline, &watch);
	if (strcmp(watch.state, "unchanged") == 0 && clock->age.good_s != OVERDUE_NOTHING) {
		int64_t said_s = alarms_now_s(broker) - watch_state_silence_ms(broker, pipeline->name) / 1000;

		if (said_s > clock->age.good_s)
			clock->age.good_s = said_s;
	}
	return strcmp(watch.state, "unknown") != 0;
}

static void look_at(struct broker *broker, const struct config_pipeline *pipeline)
{
	struct alarms_clock *clock = alarms_clock_of(broker, pipeline->name);
	int64_t rarely_s =
	        alarms_age_max_s(pipeline) / 4 > KEEP_LEAST_S ? alarms_age_max_s(pipeline) / 4 : KEEP_LEAST_S;
	struct overdue now;
	bool heard;

	if (clock == NULL)
		return;
	heard = hear_watcher(broker, pipeline, clock);
	if (clock->age.good_s != OVERDUE_NOTHING && clock->age.good_s - clock->kept_good_s >= rarely_s)
		keep_good(broker, clock);
	now = decide(broker, pipeline, clock, heard);
	if (!now.is)
		clock->is_since = 0;
	else if (clock->is_since == 0)
		clock->is_since = broker_wall();
	if (now.is != clock->overdue)
		change_overdue(broker, pipeline, &now);
}

/* Is it still so? What failed may not come again for long, and nobody else would find out. */
static void probe_store(struct broker *broker)
{
	struct error err;

	if (broker_begin(broker, &err) != 0)
		return;
	if (keep_steady(broker, &err) != 0)
		broker_undo(broker, &err);
	else
		(void)broker_commit(broker, &err);
}

void alarms_turn(struct broker *broker)
{
	struct error err;

	if (broker->now_ms < broker->store_retry_ms)
		return;
	if (broker->alarms_stale && read_clocks(broker, &err) != 0) {
		log_error(LOG_ERR, &err, "reading what is wrong");
		return;
	}
	if (broker->now_ms < broker->alarms_ms)
		return;
	broker->alarms_ms = broker->now_ms + ALARMS_LOOK_MS;
	if (broker->store_trouble)
		probe_store(broker);
	for (size_t i = 0; i < broker->config->n_pipelines; i++)
		look_at(broker, &broker->config->pipelines[i]);
	outlook_turn(broker);
}

void alarms_get(struct broker *broker, const struct config_pipeline *pipeline, struct alarms_state *state)
{
	struct alarms_clock *clock = alarms_clock_of(broker, pipeline->name);
	struct overdue now;
	struct error err;

	*state = (struct alarms_state){ .good = false };
	if (clock == NULL)
		return;
	/* What the store has taken since the last turn is told already. */
	if (clock->stale && read_clock(broker, clock, &err) != 0)
		log_error(LOG_WARNING, &err, "pipeline=%s reading what is wrong", pipeline->name);
	now = decide(broker, pipeline, clock, hear_watcher(broker, pipeline, clock));
	state->good = clock->age.good_s != OVERDUE_NOTHING;
	state->age_s = now.age_s;
	/* As it was told; also while the store can't take it. */
	state->overdue = clock->overdue || (now.is && broker->store_trouble);
	if (now.is && clock->is_since == 0)
		clock->is_since = broker_wall();
	state->overdue_since = clock->overdue ? clock->overdue_since : clock->is_since;
}

size_t alarms_overdue(const struct broker *broker)
{
	size_t n = 0;

	for (const struct alarms_clock *clock = broker->clocks; clock != NULL; clock = clock->next)
		n += clock->overdue;
	return n;
}
