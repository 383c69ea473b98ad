/* figures: what the run store keeps of ages, alarms, totals, free space and link speeds. The third part of run_store.h, on the same struct;
 * changes belong into a transaction as there. Readers return 1 (found), 0 (none), -1 (error). */
#ifndef AOB_BROKER_FIGURES_H
#define AOB_BROKER_FIGURES_H

#include "broker/forecast.h"
#include "broker/history.h"
#include "broker/run_store.h"
#include "broker/steady.h"

#define FIGURES_SPEEDS 20      /* transfers to a vault that are kept */
#define FIGURES_ALARMS_MAX 16  /* of one pipeline */
#define FIGURES_SPACE_DAYS 400 /* of free space: a year, and some more */

int figures_steady(struct run_store *store, struct steady_mark *mark, struct error *err);
int figures_steady_keep(struct run_store *store, const struct steady_mark *mark, struct error *err);

struct figures_age { /* on the steady clock */
	int64_t known_s;
	int64_t good_s; /* or OVERDUE_NOTHING */
	char run[RUN_ID_SIZE];
	int64_t taken_s; /* of that run's snapshot */
};
int figures_age(struct run_store *store, const char *pipeline, struct figures_age *age, struct error *err);
int figures_age_keep(struct run_store *store, const char *pipeline, const struct figures_age *age, struct error *err);

struct figures_alarm {
	char kind[32];
	int64_t since; /* wall clock */
	char reason[ERROR_TEXT_SIZE];
};
/* figures_alarms: of one pipeline, by kind; *n at most FIGURES_ALARMS_MAX. Returns 0 or -1. */
int figures_alarms(struct run_store *store, const char *pipeline, struct figures_alarm alarms[FIGURES_ALARMS_MAX],
                   size_t *n, struct error *err);
/* figures_alarm_keep: one that is there keeps its `since`. */
int figures_alarm_keep(struct run_store *store, const char *pipeline, const struct figures_alarm *alarm,
                       struct error *err);
int figures_alarm_drop(struct run_store *store, const char *pipeline, const char *kind, struct error *err);

/* figures_brake: the generation that a vault's brake holds all others before it for. */
int figures_brake(struct run_store *store, const char *pipeline, char generation[HISTORY_TEXT_SIZE], struct error *err);
int figures_brake_keep(struct run_store *store, const char *pipeline, const char *generation, struct error *err);
int figures_brake_drop(struct run_store *store, const char *pipeline, struct error *err);

struct figures_totals {
	int64_t runs, failed, literal_bytes, matched_bytes, wire_sent, wire_received;
};
int figures_totals(struct run_store *store, const char *pipeline, struct figures_totals *totals, struct error *err);
int figures_totals_add(struct run_store *store, const char *pipeline, const struct figures_totals *more,
                       struct error *err);

struct figures_space {
	int64_t measured_at; /* wall clock */
	int64_t free_bytes, total_bytes;
};
/* place: "vault" or "source". */
int figures_space(struct run_store *store, const char *pipeline, const char *place, struct figures_space *space,
                  struct error *err);
int figures_space_add(struct run_store *store, const char *pipeline, const char *place,
                      const struct figures_space *space, struct error *err);
/* figures_space_days: calls each for the last measurement of each day that is kept (FIGURES_SPACE_DAYS at most), oldest first. Returns 0 or -1. */
int figures_space_days(struct run_store *store, const char *pipeline, const char *place,
                       void (*each)(void *cookie, const struct figures_space *space), void *cookie, struct error *err);
/* figures_space_trend: one a day, of the last FORECAST_DAYS. */
int figures_space_trend(struct run_store *store, const char *pipeline, const char *place, int64_t now_s,
                        struct forecast_space *trend, struct error *err);

/* figures_speed: the best of the last ones; 0: none. A transfer that had little to send, or was held back, says nothing against it. */
int figures_speed(struct run_store *store, const char *vault, int64_t *bytes_per_s, struct error *err);
int figures_speed_add(struct run_store *store, const char *vault, int64_t bytes_per_s, struct error *err);

/* figures_change: new content of the generations after the first one, and the time that it came in, of the last FORECAST_DAYS. */
int figures_change(struct run_store *store, const char *pipeline, int64_t now_s, int64_t *bytes, int64_t *span_s,
                   struct error *err);

#endif
