#include "broker/history.h"

#include <stdio.h>
#include <string.h>

#include "broker/sql.h"

#define GENERATION_COLUMNS                                                                                             \
	"pipeline, generation, run, state, vault, snapshot_uuid, source_uuid, taken_at, published_at, files, bytes,"   \
	" literal_bytes, wire_sent, ctransid, pruned"
#define RUN_COLUMNS "run, pipeline, kind, \"trigger\", dry_run, state, started_at, ended_at, error_code, error_message"

static void copy_text(char *out, size_t size, struct sql_rows *rows, int column)
{
	(void)snprintf(out, size, "%s", sql_rows_text(rows, column));
}

static void read_error(struct error *error, struct sql_rows *rows, int code_column)
{
	error_clear(error);
	if (!sql_rows_null(rows, code_column))
		(void)error_set(error, error_class_of(sql_rows_text(rows, code_column)), "%s",
		                sql_rows_text(rows, code_column + 1));
}

int history_publish(struct run_store *store, const struct history_generation *generation, struct error *err)
{
	const struct history_generation *g = generation;

	if (g->root[0] != '\0' && sql_do(run_store_sql(store), err,
	                                 "INSERT OR REPLACE INTO roots (pipeline, generation, root) VALUES (?, ?, ?)",
	                                 "sss", g->pipeline, g->generation, g->root) != 0)
		return -1;
	return sql_do(run_store_sql(store), err,
	              "INSERT INTO generations (" GENERATION_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,0)"
	              " ON CONFLICT (pipeline, generation) DO UPDATE SET pruned = 0, taken_at = excluded.taken_at,"
	              " vault = excluded.vault, source_uuid = excluded.source_uuid, ctransid ="
	              " CASE WHEN excluded.ctransid = 0 AND source_uuid = excluded.source_uuid THEN ctransid"
	              " ELSE excluded.ctransid END",
	              "sssssssiiiiiii", g->pipeline, g->generation, g->run, g->state, g->vault, g->snapshot_uuid,
	              g->source_uuid, g->taken_at, g->published_at, g->files, g->bytes, g->literal_bytes, g->wire_sent,
	              g->ctransid);
}

int history_root(struct run_store *store, const char *pipeline, const char *generation, char root[65],
                 struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	root[0] = '\0';
	if (sql_select(run_store_sql(store), &rows, err, "SELECT root FROM roots WHERE pipeline = ? AND generation = ?",
	               "ss", pipeline, generation) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		copy_text(root, 65, rows, 0);
	sql_rows_end(&rows);
	return found < 0 ? -1 : 0;
}

int history_prune(struct run_store *store, const char *pipeline, const char *generation, struct error *err)
{
	if (sql_do(run_store_sql(store), err,
	           "UPDATE generations SET pruned = 1 WHERE pipeline = ? AND generation = ? AND pruned = 0", "ss",
	           pipeline, generation) != 0)
		return -1;
	return sql_changes(run_store_sql(store)) != 0;
}

/* One that the store still counts on, though the vault does not list it. Returns 1, 0 (none), -1. */
static int find_missing(struct run_store *store, const char *pipeline, const char *names_json,
                        char generation[HISTORY_TEXT_SIZE], struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT generation FROM generations WHERE pipeline = ? AND pruned = 0"
	               " AND generation NOT IN (SELECT value FROM json_each(?)) ORDER BY generation LIMIT 1",
	               "ss", pipeline, names_json) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		copy_text(generation, HISTORY_TEXT_SIZE, rows, 0);
	sql_rows_end(&rows);
	return found;
}

int history_vault_has(struct run_store *store, const char *pipeline, const char *names_json,
                      int (*gone)(void *cookie, const char *generation, struct error *err), void *cookie,
                      struct error *err)
{
	char generation[HISTORY_TEXT_SIZE];
	int found;

	if (sql_do(run_store_sql(store), err,
	           "UPDATE generations SET pruned = 0 WHERE pipeline = ? AND pruned = 1"
	           " AND generation IN (SELECT value FROM json_each(?))",
	           "ss", pipeline, names_json) != 0)
		return -1;
	while ((found = find_missing(store, pipeline, names_json, generation, err)) == 1)
		if (history_prune(store, pipeline, generation, err) != 1 || gone(cookie, generation, err) != 0)
			return -1;
	return found;
}

static void read_generation(struct sql_rows *rows, struct history_generation *g)
{
	*g = (struct history_generation){ .pruned = sql_rows_integer(rows, 14) != 0 };
	copy_text(g->pipeline, sizeof(g->pipeline), rows, 0);
	copy_text(g->generation, sizeof(g->generation), rows, 1);
	copy_text(g->run, sizeof(g->run), rows, 2);
	copy_text(g->state, sizeof(g->state), rows, 3);
	copy_text(g->vault, sizeof(g->vault), rows, 4);
	copy_text(g->snapshot_uuid, sizeof(g->snapshot_uuid), rows, 5);
	copy_text(g->source_uuid, sizeof(g->source_uuid), rows, 6);
	g->taken_at = sql_rows_integer(rows, 7);
	g->published_at = sql_rows_integer(rows, 8);
	g->files = sql_rows_integer(rows, 9);
	g->bytes = sql_rows_integer(rows, 10);
	g->literal_bytes = sql_rows_integer(rows, 11);
	g->wire_sent = sql_rows_integer(rows, 12);
	g->ctransid = sql_rows_integer(rows, 13);
}

