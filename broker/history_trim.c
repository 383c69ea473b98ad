#include "broker/history_trim.h"

#include <stdio.h>
#include <string.h>

#include "broker/sql.h"

#define PORTION_RUNS 500

struct history_trim_keep history_trim_keep(int64_t seconds, size_t n_pipelines)
{
	int64_t each = (int64_t)n_pipelines * HISTORY_TRIM_RUNS_EACH;

	return (struct history_trim_keep){ seconds, each > HISTORY_TRIM_RUNS ? each : HISTORY_TRIM_RUNS };
}

/* A row that has rotted knows none. */
#define CTRANSID_OF(row) "json_extract(CASE WHEN json_valid(" row ".config) THEN " row ".config END, '$.rest.ctransid')"

/* Runs between ?1 and ?2 that are too old (?3), or too many (?4), and that nobody needs: a newer one of the same kind and outcome has taken its place. */
#define FORGOTTEN                                                                                                      \
	" FROM runs WHERE seq > ?1 AND seq <= ?2 AND state <> 'running'"                                               \
	" AND seq < (SELECT max(seq) FROM runs) - ?4 / 10"                                                             \
	" AND (started_at < ?3 OR seq <= (SELECT max(seq) FROM runs) - ?4)"                                            \
	" AND run IS NOT (SELECT g.run FROM generations g WHERE g.pipeline = runs.pipeline AND g.pruned = 0"           \
	" ORDER BY g.generation DESC LIMIT 1)"                                                                         \
	" AND EXISTS (SELECT 1 FROM runs n WHERE n.pipeline = runs.pipeline AND n.seq > runs.seq"                      \
	" AND n.state = runs.state AND n.kind = runs.kind AND n.dry_run = runs.dry_run AND n.care = runs.care"         \
	" AND (n.care = 0 OR (SELECT service FROM steps WHERE run = n.run AND step = 0) IS"                            \
	" (SELECT service FROM steps WHERE run = runs.run AND step = 0))"                                              \
	" AND (" CTRANSID_OF("runs") " IS NULL"                                                                        \
	                             " OR " CTRANSID_OF("n") " IS NOT NULL))"

static int any(struct sql_rows **rows, struct error *err)
{
	int found = sql_rows_next(*rows, err);

	sql_rows_end(rows);
	return found;
}

static int trim_runs(struct sql *sql, int64_t oldest, const struct history_trim_keep *keep, int64_t from, int64_t to,
                     struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(sql, &rows, err, "SELECT 1" FORGOTTEN " LIMIT 1", "iiii", from, to, oldest, keep->runs) != 0)
		return -1;
	found = any(&rows, err);
	if (found != 1)
		return found;
	if (sql_begin(sql, err) != 0)
		return -1;
	/* killed here, or before the commit: the next pass finds the same */
	if (sql_do(sql, err, "DELETE" FORGOTTEN, "iiii", from, to, oldest, keep->runs) != 0) {
		sql_rollback(sql);
		return -1;
	}
	return sql_commit(sql, err);
}

static int trim_generations(struct sql *sql, int64_t oldest, const char *pipeline, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(sql, &rows, err,
	               "SELECT 1 FROM generations WHERE pipeline = ? AND pruned = 1 AND published_at < ? LIMIT 1", "si",
	               pipeline, oldest) != 0)
		return -1;
	found = any(&rows, err);
	if (found != 1)
		return found;
	if (sql_begin(sql, err) != 0)
		return -1;
	if (sql_do(sql, err, "DELETE FROM generations WHERE pipeline = ? AND pruned = 1 AND published_at < ?", "si",
	           pipeline, oldest) != 0 ||
	    sql_do(sql, err,
	           "DELETE FROM roots WHERE pipeline = ? AND NOT EXISTS (SELECT 1 FROM generations g"
	           " WHERE g.pipeline = roots.pipeline AND g.generation = roots.generation)",
	           "s", pipeline) != 0 ||
	    sql_do(sql, err,
	           "DELETE FROM generation_macs WHERE pipeline = ? AND NOT EXISTS (SELECT 1 FROM generations g"
	           " WHERE g.pipeline = generation_macs.pipeline AND g.generation = generation_macs.generation)",
	           "s", pipeline) != 0) {
		sql_rollback(sql);
		return -1;
	}
	return sql_commit(sql, err);
}

/* The last of the next PORTION_RUNS; 0: there are none. */
static int portion_end(struct sql *sql, int64_t from, int64_t *to, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(sql, &rows, err,
	               "SELECT max(seq) FROM (SELECT seq FROM runs WHERE seq > ? ORDER BY seq LIMIT ?)", "ii", from,
	               (int64_t)PORTION_RUNS) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	*to = found == 1 ? sql_rows_integer(rows, 0) : 0;
	sql_rows_end(&rows);
	return found < 0 ? -1 : 0;
}

/* returns: 1, 0: there is none behind it, -1 */
static int next_pipeline(struct sql *sql, const char *after, char next[CONFIG_NAME_MAX + 1], struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(sql, &rows, err, "SELECT pipeline FROM generations WHERE pipeline > ? ORDER BY pipeline LIMIT 1",
	               "s", after) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		(void)snprintf(next, CONFIG_NAME_MAX + 1, "%s", sql_rows_text(rows, 0));
	sql_rows_end(&rows);
	return found;
}

int history_trim(struct run_store *store, int64_t now, const struct history_trim_keep *keep, struct history_trim *pass,
                 struct error *err)
{
	struct sql *sql = run_store_sql(store);
	int64_t oldest = now - keep->seconds;
	char pipeline[CONFIG_NAME_MAX + 1];
	int64_t to = 0;
	int found;

	if (!pass->runs_done) {
		if (portion_end(sql, pass->seq, &to, err) != 0 ||
		    (to != 0 && trim_runs(sql, oldest, keep, pass->seq, to, err) < 0))
			return -1;
		pass->runs_done = to == 0;
		pass->seq = to;
		return 1;
	}
	found = next_pipeline(sql, pass->pipeline, pipeline, err);
	if (found == 1 && trim_generations(sql, oldest, pipeline, err) < 0)
		return -1;
	if (found == 1)
		memcpy(pass->pipeline, pipeline, sizeof(pipeline));
	if (found == 0)
		*pass = (struct history_trim){ .seq = 0 };
	return found;
}
