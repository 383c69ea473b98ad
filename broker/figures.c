#include "broker/figures.h"

#include <stdio.h>
#include <string.h>

#include "broker/overdue.h"
#include "broker/sql.h"

#define DAY_S 86400
#define CLOCK_SET_S INT64_C(1577836800) /* 2020: a wall clock that is behind this was not set */

int figures_steady(struct run_store *store, struct steady_mark *mark, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*mark = (struct steady_mark){ .boot_s = 0 };
	if (sql_select(run_store_sql(store), &rows, err, "SELECT boot_id, boot_s, wall_s, steady_s FROM steady", "") !=
	    0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		(void)snprintf(mark->boot_id, sizeof(mark->boot_id), "%s", sql_rows_text(rows, 0));
		mark->boot_s = sql_rows_integer(rows, 1);
		mark->wall_s = sql_rows_integer(rows, 2);
		mark->steady_s = sql_rows_integer(rows, 3);
	}
	sql_rows_end(&rows);
	return found;
}

int figures_steady_keep(struct run_store *store, const struct steady_mark *mark, struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO steady (one, boot_id, boot_s, wall_s, steady_s) VALUES (1, ?, ?, ?, ?)",
	              "siii", mark->boot_id, mark->boot_s, mark->wall_s, mark->steady_s);
}

int figures_age(struct run_store *store, const char *pipeline, struct figures_age *age, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*age = (struct figures_age){ .good_s = OVERDUE_NOTHING };
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT known_s, good_s, run, taken_s FROM ages WHERE pipeline = ?", "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		age->known_s = sql_rows_integer(rows, 0);
		if (!sql_rows_null(rows, 1))
			age->good_s = sql_rows_integer(rows, 1);
		(void)snprintf(age->run, sizeof(age->run), "%s", sql_rows_text(rows, 2));
		age->taken_s = sql_rows_integer(rows, 3);
	}
	sql_rows_end(&rows);
	return found;
}

int figures_age_keep(struct run_store *store, const char *pipeline, const struct figures_age *age, struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO ages (pipeline, known_s, good_s, run, taken_s)"
	              " VALUES (?1, ?2, nullif(?3, ?6), ?4, ?5)",
	              "siisii", pipeline, age->known_s, age->good_s, age->run, age->taken_s, OVERDUE_NOTHING);
}

int figures_alarms(struct run_store *store, const char *pipeline, struct figures_alarm alarms[FIGURES_ALARMS_MAX],
                   size_t *n, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	*n = 0;
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT kind, since, reason FROM alarms WHERE pipeline = ? ORDER BY kind", "s", pipeline) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1 && *n < FIGURES_ALARMS_MAX) {
		struct figures_alarm *alarm = &alarms[(*n)++];

		(void)snprintf(alarm->kind, sizeof(alarm->kind), "%s", sql_rows_text(rows, 0));
		alarm->since = sql_rows_integer(rows, 1);
		(void)snprintf(alarm->reason, sizeof(alarm->reason), "%s", sql_rows_text(rows, 2));
	}
	sql_rows_end(&rows);
	return more < 0 ? -1 : 0;
}

int figures_alarm_keep(struct run_store *store, const char *pipeline, const struct figures_alarm *alarm,
                       struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT INTO alarms (pipeline, kind, since, reason) VALUES (?, ?, ?, ?)"
	              " ON CONFLICT (pipeline, kind) DO UPDATE SET reason = excluded.reason",
	              "ssis", pipeline, alarm->kind, alarm->since, alarm->reason);
}

int figures_alarm_drop(struct run_store *store, const char *pipeline, const char *kind, struct error *err)
{
	return sql_do(run_store_sql(store), err, "DELETE FROM alarms WHERE pipeline = ? AND kind = ?", "ss", pipeline,
	              kind);
}

