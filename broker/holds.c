#include "broker/holds.h"

#include <stdlib.h>
#include <string.h>

#include "broker/history_seed.h"
#include "broker/hold_policy.h"
#include "broker/outcome.h"
#include "broker/reply.h"
#include "broker/shared.h"
#include "broker/watch_state.h"
#include "lib/bytes.h"
#include "lib/log.h"

#define AGAIN_MS 1000        /* after something was given up */
#define SWEEP_AGAIN_MS 60000 /* after a removal that has not done its work */

struct hold_note { /* of a pipeline */
	char pipeline[CONFIG_NAME_MAX + 1];
	bool swept;       /* nothing is left of ended runs but the anchor */
	int64_t sweep_ms; /* not before */
	bool blind;       /* its disk can't be looked at, and this was said */
	bool seen;
	struct room room; /* as seen last; of the disk that a run in flight holds its snapshot on */
	struct hold_note *next;
};

static struct hold_note *note_of(struct broker *broker, const char *pipeline)
{
	struct hold_note *note = by_name_get(&broker->note_names, pipeline);

	if (note != NULL)
		return note;
	note = calloc(1, sizeof(*note));
	if (note == NULL)
		return NULL; /* then this one is looked at next time */
	(void)snprintf(note->pipeline, sizeof(note->pipeline), "%s", pipeline);
	if (by_name_put(&broker->note_names, note->pipeline, note) != 0) {
		free(note);
		return NULL;
	}
	note->next = broker->hold_notes;
	broker->hold_notes = note;
	return note;
}

static void forget_notes(struct broker *broker, bool all)
{
	struct hold_note **at = &broker->hold_notes;

	while (*at != NULL) {
		struct hold_note *note = *at;

		if (!all && config_pipeline(broker->config, note->pipeline) != NULL) {
			at = &note->next;
			continue;
		}
		*at = note->next;
		by_name_drop(&broker->note_names, note->pipeline);
		free(note);
	}
}

void holds_free(struct broker *broker)
{
	forget_notes(broker, true);
	by_name_done(&broker->note_names);
}

void holds_take(struct run *run, const char *snapshot_json)
{
	struct history_generation snapshot;

	if (reply_snapshot(snapshot_json, &snapshot, NULL) != 0)
		return; /* a snapshotter of another kind, which tells nothing of what it holds */
	run->holds = true;
	run->held_ctransid = snapshot.ctransid;
	run->held_since = snapshot.taken_at != 0 ? snapshot.taken_at : run->record.started_at;
	(void)snprintf(run->held_uuid, sizeof(run->held_uuid), "%s", snapshot.snapshot_uuid);
}

static int take_result(void *run, const char *service, const char *result_json, struct error *err)
{
	(void)err;
	if (strcmp(service, "snapshot") == 0)
		holds_take(run, result_json);
	return 0;
}

int holds_load(struct broker *broker, struct run *run, struct error *err)
{
	return run->config->release ? 0 : run_store_results(broker->store, run->record.run, take_result, run, err);
}

static int mark_under_way(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	size_t index = runs_step(run);

	(void)arg;
	run->record.steps[index].under_way = true;
	return run_store_step(broker->store, &run->record, index, &run->last_error, err);
}

/* The vault has nothing of this pipeline yet, as far as the store knows. */
static bool is_first_copy(struct broker *broker, const struct run *run)
{
	struct history_generation last;
	return history_last_good_in(broker->store, run->record.pipeline, run->config->vault, &last, NULL) != 1;
}

void holds_progress(struct broker *broker, struct run *run)
{
	const struct run_step *step = &run->record.steps[runs_step(run)];

	if (strcmp(step->service, "transfer") != 0 || step->under_way || broker->now_ms < broker->store_retry_ms ||
	    !hold_policy_under_way(is_first_copy(broker, run), run->crossed_bytes + run->progress.done_bytes,
	                           run->crossed_bytes + run->progress.total_bytes))
		return;
	(void)runs_change(broker, run, mark_under_way, NULL, NULL);
}