/* Of rows of GENERATION_COLUMNS the first; ends them. returns: 1, 0: there is none, -1 */
static int take_first(struct sql_rows **rows, struct history_generation *generation, struct error *err)
{
	int found = sql_rows_next(*rows, err);

	if (found == 1)
		read_generation(*rows, generation);
	sql_rows_end(rows);
	return found;
}

/* Names, not times, tell which generation is the newest: the receiver keeps them in order whatever the clock does. */
int history_last_good(struct run_store *store, const char *pipeline, struct history_generation *generation,
                      struct error *err)
{
	struct sql_rows *rows = NULL;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT " GENERATION_COLUMNS " FROM generations WHERE pipeline = ? AND pruned = 0"
	               " ORDER BY generation DESC LIMIT 1",
	               "s", pipeline) != 0)
		return -1;
	return take_first(&rows, generation, err);
}

int history_last_good_in(struct run_store *store, const char *pipeline, const char *vault,
                         struct history_generation *generation, struct error *err)
{
	struct sql_rows *rows = NULL;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT " GENERATION_COLUMNS " FROM generations WHERE pipeline = ? AND vault = ? AND pruned = 0"
	               " ORDER BY generation DESC LIMIT 1",
	               "ss", pipeline, vault) != 0)
		return -1;
	return take_first(&rows, generation, err);
}

/* Of a row that has rotted it is not known, and the others are there all the same. */
#define CONFIG_OF(key) "json_extract(CASE WHEN json_valid(config) THEN config END, '$.rest." key "')"

int history_last_rest(struct run_store *store, const char *pipeline, struct history_generation *rest, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT " CONFIG_OF("ctransid") ", " CONFIG_OF(
	                       "source_uuid") ", started_at"
	                                      " FROM runs WHERE pipeline = ? AND kind = 'whole' AND dry_run = 0 AND "
	                                      "state = 'ok'"
	                                      " AND " CONFIG_OF("ctransid") " IS NOT NULL ORDER BY seq DESC LIMIT 1",
	               "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		rest->ctransid = sql_rows_integer(rows, 0);
		copy_text(rest->source_uuid, sizeof(rest->source_uuid), rows, 1);
		rest->taken_at = sql_rows_integer(rows, 2);
	}
	sql_rows_end(&rows);
	return found;
}

int history_anchor(struct run_store *store, const char *pipeline, struct history_generation *anchor, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found = history_last_good(store, pipeline, anchor, err);
	int gone;

	if (found != 1)
		return found;
	if (anchor->snapshot_uuid[0] == '\0')
		return 0;
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT 1 FROM anchors_given_up WHERE pipeline = ? AND snapshot_uuid = ?", "ss", pipeline,
	               anchor->snapshot_uuid) != 0)
		return -1;
	gone = sql_rows_next(rows, err);
	sql_rows_end(&rows);
	return gone < 0 ? -1 : gone == 0;
}

int history_give_up(struct run_store *store, const char *pipeline, const char *snapshot_uuid, int64_t now,
                    struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO anchors_given_up (pipeline, snapshot_uuid, given_up_at) VALUES (?, ?, ?)",
	              "ssi", pipeline, snapshot_uuid, now);
}

/* Those that are not pruned. returns 0, -1 */
static int count_generations(struct run_store *store, const char *pipeline, int64_t *n, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT count(*) FROM generations WHERE pruned = 0 AND (?1 IS NULL OR pipeline = ?1)", "s",
	               pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		*n = sql_rows_integer(rows, 0);
	sql_rows_end(&rows);
	return found == 1 ? 0 : -1;
}

int history_generations(struct run_store *store, const char *pipeline,
                        void (*each)(void *cookie, const struct history_generation *generation), void *cookie,
                        int64_t *left_out, struct error *err)
{
	struct sql_rows *rows = NULL;
	int64_t listed = 0;
	int64_t all = 0;
	int more;

	*left_out = 0;
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT " GENERATION_COLUMNS " FROM generations WHERE ?1 IS NULL OR pipeline = ?1"
	               " ORDER BY pruned, generation DESC, pipeline LIMIT ?2",
	               "si", pipeline, (int64_t)HISTORY_ROWS_MAX) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct history_generation generation;

		read_generation(rows, &generation);
		listed += generation.pruned ? 0 : 1;
		each(cookie, &generation);
	}
	sql_rows_end(&rows);
	if (more != 0 || listed < HISTORY_ROWS_MAX)
		return more;
	if (count_generations(store, pipeline, &all, err) != 0)
		return -1;
	*left_out = all - listed;
	return 0;
}

