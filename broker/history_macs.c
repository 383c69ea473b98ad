#include "broker/history_macs.h"

#include <stdio.h>

#include "broker/sql.h"

int history_macs_add(struct run_store *store, const char *pipeline, const char *generation,
                     const struct history_macs_row *mac, struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO generation_macs (pipeline, generation, bundle, name, state, completed_at,"
	              " verification_failed) VALUES (?, ?, ?, ?, ?, ?, ?)",
	              "sssssii", pipeline, generation, mac->bundle, mac->name, mac->state, mac->completed_at,
	              (int64_t)mac->verification_failed);
}

int history_macs_each(struct run_store *store, const char *pipeline, const char *generation,
                      void (*each)(void *cookie, const struct history_macs_row *mac), void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT bundle, name, state, completed_at, verification_failed FROM generation_macs"
	               " WHERE pipeline = ? AND generation = ? ORDER BY bundle LIMIT ?",
	               "ssi", pipeline, generation, (int64_t)HISTORY_MACS_MAX) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct history_macs_row mac = { .completed_at = sql_rows_integer(rows, 3),
			                        .verification_failed = sql_rows_integer(rows, 4) != 0 };

		(void)snprintf(mac.bundle, sizeof(mac.bundle), "%s", sql_rows_text(rows, 0));
		(void)snprintf(mac.name, sizeof(mac.name), "%s", sql_rows_text(rows, 1));
		(void)snprintf(mac.state, sizeof(mac.state), "%s", sql_rows_text(rows, 2));
		each(cookie, &mac);
	}
	sql_rows_end(&rows);
	return more;
}

int history_macs_last_clean(struct run_store *store, const char *pipeline, struct history_generation *generation,
                            struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT generation, source_uuid, ctransid FROM generations WHERE pipeline = ? AND pruned = 0"
	               " AND state = 'clean' ORDER BY generation DESC LIMIT 1",
	               "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		*generation = (struct history_generation){ .ctransid = sql_rows_integer(rows, 2) };
		(void)snprintf(generation->generation, sizeof(generation->generation), "%s", sql_rows_text(rows, 0));
		(void)snprintf(generation->source_uuid, sizeof(generation->source_uuid), "%s", sql_rows_text(rows, 1));
	}
	sql_rows_end(&rows);
	return found;
}

int history_macs_used_save(struct run_store *store, const char *pipeline, const char *bundle, int64_t used_at,
                           struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO watch_macs (pipeline, bundle, used_at) VALUES (?, ?, ?)", "ssi", pipeline,
	              bundle, used_at);
}

int history_macs_used_forget(struct run_store *store, const char *pipeline, struct error *err)
{
	return sql_do(run_store_sql(store), err, "DELETE FROM watch_macs WHERE pipeline = ?", "s", pipeline);
}

int history_macs_used_each(struct run_store *store, const char *pipeline,
                           void (*each)(void *cookie, const char *bundle, int64_t used_at), void *cookie,
                           struct error *err)
{
	struct sql_rows *rows = NULL;
	int more;

	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT bundle, used_at FROM watch_macs WHERE pipeline = ? ORDER BY used_at DESC LIMIT ?", "si",
	               pipeline, (int64_t)HISTORY_MACS_MAX) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1)
		each(cookie, sql_rows_text(rows, 0), sql_rows_integer(rows, 1));
	sql_rows_end(&rows);
	return more;
}