bool holds_replaceable(const struct run *run)
{
	const struct run_step *step = &run->record.steps[runs_step(run)];

	return run->record.whole && !run->record.dry_run && !run->record.cancelling && run->holds &&
	       strcmp(step->service, "transfer") == 0 && step->state == STEP_RETRY_WAIT && !step->under_way &&
	       error_retry_of(run->last_error.class) == RETRY_ALWAYS;
}

void holds_let_go(struct broker *broker, const char *pipeline)
{
	const struct config_pipeline *own = config_pipeline(broker->config, pipeline);

	for (struct hold_note *note = broker->hold_notes; note != NULL; note = note->next) {
		const struct config_pipeline *other = config_pipeline(broker->config, note->pipeline);

		if (other == NULL || other == own || (own != NULL && !shared_source(own, other)))
			continue;
		note->swept = false;
		note->sweep_ms = 0;
	}
	broker->holds_ms = 0;
}

void holds_ended(struct broker *broker, const struct run *run)
{
	struct hold_note *note = note_of(broker, run->record.pipeline);

	if (!run->config->release)
		holds_let_go(broker, run->record.pipeline);
	if (note == NULL)
		return;
	note->swept = run->config->release && run->end == RUN_OK;
	if (run->config->release)
		note->sweep_ms = broker->now_ms + SWEEP_AGAIN_MS;
	else
		note->sweep_ms = 0;
	broker->holds_ms = 0;
}

/* ---- what is held */

#define HOLDS_MAX (3 * CONFIG_PIPELINES_MAX)

struct survey {
	struct hold holds[HOLDS_MAX];
	const struct config_pipeline *pipelines[HOLDS_MAX]; /* of each */
	size_t n;
	struct room busy[CONFIG_PIPELINES_MAX]; /* where room is being made */
	size_t n_busy;
};

static void add(struct survey *survey, const struct config_pipeline *pipeline, enum hold_kind kind, int64_t since,
                const struct hold *place)
{
	struct hold *hold = &survey->holds[survey->n];

	*hold = *place;
	hold->kind = kind;
	hold->since = since;
	survey->pipelines[survey->n++] = pipeline;
}

/* A disk that was taken away leaves its mount point behind, on another file system: how full that is says nothing about the run's snapshot. */
static int look_at_disk(struct broker *broker, struct hold_note *note, const struct config_pipeline *pipeline,
                        struct room *room, struct error *err)
{
	const struct run *run = runs_of(broker, pipeline->name);

	if (watch_state_room(broker, pipeline, room, err) != 0)
		return -1;
	if (note->seen && run != NULL && run->holds && !room_same(&note->room, room))
		return error_set(err, ERR_NOT_FOUND, "%s lies on another file system than the run's snapshot",
		                 pipeline->source);
	note->seen = true;
	note->room = *room;
	return 0;
}

/* 1: the pipeline has snapshots, and place says where; 0: it has none, or nobody knows. */
static int find_place(struct broker *broker, const struct config_pipeline *pipeline, struct hold *place)
{
	struct hold_note *note = note_of(broker, pipeline->name);
	struct room_min min;
	struct error err;

	*place = (struct hold){ .busy = false };
	if (note == NULL || !run_config_min_free(pipeline, &min))
		return 0;
	if (look_at_disk(broker, note, pipeline, &place->room, &err) != 0) {
		if (!note->blind && err.class != ERR_LINK) /* a watcher's silence is told elsewhere */
			log_error(LOG_WARNING, &err,
			          "pipeline=%s can't see how full its disk is; min_free is kept only "
			          "by the snapshotter",
			          pipeline->name);
		note->blind = true;
		return 0;
	}
	note->blind = false;
	place->min_bytes = room_min_bytes(&min, place->room.total_bytes);
	return 1;
}

static int survey_pipeline(struct broker *broker, const struct config_pipeline *pipeline, struct survey *survey,
                           struct error *err)
{
	const struct run *run = runs_of(broker, pipeline->name);
	const struct hold_note *note = note_of(broker, pipeline->name);
	struct history_generation anchor;
	struct history_seed seed;
	struct hold place;
	int found;

