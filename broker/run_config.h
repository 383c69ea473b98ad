/* run_config: the configuration that a run began with, as it is stored with the run, so that reload and restart do not change
 * a run in flight; and the requests made of it.
 *
 * lifetime: run_config_parse / run_config_destroy. threads: one. */
#ifndef AOB_BROKER_RUN_CONFIG_H
#define AOB_BROKER_RUN_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "broker/pipeline.h"
#include "broker/run_store.h"
#include "lib/config.h"
#include "lib/error.h"
#include "lib/room.h"

struct run_config {
	const char *source;
	const char *vault;            /* its name */
	const char *host;             /* whose workers alone get its jobs; NULL: any machine's */
	int64_t rest_ctransid;        /* what the watcher knew when it began: 0: nothing */
	const char *rest_source_uuid; /* "" */
	bool release;                 /* a run that only makes room: the snapshotter removes old snapshots */
	const char *seed; /* where the seed goes that it writes, in the place of the vault; NULL: it writes none */
	size_t n_stages;
	struct {
		const char *service;
		enum config_when when;
	} stages[PIPELINE_STEPS_MAX];
	void *memory; /* private */
};

#define RUN_CONFIG_SEED_VAULT "seed-disk" /* what the vault of a run that writes a seed is called */

/* run_config_text: the pipeline as JSON text.
 * in:      service: only its stages of this name (a run of one step); NULL: all; release: a run that makes room;
 *          seed: the root of a vault on a disk that is carried: only snapshot and transfer, into that one; NULL: into the pipeline's own;
 *          rest: what the watcher knows of a source at rest (watch_state_rest); NULL: nothing. Borrowed
 * out:     *json, free(3)
 * errors:  ERR_NOT_FOUND (no such stage), ERR_CONFIG (more stages than PIPELINE_STEPS_MAX), ERR_SYSTEM */
int run_config_text(const struct config_pipeline *pipeline, const char *service, bool release, const char *seed,
                    json_t *rest, char **json, struct error *err);

/* run_config_care: likewise, of a run of this stage alone, which need not be the pipeline's; with: taken over; NULL: out of memory. errors: ERR_SYSTEM */
int run_config_care(const struct config_pipeline *pipeline, const char *service, json_t *with, char **json,
                    struct error *err);

/* run_config_min_free: the `min_free` of the pipeline's snapshot stage, or the default. false: it makes no snapshots. */
bool run_config_min_free(const struct config_pipeline *pipeline, struct room_min *min);

/* run_config_same_vault: does the run's vault have the name, the place and the way to it that the pipeline's has by now? A seed's is none of them. run_config_same_host: is its machine, if it is bound to one, the pipeline's? */
bool run_config_same_vault(const struct run_config *config, const struct config_pipeline *pipeline);
bool run_config_same_host(const struct run_config *config, const struct config_pipeline *pipeline);

/* errors: ERR_DAMAGED */
int run_config_parse(const char *json, struct run_config **config, struct error *err);
/* run_config_lost: in the place of one that can't be read any more: of a run that ends now. record: must outlive it. errors: ERR_SYSTEM */
int run_config_lost(const struct run_record *record, struct run_config **config, struct error *err);
void run_config_destroy(struct run_config **config);

/* run_config_request: the body of a job's request (docs/protocol.md), with the results of the run's earlier steps; of a snapshot
 * step also with what is known of the local snapshots.
 * in:      others: of a step that makes or removes snapshots: those that other pipelines count on (shared_json); NULL: none. Borrowed
 * out:     *body, free(3)
 * errors:  ERR_INPUT (longer than STAGE_MESSAGE_MAX), of the store, ERR_SYSTEM */
int run_config_request(const struct run_config *config, const struct run_record *record, size_t index, json_t *others,
                       struct run_store *store, char **body, struct error *err);

#endif