int history_days(struct run_store *store, const char *pipeline,
                 void (*each)(void *cookie, const struct history_day *day), void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	/* With one max() the other columns are those of its row: sqlite.org/lang_select.html#bareagg */
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT published_at / 86400 AS day, count(*), sum(literal_bytes), sum(wire_sent), bytes,"
	               " max(generation) FROM generations WHERE pipeline = ?1 GROUP BY day ORDER BY day DESC LIMIT ?2",
	               "si", pipeline, (int64_t)HISTORY_DAYS_MAX) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct history_day day = { sql_rows_integer(rows, 0), sql_rows_integer(rows, 1),
			                   sql_rows_integer(rows, 2), sql_rows_integer(rows, 3),
			                   sql_rows_integer(rows, 4) };

		each(cookie, &day);
	}
	sql_rows_end(&rows);
	return more;
}

static int read_run(struct sql_rows *rows, struct history_run *found, struct error *err)
{
	int more = sql_rows_next(rows, err);

	if (more != 1)
		return more;
	copy_text(found->run, sizeof(found->run), rows, 0);
	copy_text(found->pipeline, sizeof(found->pipeline), rows, 1);
	found->whole = strcmp(sql_rows_text(rows, 2), "whole") == 0;
	copy_text(found->trigger, sizeof(found->trigger), rows, 3);
	found->dry_run = sql_rows_integer(rows, 4) != 0;
	found->state = (enum run_state)pipeline_run_of(sql_rows_text(rows, 5));
	found->started_at = sql_rows_integer(rows, 6);
	found->ended_at = sql_rows_integer(rows, 7);
	read_error(&found->error, rows, 8);
	return 1;
}

int history_run(struct run_store *store, const char *run, struct history_run *found, struct error *err)
{
	struct sql_rows *rows = NULL;
	int rc;

	if (sql_select(run_store_sql(store), &rows, err, "SELECT " RUN_COLUMNS " FROM runs WHERE run = ?", "s", run) !=
	    0)
		return -1;
	rc = read_run(rows, found, err);
	sql_rows_end(&rows);
	return rc;
}

int history_last_run(struct run_store *store, const char *pipeline, struct history_run *found, struct error *err)
{
	struct sql_rows *rows = NULL;
	int rc;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT " RUN_COLUMNS " FROM runs WHERE pipeline = ? AND kind = 'whole' AND dry_run = 0"
	               " ORDER BY seq DESC LIMIT 1",
	               "s", pipeline) != 0)
		return -1;
	rc = read_run(rows, found, err);
	sql_rows_end(&rows);
	return rc;
}

int history_steps(struct run_store *store, const char *run,
                  void (*each)(void *cookie, const struct run_step *step, const char *result_json,
                               const struct error *error),
                  void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT service, state, attempt, failures, losses, result, error_code, error_message FROM steps"
	               " WHERE run = ? ORDER BY step",
	               "s", run) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct run_step step = { .attempt = (unsigned)sql_rows_integer(rows, 2),
			                 .failures = (unsigned)sql_rows_integer(rows, 3),
			                 .losses = (unsigned)sql_rows_integer(rows, 4) };
		struct error error;

		copy_text(step.service, sizeof(step.service), rows, 0);
		step.state = (enum step_state)pipeline_step_of(sql_rows_text(rows, 1));
		read_error(&error, rows, 6);
		each(cookie, &step, sql_rows_null(rows, 5) ? NULL : sql_rows_text(rows, 5), &error);
	}
	sql_rows_end(&rows);
	return more;
}

int history_paused(struct run_store *store, const char *pipeline, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err, "SELECT 1 FROM pauses WHERE pipeline = ?", "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	sql_rows_end(&rows);
	return found;
}

int history_pause(struct run_store *store, const char *pipeline, bool pause, int64_t now, struct error *err)
{
	if (pause)
		return sql_do(run_store_sql(store), err, "INSERT OR IGNORE INTO pauses (pipeline, since) VALUES (?, ?)",
		              "si", pipeline, now);
	return sql_do(run_store_sql(store), err, "DELETE FROM pauses WHERE pipeline = ?", "s", pipeline);
}

int history_watch(struct run_store *store, const char *pipeline, struct history_watch *watch, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT state, reason, since, ctransid, reported_at FROM watch_clocks WHERE pipeline = ?", "s",
	               pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		copy_text(watch->state, sizeof(watch->state), rows, 0);
		copy_text(watch->reason, sizeof(watch->reason), rows, 1);
		watch->since = sql_rows_integer(rows, 2);
		watch->ctransid = sql_rows_integer(rows, 3);
		watch->reported_at = sql_rows_integer(rows, 4);
	}
	sql_rows_end(&rows);
	return found;
}

int history_watch_save(struct run_store *store, const char *pipeline, const struct history_watch *watch,
                       struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO watch_clocks (pipeline, state, reason, since, ctransid, reported_at)"
	              " VALUES (?, ?, ?, ?, ?, ?)",
	              "sssiii", pipeline, watch->state, watch->reason, watch->since, watch->ctransid,
	              watch->reported_at);
}
