/* alarms: how old the state in each pipeline's vault is, and what is wrong with it: overdue, failed, and what outlook.h foresees. Each alarm is kept in
 * the store and told by an event when it begins and when it is over, in one change; so they are known with every stage dead, and after any restart. That
 * of the vault's brake is brake_alarm.h's.
 *
 * Functions that return int and take a run belong into a change (runs_change); they touch the store alone, what is held here follows in the next turn.
 * threads: one. source: docs/configuration.md "overdue" */
#ifndef AOB_BROKER_ALARMS_H
#define AOB_BROKER_ALARMS_H

#include "broker/broker.h"
#include "broker/figures.h"
#include "broker/runs.h"

#define ALARMS_LOOK_MS 1000

struct alarms_state {  /* of a pipeline, as of now */
	bool good;     /* something lies in the vault, and is so old: */
	int64_t age_s; /* else: since the pipeline is known */
	bool overdue;
	int64_t overdue_since; /* wall clock */
};

struct alarms_clock { /* of a pipeline; of alarms.c and outlook.c */
	char pipeline[CONFIG_NAME_MAX + 1];
	bool stale; /* the store knows more */
	struct figures_age age;
	int64_t kept_good_s; /* as in the store */
	bool overdue, failed;
	int64_t overdue_since;
	int64_t is_since; /* the same, also if the store has not taken it; 0: it is not */
	unsigned warned;  /* of the forecast; ALARMS_WARNED: of something, before this start */
	bool forecast_made;
	struct forecast forecast;
	struct alarms_clock *next;
};
#define ALARMS_WARNED (~0u)

/* alarms_load: the clocks of the configuration's pipelines; also after a reload, and none goes. What is wrong with others goes from the store.
 * errors: of the store, ERR_SYSTEM. alarms_drop: the clocks that the configuration does not have go. */
int alarms_load(struct broker *broker, struct error *err);
void alarms_drop(struct broker *broker);
/* alarms_free: keeps the clocks in the store once more, as far as that goes. */
void alarms_free(struct broker *broker);

void alarms_turn(struct broker *broker);

/* alarms_snapshot: the run's snapshot has just been taken. */
int alarms_snapshot(struct broker *broker, const struct run *run, struct error *err);
/* alarms_published: the state of the run's snapshot lies in the vault: what was wrong is over. generation: may be an older one that holds the same. */
int alarms_published(struct broker *broker, const struct run *run, const struct history_generation *generation,
                     struct error *err);
/* alarms_run_ended: error: why it did not end well. */
int alarms_run_ended(struct broker *broker, const struct run *run, enum run_state end, const struct error *error,
                     struct error *err);

/* alarms_end: those of kinds (NULL-terminated) that are in force end, with one event that tells of all. generation: to be named in it; may be NULL. To be called
 * in a transaction. */
int alarms_end(struct broker *broker, const char *pipeline, const char *const *kinds, const char *generation,
               struct error *err);

/* alarms_now_s: the steady clock that ages are counted by. */
int64_t alarms_now_s(struct broker *broker);

void alarms_get(struct broker *broker, const struct config_pipeline *pipeline, struct alarms_state *state);
struct alarms_clock *alarms_clock_of(struct broker *broker, const char *pipeline); /* NULL: none */

/* alarms_stale: the store has learnt more of this pipeline's age or alarms; it is read when it is asked for next. */
void alarms_stale(struct broker *broker, const char *pipeline);

/* alarms_overdue: how many pipelines are, for the service manager's status. */
size_t alarms_overdue(const struct broker *broker);

#endif
