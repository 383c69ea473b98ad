/* runs: the runs in flight: begun, led from step to step, retried, cancelled, ended. Every change of state is one
 * transaction, and only after it the struct here is changed for good: a change that could not be stored has not happened.
 * outcome.h has the changes of a step, dispatch.h the workers' side, cancel.h how one is ended by request.
 *
 * threads: one. */
#ifndef AOB_BROKER_RUNS_H
#define AOB_BROKER_RUNS_H

#include "broker/broker.h"
#include "broker/run_config.h"
#include "broker/run_store.h"
#include "lib/stage_msg.h"

#define RUNS_CANCEL_GRACE_MS 30000
#define RUNS_UNFIT (-2)

struct run {
	struct run_record record;
	struct run_config *config;
	uint64_t queued;         /* order among the queued jobs */
	int64_t queued_ms;       /* since when */
	bool queued_told;        /* that no worker is there for it */
	int64_t retry_ms;        /* when a step in STEP_RETRY_WAIT goes on */
	int64_t retry_at;        /* the same by wall clock, for display */
	int64_t lease_until_ms;  /* how long a job without its worker waits for it */
	int64_t cancel_until_ms; /* how long a cancelled job may take to stop; 0: not cancelled */
	int64_t attempt_ms;      /* when the attempt began */
	bool attempt_lost;       /* the last attempt was given up for lost; its worker may bring it back */
	bool loss_seen;          /* its worker went away under this broker, not before its start */
	char worker[128];        /* of the last attempt */
	char host[128];
	bool has_progress;
	struct stage_progress progress;
	int64_t progress_told_ms;
	struct error last_error; /* of the step under way */
	void *pending;           /* a FINAL that could not be stored yet */
	size_t pending_bytes;
	char pending_tag[MDP_TAG_SIZE]; /* of the attempt that it is of */
	bool holds;                     /* a local snapshot, of: */
	int64_t held_ctransid;
	int64_t held_since; /* wall clock */
	char held_uuid[128];
	bool given_up;          /* for room; its last steps may still run */
	bool unreadable;        /* what the store has of it */
	bool outdated;          /* it leads elsewhere than its pipeline does by now (outdated.h) */
	uint64_t crossed_bytes; /* in the step's earlier attempts, as they told */
	bool ended;
	enum run_state end;
	struct run *next;
};

/* runs_load: take up what the store has in flight. */
int runs_load(struct broker *broker, struct error *err);
void runs_free(struct broker *broker);

/* runs_link: it is among those in flight from now on. out: *run is NULL then. errors: ERR_SYSTEM. runs_destroy: of one that is not. */
int runs_link(struct broker *broker, struct run **run, struct error *err);
void runs_destroy(struct run **run);

struct run *runs_of(struct broker *broker, const char *pipeline); /* NULL: none in flight */
/* runs_care_of: likewise, of care (care.h), which is none of the runs that all else is about. runs_named: of either. */
struct run *runs_care_of(struct broker *broker, const char *pipeline);
struct run *runs_named(struct broker *broker, const char *pipeline, const char *run_id);

/* runs_by_tag: the run whose step under way has this job and attempt; NULL: none (outdated). */
struct run *runs_by_tag(struct broker *broker, const char *tag);

/* runs_step: index of the step under way; tag: of its last attempt ("" before the first). */
size_t runs_step(const struct run *run);
void runs_tag(const struct run *run, char tag[MDP_TAG_SIZE]);

/* runs_start: a new run, or the one in flight.
 * in:      service: a run of this one stage; NULL: of all
 * out:     run_id; *is_new
 * durable: on return 0 it survives any crash
 * errors:  ERR_LOCKED (service given, and a run is in flight; or one that makes room is), ERR_NOT_FOUND (no such stage), of the store */
int runs_start(struct broker *broker, const struct config_pipeline *pipeline, enum stage_trigger trigger, bool dry_run,
               const char *service, char run_id[RUN_ID_SIZE], bool *is_new, struct error *err);

/* runs_seed: a run that writes a seed into that root on a disk, or the one in flight that does. in, out, durable: as runs_start.
 * errors:  ERR_LOCKED (another run is in flight), ERR_NOT_FOUND (the pipeline has neither a snapshot nor a transfer), of the store */
int runs_seed(struct broker *broker, const struct config_pipeline *pipeline, const char *root, char run_id[RUN_ID_SIZE],
              bool *is_new, struct error *err);

/* runs_release: a run of the stage `snapshot` that makes none, but removes what ended runs left of this pipeline.
 * durable, errors: as runs_start; nothing is done if a run is in flight. */
int runs_release(struct broker *broker, const struct config_pipeline *pipeline, struct error *err);

/* runs_care: a run of the one stage `service`, which need not be among the pipeline's, beside its runs. with: what it is given, taken over; NULL: out of memory.
 * durable, errors: as runs_start; nothing is done if one is in flight. */
int runs_care(struct broker *broker, const struct config_pipeline *pipeline, const char *service, json_t *with,
              struct error *err);

/* runs_abandon: the step under way ends in this state for this reason, whoever works on it; what its worker says from here on is dropped.
 * also: more that belongs into the same change; NULL: nothing. Returns as runs_change. */
int runs_abandon(struct broker *broker, struct run *run, enum step_state state, const struct error *reason,
                 int (*also)(struct broker *broker, struct run *run, void *arg, struct error *err), void *arg);

/* runs_change: one change, one transaction, for outcome.c: make() changes the run and the store; then the run is led on to its
 * next step. Returns 1: the run has ended and is freed; 0: it goes on; -1: it could not be stored (told and logged), the run
 * is as before; RUNS_UNFIT: likewise, if make() returns that: what it was given can't be stored, while the store is well: nothing is told. */
int runs_change(struct broker *broker, struct run *run,
                int (*make)(struct broker *broker, struct run *run, void *arg, struct error *err), void *arg,
                struct error *err);

/* runs_step_event: to be called by make(): aob.<pipeline>.<what> with the step's state. */
int runs_step_event(struct broker *broker, const struct run *run, size_t index, const char *what,
                    const struct error *error, struct error *err);

/* runs_queue: put step index into the queue of its service; to be called by make(), which stores it. */
void runs_queue(struct broker *broker, struct run *run, size_t index);

/* runs_forget_progress: what the last attempt told is counted, and not shown any more. */
void runs_forget_progress(struct run *run);

/* runs_log: fields of the log lines that follow; NULL: none. */
void runs_log(const struct run *run);

#endif
