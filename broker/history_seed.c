#include "broker/history_seed.h"

#include <stdio.h>

#include "broker/sql.h"

int history_seed(struct run_store *store, const char *pipeline, struct history_seed *seed, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*seed = (struct history_seed){ .files = 0 };
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT run, generation, snapshot_uuid, root, taken_at, written_at, files, bytes, root_hash "
	               "FROM seeds"
	               " WHERE pipeline = ?",
	               "s", pipeline) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1) {
		(void)snprintf(seed->pipeline, sizeof(seed->pipeline), "%s", pipeline);
		(void)snprintf(seed->run, sizeof(seed->run), "%s", sql_rows_text(rows, 0));
		(void)snprintf(seed->generation, sizeof(seed->generation), "%s", sql_rows_text(rows, 1));
		(void)snprintf(seed->snapshot_uuid, sizeof(seed->snapshot_uuid), "%s", sql_rows_text(rows, 2));
		(void)snprintf(seed->root, sizeof(seed->root), "%s", sql_rows_text(rows, 3));
		seed->taken_at = sql_rows_integer(rows, 4);
		seed->written_at = sql_rows_integer(rows, 5);
		seed->files = sql_rows_integer(rows, 6);
		seed->bytes = sql_rows_integer(rows, 7);
		(void)snprintf(seed->root_hash, sizeof(seed->root_hash), "%s", sql_rows_text(rows, 8));
	}
	sql_rows_end(&rows);
	return found;
}

int history_seed_keep(struct run_store *store, const struct history_seed *seed, struct error *err)
{
	return sql_do(
	        run_store_sql(store), err,
	        "INSERT OR REPLACE INTO seeds (pipeline, run, generation, snapshot_uuid, root, taken_at, written_at,"
	        " files, bytes, root_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	        "sssssiiiis", seed->pipeline, seed->run, seed->generation, seed->snapshot_uuid, seed->root,
	        seed->taken_at, seed->written_at, seed->files, seed->bytes, seed->root_hash);
}

int history_seed_drop(struct run_store *store, const char *pipeline, struct error *err)
{
	if (sql_do(run_store_sql(store), err, "DELETE FROM seeds WHERE pipeline = ?", "s", pipeline) != 0)
		return -1;
	return sql_changes(run_store_sql(store)) != 0;
}

int history_seed_give_up(struct run_store *store, const char *pipeline, struct error *err)
{
	return sql_do(run_store_sql(store), err, "UPDATE seeds SET snapshot_uuid = '' WHERE pipeline = ?", "s",
	              pipeline);
}
