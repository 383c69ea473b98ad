#include "broker/care_store.h"

#include "broker/sql.h"

int care_store_since(struct run_store *store, const char *pipeline, const char *kind, int64_t *since, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(run_store_sql(store), &rows, err, "SELECT since FROM care WHERE pipeline = ? AND kind = ?", "ss",
	               pipeline, kind) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		*since = sql_rows_integer(rows, 0);
	sql_rows_end(&rows);
	return found;
}

int care_store_result(struct run_store *store, const char *pipeline, const char *kind, json_t **result,
                      struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*result = NULL;
	if (sql_select(run_store_sql(store), &rows, err, "SELECT result FROM care WHERE pipeline = ? AND kind = ?",
	               "ss", pipeline, kind) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		*result = json_loads(sql_rows_text(rows, 0), 0, NULL); /* none of '' */
	sql_rows_end(&rows);
	return found < 0 ? -1 : *result != NULL;
}

int care_store_keep(struct run_store *store, const char *pipeline, const char *kind, int64_t since,
                    const char *result_json, struct error *err)
{
	return sql_do(run_store_sql(store), err,
	              "INSERT OR REPLACE INTO care (pipeline, kind, since, result) VALUES (?, ?, ?, ?)", "ssis",
	              pipeline, kind, since, result_json);
}

int care_store_failure(struct run_store *store, const char *pipeline, const char *kind, struct care_failure *failure,
                       struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	*failure = (struct care_failure){ .at = 0 };
	if (sql_select(run_store_sql(store), &rows, err,
	               "SELECT runs.state = 'ok', ended_at, runs.error_code, runs.error_message FROM runs"
	               " JOIN steps ON steps.run = runs.run AND step = 0"
	               " WHERE pipeline = ? AND care = 1 AND runs.state <> 'running' AND service = ?"
	               " ORDER BY seq DESC LIMIT 1",
	               "ss", pipeline, kind) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1 && sql_rows_integer(rows, 0) != 0)
		found = 0;
	if (found == 1) {
		failure->at = sql_rows_integer(rows, 1);
		if (!sql_rows_null(rows, 2))
			(void)error_set(&failure->error, error_class_of(sql_rows_text(rows, 2)), "%s",
			                sql_rows_null(rows, 3) ? "" : sql_rows_text(rows, 3));
	}
	sql_rows_end(&rows);
	return found;
}