int figures_brake(struct run_store *store, const char *pipeline, char generation[HISTORY_TEXT_SIZE], struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	generation[0] = '\0';
	if (sql_select(run_store_sql(store), &rows, err, "SELECT generation FROM brakes WHERE pipeline = ?", "s",
	               pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		(void)snprintf(generation, HISTORY_TEXT_SIZE, "%s", sql_rows_text(rows, 0));
	sql_rows_end(&rows);
	return found;
}

int figures_brake_keep(struct run_store *store, const char *pipeline, const char *generation, struct error *err)
{
	return sql_do(run_store_sql(store), err, "INSERT OR REPLACE INTO brakes (pipeline, generation) VALUES (?, ?)",
	              "ss", pipeline, generation);
}

int figures_brake_drop(struct run_store *store, const char *pipeline, struct error *err)
{
	return sql_do(run_store_sql(store), err, "DELETE FROM brakes WHERE pipeline = ?", "s", pipeline);
}

int figures_totals(struct run_store *store, const char *pipeline, struct figures_totals *totals, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*totals = (struct figures_totals){ .runs = 0 };
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT runs, failed, literal_bytes, matched_bytes, wire_sent, wire_received FROM totals"
	               " WHERE pipeline = ?",
	               "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		totals->runs = sql_rows_integer(rows, 0);
		totals->failed = sql_rows_integer(rows, 1);
		totals->literal_bytes = sql_rows_integer(rows, 2);
		totals->matched_bytes = sql_rows_integer(rows, 3);
		totals->wire_sent = sql_rows_integer(rows, 4);
		totals->wire_received = sql_rows_integer(rows, 5);
	}
	sql_rows_end(&rows);
	return found;
}

int figures_totals_add(struct run_store *store, const char *pipeline, const struct figures_totals *more,
                       struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT INTO totals (pipeline, runs, failed, literal_bytes, matched_bytes, wire_sent,"
	              " wire_received) VALUES (?, ?, ?, ?, ?, ?, ?)"
	              " ON CONFLICT (pipeline) DO UPDATE SET runs = runs + excluded.runs,"
	              " failed = failed + excluded.failed, literal_bytes = literal_bytes + excluded.literal_bytes,"
	              " matched_bytes = matched_bytes + excluded.matched_bytes,"
	              " wire_sent = wire_sent + excluded.wire_sent,"
	              " wire_received = wire_received + excluded.wire_received",
	              "siiiiii", pipeline, more->runs, more->failed, more->literal_bytes, more->matched_bytes,
	              more->wire_sent, more->wire_received);
}

int figures_space(struct run_store *store, const char *pipeline, const char *place, struct figures_space *space,
                  struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*space = (struct figures_space){ .measured_at = 0 };
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT measured_at, free_bytes, total_bytes FROM space WHERE pipeline = ? AND place = ?"
	               " ORDER BY day DESC LIMIT 1",
	               "ss", pipeline, place) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		*space = (struct figures_space){ sql_rows_integer(rows, 0), sql_rows_integer(rows, 1),
			                         sql_rows_integer(rows, 2) };
	sql_rows_end(&rows);
	return found;
}

/* Days that lie ahead were measured by a clock that went wrong; with them the trend would be nonsense for long. One that was not set yet measures nothing, or
 * all that was known would lie ahead. What is too old goes by number, not by date, for the same reason. */
int figures_space_add(struct run_store *store, const char *pipeline, const char *place,
                      const struct figures_space *space, struct error *err)
{
	int64_t day = space->measured_at / DAY_S;

	if (space->measured_at < CLOCK_SET_S)
		return 0;
	if (sql_do(run_store_sql(store), err,
	           "INSERT OR REPLACE INTO space (pipeline, place, day, measured_at, free_bytes, total_bytes)"
	           " VALUES (?, ?, ?, ?, ?, ?)",
	           "ssiiii", pipeline, place, day, space->measured_at, space->free_bytes, space->total_bytes) != 0)
		return -1;
	return sql_do(run_store_sql(store), err,
	              "DELETE FROM space WHERE pipeline = ?1 AND place = ?2 AND (day > ?3 OR day NOT IN"
	              " (SELECT day FROM space WHERE pipeline = ?1 AND place = ?2 ORDER BY day DESC LIMIT ?4))",
	              "ssii", pipeline, place, day, (int64_t)FIGURES_SPACE_DAYS);
}

