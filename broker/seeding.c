#include "broker/seeding.h"

#include <stdio.h>
#include <string.h>

#include "broker/history_seed.h"
#include "broker/holds.h"
#include "broker/outcome.h"
#include "broker/reply.h"
#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/seed_folder.h"

static json_t *to_json(const struct history_seed *seed)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "run", seed->run, "generation", seed->generation,
	                 "root", seed->root, "snapshot_uuid", seed->snapshot_uuid, "taken_at",
	                 (json_int_t)seed->taken_at, "written_at", (json_int_t)seed->written_at, "files",
	                 (json_int_t)seed->files, "bytes", (json_int_t)seed->bytes);
}

bool seeding_root_valid(const char *root)
{
	const char *last = strrchr(root, '/');

	return last != NULL && strcmp(last + 1, SEED_FOLDER) == 0 && strstr(root, "/../") == NULL;
}

int seeding_written(struct broker *broker, const struct run *run, const char *result_json, const char *snapshot_json,
                    struct error *err)
{
	struct history_seed seed = { .written_at = broker_wall() };
	struct history_generation made;
	json_t *data = NULL;

	if (reply_generation(result_json, snapshot_json, &made, err) != 1) {
		log_line(LOG_WARNING, "the transfer names no generation, so no seed is recorded");
		return 0;
	}
	(void)snprintf(seed.pipeline, sizeof(seed.pipeline), "%s", run->record.pipeline);
	(void)snprintf(seed.run, sizeof(seed.run), "%s", run->record.run);
	(void)snprintf(seed.generation, sizeof(seed.generation), "%s", made.generation);
	(void)snprintf(seed.snapshot_uuid, sizeof(seed.snapshot_uuid), "%s", made.snapshot_uuid);
	(void)snprintf(seed.root, sizeof(seed.root), "%s", run->config->seed);
	(void)snprintf(seed.root_hash, sizeof(seed.root_hash), "%s", made.root);
	seed.taken_at = made.taken_at != 0 ? made.taken_at : run->record.started_at;
	seed.files = made.files;
	seed.bytes = made.bytes;
	if (history_seed_keep(broker->store, &seed, err) != 0)
		return -1;
	log_line(LOG_NOTICE, "a seed is written to %s: generation %s", seed.root, seed.generation);
	data = to_json(&seed);
	if (broker_event(broker, seed.pipeline, "pipeline.seeded", &data, err) != 0)
		return -1;
	crash_point("seed-recorded"); /* killed here: the reply comes again */
	return 0;
}

int seeding_arrived(struct broker *broker, const struct run *run, const char *result_json, struct error *err)
{
	json_t *result = json_loads(result_json, 0, NULL);
	bool arrived = json_is_true(json_object_get(result, "seed_taken_up"));
	int dropped;

	json_decref(result);
	if (!arrived)
		return 0;
	dropped = history_seed_drop(broker->store, run->record.pipeline, err);
	if (dropped == 1)
		log_line(LOG_NOTICE, "the vault has the seed, or something newer");
	return dropped < 0 ? -1 : 0;
}

int seeding_forget(struct broker *broker, const char *pipeline, struct error *err)
{
	struct run *run = runs_of(broker, pipeline);
	struct history_seed seed;
	int found = history_seed(broker->store, pipeline, &seed, err);

	if (found == 0)
		return error_set(err, ERR_NOT_FOUND, "no seed of %.64s is on its way", pipeline);
	if (found < 0 || broker_begin(broker, err) != 0)
		return -1;
	if (history_seed_drop(broker->store, pipeline, err) < 0) {
		broker_undo(broker, err);
		return -1;
	}
	if (broker_commit(broker, err) != 0)
		return -1;
	holds_let_go(broker, pipeline);
	log_line(LOG_NOTICE, "pipeline=%s its seed is forgotten; runs go on over the link", pipeline);
	if (run != NULL && run->record.steps[runs_step(run)].state == STEP_RETRY_WAIT)
		(void)outcome_requeued(broker, run);
	return 0;
}

json_t *seeding_json(struct broker *broker, const char *pipeline, struct error *err)
{
	struct history_seed seed;
	int found = history_seed(broker->store, pipeline, &seed, err);

	if (found < 0)
		return NULL;
	return found == 1 ? to_json(&seed) : json_null();
}
