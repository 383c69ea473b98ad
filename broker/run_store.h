/* run_store: the durable memory of runs, steps and attempts, in SQLite (schema.sql tells the tables).
 *
 * What is committed is there after kill -9 and power loss. Every change of state is one transaction, opened and committed by
 * the caller (run_store_begin, run_store_commit); an error in between: run_store_rollback.
 * history.h has what is asked of it, and generations, pauses and clocks.
 *
 * lifetime: run_store_open / run_store_close. threads: one. */
#ifndef AOB_BROKER_RUN_STORE_H
#define AOB_BROKER_RUN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/pipeline.h"
#include "lib/config.h"
#include "lib/error.h"
#include "lib/run_name.h"
#include "lib/stage_msg.h"

#define RUN_STORE_VERSION 7 /* of the tables, PRAGMA user_version */
#define RUN_ID_SIZE RUN_NAME_SIZE
#define RUN_ATTEMPTS_KEPT 100 /* of one step; older rows go */

struct run_store;
struct sql;

struct run_step {
	char service[CONFIG_NAME_MAX + 1];
	enum step_state state;
	unsigned attempt; /* given out last; 0: never */
	unsigned failures;
	unsigned losses;
	bool under_way; /* of a transfer: too much has crossed for a newer change to take its place */
};

struct run_record {
	char run[RUN_ID_SIZE];
	char pipeline[CONFIG_NAME_MAX + 1];
	bool whole; /* false: a single step asked for by hand, or care */
	bool care;  /* looking after what lies in the vault (care.h): beside the pipeline's runs, and none of them */
	enum stage_trigger trigger;
	bool dry_run;
	bool cancelling;
	int64_t started_at;
	size_t n_steps;
	struct run_step steps[PIPELINE_STEPS_MAX];
};

/* run_store_open: takes the lock `<path>.lock`, opens or makes the store, checks it and its version.
 * A store of an older version is brought to this one.
 * errors:  ERR_LOCKED (names the process that has it), ERR_DAMAGED (with the remedy), ERR_CONFIG (made by a newer version),
 *          by errno */
int run_store_open(const char *path, struct run_store **store, struct error *err);
void run_store_close(struct run_store **store);

int run_store_begin(struct run_store *store, struct error *err);
int run_store_commit(struct run_store *store, struct error *err); /* a failed one has rolled back */
void run_store_rollback(struct run_store *store);

/* run_store_insert: a new run with its steps, all pending, and the configuration that it began with. */
int run_store_insert(struct run_store *store, const struct run_record *record, const char *config_json,
                     struct error *err);

/* run_store_running: calls each for every run that has not ended, oldest first. each returns 0 or -1 (stops, *err set).
 * last_error: of its step under way, ERR_NONE if there was none. */
int run_store_running(struct run_store *store,
                      int (*each)(void *cookie, const struct run_record *record, const char *config_json,
                                  const struct error *last_error, struct error *err),
                      void *cookie, struct error *err);

/* run_store_step: state and counters of a step; error: what went wrong last, NULL: nothing. */
int run_store_step(struct run_store *store, const struct run_record *record, size_t index, const struct error *error,
                   struct error *err);
int run_store_result(struct run_store *store, const char *run, size_t index, const char *result_json,
                     struct error *err);
int run_store_cancelling(struct run_store *store, const char *run, struct error *err);
int run_store_end(struct run_store *store, const char *run, enum run_state state, int64_t ended_at,
                  const struct error *error, struct error *err);

/* run_store_first_error: of the first step that did not succeed; ERR_NONE if there is none. */
int run_store_first_error(struct run_store *store, const char *run, struct error *error, struct error *err);

/* run_store_results: calls each for the steps of the run that have one, in order. */
int run_store_results(struct run_store *store, const char *run,
                      int (*each)(void *cookie, const char *service, const char *result_json, struct error *err),
                      void *cookie, struct error *err);

/* An attempt begins, and ends as "ok", "retry", "fail", "lost", "given-up" or "cancelled". */
int run_store_attempt(struct run_store *store, const char *run, size_t index, unsigned attempt, const char *worker,
                      const char *host, int64_t started_at, struct error *err);
int run_store_attempt_end(struct run_store *store, const char *run, size_t index, unsigned attempt, int64_t ended_at,
                          const char *outcome, const struct error *error, struct error *err);
/* run_store_attempt_again: an attempt that was given up for lost goes on. */
int run_store_attempt_again(struct run_store *store, const char *run, size_t index, unsigned attempt,
                            struct error *err);
/* run_store_attempt_worker: who has (or had) it; 1, or 0 if there is no such attempt. Room for 128 bytes each.
 * *started_at: wall clock. */
int run_store_attempt_worker(struct run_store *store, const char *run, size_t index, unsigned attempt,
                             char worker[static 128], char host[static 128], int64_t *started_at, struct error *err);

/* run_store_event: keep an event as its topic's last one. */
int run_store_event(struct run_store *store, const char *topic, const char *body, struct error *err);
int run_store_events(struct run_store *store,
                     int (*each)(void *cookie, const char *topic, const char *body, struct error *err), void *cookie,
                     struct error *err);

/* For history.c. */
struct sql *run_store_sql(struct run_store *store);

#endif