	if (find_place(broker, pipeline, &place) == 0)
		return 0;
	if (run == NULL) {
		if (!note->swept && broker->now_ms >= note->sweep_ms)
			add(survey, pipeline, HOLD_LEFTOVER, 0, &place);
	} else {
		const struct run_step *step = &run->record.steps[runs_step(run)];

		if (strcmp(step->service, "snapshot") == 0 &&
		    (step->state == STEP_QUEUED || step->state == STEP_WORKING))
			survey->busy[survey->n_busy++] = place.room;
		else if (run->holds && (!run->given_up || step->state == STEP_RETRY_WAIT)) /* stuck in a last step */
			add(survey, pipeline, HOLD_RUN, run->held_since, &place);
	}
	found = history_anchor(broker->store, pipeline->name, &anchor, err);
	if (found == 1)
		add(survey, pipeline, HOLD_ANCHOR, anchor.taken_at, &place);
	if (found >= 0)
		found = history_seed(broker->store, pipeline->name, &seed, err);
	if (found == 1 && seed.snapshot_uuid[0] != '\0')
		add(survey, pipeline, HOLD_SEED, seed.taken_at, &place);
	return found < 0 ? -1 : 0;
}

static void mark_busy(struct survey *survey, const struct room *room)
{
	for (size_t i = 0; i < survey->n; i++)
		if (room_same(&survey->holds[i].room, room))
			survey->holds[i].busy = true;
}

/* ---- giving up */

static void why(const struct hold *hold, const char *source, struct error *error)
{
	char free_text[BYTES_TEXT_SIZE];
	char min_text[BYTES_TEXT_SIZE];

	(void)error_set(error, ERR_SPACE,
	                "given up: %s are free on the disk of %s, min_free wants %s; delete something there, or lower "
	                "min_free",
	                bytes_text(hold->room.free_bytes, free_text, sizeof(free_text)), source,
	                bytes_text(hold->min_bytes, min_text, sizeof(min_text)));
}

static int given_up_event(struct broker *broker, const struct hold *hold, const char *pipeline, const char *run,
                          const char *uuid, const struct error *reason, struct error *err)
{
	json_t *data = json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:s}", "kind",
	                         hold->kind == HOLD_RUN    ? "run"
	                         : hold->kind == HOLD_SEED ? "seed"
	                                                   : "anchor",
	                         "run", run != NULL ? json_string(run) : json_null(), "snapshot_uuid", uuid, "taken_at",
	                         (json_int_t)hold->since, "free_bytes", (json_int_t)hold->room.free_bytes,
	                         "min_free_bytes", (json_int_t)hold->min_bytes, "reason", reason->text);

	return broker_event(broker, pipeline, "snapshot.given-up", &data, err);
}

struct giving_up {
	const struct hold *hold;
	struct error reason;
};

static int tell_run(struct broker *broker, struct run *run, void *arg, struct error *err)
{
	const struct giving_up *giving = arg;

	run->given_up = true;
	return given_up_event(broker, giving->hold, run->record.pipeline, run->record.run, run->held_uuid,
	                      &giving->reason, err);
}

static void give_up_run(struct broker *broker, const struct hold *hold, const struct config_pipeline *pipeline)
{
	struct giving_up giving = { .hold = hold };
	struct run *run = runs_of(broker, pipeline->name);

	why(hold, pipeline->source, &giving.reason);
	if (run != NULL)
		(void)runs_abandon(broker, run, STEP_FAILED, &giving.reason, tell_run, &giving);
}

/* Which snapshot: 1: found, 0: there is none, -1. */
static int find_given_up(struct broker *broker, enum hold_kind kind, const char *pipeline, char uuid[HISTORY_TEXT_SIZE],
                         struct error *err)
{
	struct history_generation anchor;
	struct history_seed seed;
	int found = kind == HOLD_SEED ? history_seed(broker->store, pipeline, &seed, err)
	                              : history_anchor(broker->store, pipeline, &anchor, err);

	if (found == 1)
		(void)snprintf(uuid, HISTORY_TEXT_SIZE, "%s",
		               kind == HOLD_SEED ? seed.snapshot_uuid : anchor.snapshot_uuid);
	return found;
}