int figures_space_days(struct run_store *store, const char *pipeline, const char *place,
                       void (*each)(void *cookie, const struct figures_space *space), void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT measured_at, free_bytes, total_bytes FROM space WHERE pipeline = ? AND place = ?"
	               " ORDER BY day",
	               "ss", pipeline, place) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct figures_space space = { sql_rows_integer(rows, 0), sql_rows_integer(rows, 1),
			                       sql_rows_integer(rows, 2) };

		each(cookie, &space);
	}
	sql_rows_end(&rows);
	return more < 0 ? -1 : 0;
}

int figures_space_trend(struct run_store *store, const char *pipeline, const char *place, int64_t now_s,
                        struct forecast_space *trend, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	trend->n = 0;
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT measured_at, free_bytes FROM space WHERE pipeline = ? AND place = ?"
	               " AND measured_at BETWEEN ? AND ? ORDER BY day LIMIT ?",
	               "ssiii", pipeline, place, now_s - (int64_t)FORECAST_DAYS * DAY_S, now_s + DAY_S,
	               (int64_t)FORECAST_SAMPLES_MAX) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1)
		trend->samples[trend->n++] =
		        (struct forecast_sample){ sql_rows_integer(rows, 0), (uint64_t)sql_rows_integer(rows, 1) };
	sql_rows_end(&rows);
	return more < 0 ? -1 : 0;
}

/* One number of one row. */
static int read_number(struct run_store *store, int64_t *number, struct error *err, const char *text, const char *of)
{
	struct sql_rows *rows = NULL;
	int found;

	*number = 0;
	if (sql_select(run_store_sql(store), &rows, err, text, "s", of) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		*number = sql_rows_integer(rows, 0);
	sql_rows_end(&rows);
	return found < 0 ? -1 : *number != 0;
}

int figures_speed(struct run_store *store, const char *vault, int64_t *bytes_per_s, struct error *err)
{
	return read_number(store, bytes_per_s, err, "SELECT max(bytes_per_s) FROM link_speeds WHERE vault = ?", vault);
}

int figures_speed_add(struct run_store *store, const char *vault, int64_t bytes_per_s, struct error *err)
{
	if (sql_do(run_store_sql(store), err, "INSERT INTO link_speeds (vault, bytes_per_s) VALUES (?, ?)", "si", vault,
	           bytes_per_s) != 0)
		return -1;
	return sql_do(run_store_sql(store), err,
	              "DELETE FROM link_speeds WHERE vault = ?1 AND seq NOT IN"
	              " (SELECT seq FROM link_speeds WHERE vault = ?1 ORDER BY seq DESC LIMIT ?2)",
	              "si", vault, (int64_t)FIGURES_SPEEDS);
}

int figures_change(struct run_store *store, const char *pipeline, int64_t now_s, int64_t *bytes, int64_t *span_s,
                   struct error *err)
{
	struct sql_rows *rows = NULL;
	int64_t from_s = now_s - (int64_t)FORECAST_DAYS * DAY_S;
	int found;

	*bytes = 0;
	*span_s = 0;
	/* The first generation is everything, and no change. */
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT total(literal_bytes), max(?2, (SELECT min(published_at) FROM generations"
	               " WHERE pipeline = ?1)) FROM generations WHERE pipeline = ?1 AND published_at BETWEEN ?2 AND ?3"
	               " AND generation > (SELECT min(generation) FROM generations WHERE pipeline = ?1)",
	               "sii", pipeline, from_s, now_s) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1 && !sql_rows_null(rows, 1) && sql_rows_integer(rows, 1) < now_s) {
		*bytes = sql_rows_integer(rows, 0);
		*span_s = now_s - sql_rows_integer(rows, 1);
	}
	sql_rows_end(&rows);
	return found < 0 ? -1 : *span_s != 0;
}