static int mark_given_up(struct broker *broker, enum hold_kind kind, const char *pipeline, const char *uuid,
                         struct error *err)
{
	return kind == HOLD_SEED ? history_seed_give_up(broker->store, pipeline, err)
	                         : history_give_up(broker->store, pipeline, uuid, broker_wall(), err);
}

static void give_up_anchor(struct broker *broker, const struct hold *hold, const struct config_pipeline *pipeline)
{
	struct hold_note *note = note_of(broker, pipeline->name);
	struct run *run = runs_of(broker, pipeline->name);
	char uuid[HISTORY_TEXT_SIZE];
	struct error reason;
	struct error err;

	why(hold, pipeline->source, &reason);
	if (note == NULL || find_given_up(broker, hold->kind, pipeline->name, uuid, &err) != 1 ||
	    broker_begin(broker, &err) != 0)
		return;
	if (mark_given_up(broker, hold->kind, pipeline->name, uuid, &err) != 0 ||
	    given_up_event(broker, hold, pipeline->name, NULL, uuid, &reason, &err) != 0) {
		broker_undo(broker, &err);
		return;
	}
	if (broker_commit(broker, &err) != 0)
		return;
	log_error(LOG_ERR, &reason,
	          "pipeline=%s the %s goes, so the next run compares everything (and sends only what differs)",
	          pipeline->name, hold->kind == HOLD_SEED ? "snapshot of its seed" : "anchor");
	note->swept = false;
	note->sweep_ms = 0;
	holds_let_go(broker, pipeline->name);
	/* A run that waits for room before its snapshot removes it itself, now. */
	if (run != NULL && run->record.steps[runs_step(run)].state == STEP_RETRY_WAIT &&
	    strcmp(run->record.steps[runs_step(run)].service, "snapshot") == 0)
		(void)outcome_requeued(broker, run);
}

static void sweep(struct broker *broker, const struct config_pipeline *pipeline)
{
	struct hold_note *note = note_of(broker, pipeline->name);
	struct error err;

	if (note != NULL)
		note->sweep_ms = broker->now_ms + SWEEP_AGAIN_MS;
	if (runs_release(broker, pipeline, &err) != 0)
		log_error(LOG_ERR, &err, "pipeline=%s cannot remove old snapshots", pipeline->name);
}

static void give_up(struct broker *broker, const struct survey *survey, size_t index)
{
	const struct hold *hold = &survey->holds[index];

	switch (hold->kind) {
	case HOLD_LEFTOVER:
		sweep(broker, survey->pipelines[index]);
		break;
	case HOLD_RUN:
		give_up_run(broker, hold, survey->pipelines[index]);
		break;
	case HOLD_ANCHOR:
	case HOLD_SEED:
		give_up_anchor(broker, hold, survey->pipelines[index]);
		break;
	}
}

void holds_turn(struct broker *broker)
{
	struct survey *survey = NULL;
	struct error err;
	size_t index;

	if (broker->now_ms < broker->holds_ms || broker->now_ms < broker->store_retry_ms)
		return;
	broker->holds_ms = broker->now_ms + HOLDS_LOOK_MS;
	forget_notes(broker, false);
	survey = calloc(1, sizeof(*survey));
	if (survey == NULL)
		return;
	for (size_t i = 0; i < broker->config->n_pipelines && i < CONFIG_PIPELINES_MAX; i++)
		if (survey_pipeline(broker, &broker->config->pipelines[i], survey, &err) != 0) {
			log_error(LOG_ERR, &err, "looking for room");
			goto out;
		}
	for (size_t i = 0; i < survey->n_busy; i++)
		mark_busy(survey, &survey->busy[i]);
	while ((index = hold_policy_give_up(survey->holds, survey->n)) < survey->n) {
		give_up(broker, survey, index);
		mark_busy(survey, &survey->holds[index].room);
		broker->holds_ms = broker->now_ms + AGAIN_MS;
	}
out:
	free(survey);
}

bool holds_room(struct broker *broker, const char *pipeline, struct room *room)
{
	const struct hold_note *note = by_name_get(&broker->note_names, pipeline);

	if (note == NULL || !note->seen)
		return false;
	*room = note->room;
	return true;
}
