#include "broker/store_upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/run_store.h"
#include "broker/schema.h"
#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/log.h"

/* SQLite cannot change a CHECK: the old tables are set aside, today's are made from the one schema, filled, and the old ones go. Parents
 * are filled first and children dropped first, so the foreign keys hold at each step. */
static const char set_aside[] = "DROP INDEX runs_running; DROP INDEX runs_latest;"
                                "ALTER TABLE runs RENAME TO old_runs;"
                                "ALTER TABLE steps RENAME TO old_steps;"
                                "ALTER TABLE attempts RENAME TO old_attempts;"
                                "ALTER TABLE generations RENAME TO old_generations;"
                                "ALTER TABLE pauses RENAME TO old_pauses;"
                                "ALTER TABLE watch_clocks RENAME TO old_watch_clocks;"
                                "ALTER TABLE last_events RENAME TO old_last_events;";

static const char fill_from_1[] =
        "INSERT INTO runs SELECT *, 0 FROM old_runs;"
        "INSERT INTO steps (run, step, service, state, attempt, failures, losses, result, error_code, error_message)"
        " SELECT run, step, service, state, attempt, failures, losses, result, error_code, error_message FROM "
        "old_steps;"
        "INSERT INTO attempts SELECT * FROM old_attempts;"
        "INSERT INTO generations SELECT * FROM old_generations;"
        "INSERT INTO pauses SELECT * FROM old_pauses;"
        "INSERT INTO watch_clocks SELECT * FROM old_watch_clocks;"
        "INSERT INTO last_events SELECT * FROM old_last_events;";

static const char drop_old[] = "DROP TABLE old_attempts; DROP TABLE old_steps; DROP TABLE old_runs;"
                               "DROP TABLE old_generations; DROP TABLE old_pauses; DROP TABLE old_watch_clocks;"
                               "DROP TABLE old_last_events;";

static int read_version(struct sql *sql, int64_t *version, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	if (sql_select(sql, &rows, err, "PRAGMA user_version", "") != 0)
		return -1;
	found = sql_rows_next(rows, err);
	*version = found == 1 ? sql_rows_integer(rows, 0) : -1;
	sql_rows_end(&rows);
	return found == 1 ? 0 : -1;
}

/* What is counted for ever begins with what the store knows. */
static const char begin_totals[] =
        "INSERT INTO totals (pipeline, runs, failed) SELECT pipeline, count(*), sum(state = 'failed') FROM runs"
        " WHERE kind = 'whole' AND dry_run = 0 AND state IN ('ok', 'failed') GROUP BY pipeline;"
        "INSERT INTO totals (pipeline, literal_bytes, wire_sent)"
        " SELECT pipeline, sum(literal_bytes), sum(wire_sent) FROM generations WHERE true GROUP BY pipeline"
        " ON CONFLICT (pipeline) DO UPDATE SET literal_bytes = excluded.literal_bytes, wire_sent = excluded.wire_sent;";

/* Versions 3 to 7 only add, each behind its line. */
static const char *added_since(int64_t version)
{
	return version == 2   ? strstr(schema_sql, "-- since version 3")
	       : version == 3 ? strstr(schema_sql, "-- since version 4")
	       : version == 4 ? strstr(schema_sql, "-- since version 5")
	       : version == 5 ? strstr(schema_sql, "-- since version 6")
	       : version == 6 ? strstr(schema_sql, "-- since version 7")
	                      : schema_sql;
}

static int make_tables(struct sql *sql, int64_t version, struct error *err)
{
	const char *text = added_since(version);

	if (text == NULL)
		return error_set(err, ERR_INTERNAL, "the schema has lost its mark");
	if (version == 1 && sql_script(sql, set_aside, err) != 0)
		return -1;
	if (sql_script(sql, text, err) != 0)
		return -1;
	if (version == 1 && (sql_script(sql, fill_from_1, err) != 0 || sql_script(sql, drop_old, err) != 0))
		return -1;
	if ((version == 1 || version == 2) && sql_script(sql, begin_totals, err) != 0)
		return -1;
	return sql_script(sql, "PRAGMA user_version = 7", err);
}

_Static_assert(RUN_STORE_VERSION == 7, "make_tables knows this version");

static int sync_folder_of(const char *path, struct error *err)
{
	int fd = durable_folder_of(path, err);
	int rc = fd >= 0 ? durable_sync(fd, "the folder of the store", err) : -1;

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Written by SQLite into an empty file, which is private before there is anything in it. */
static int fill_copy(struct sql *sql, const char *copy, struct error *err)
{
	int fd;
	int rc;

	if (unlink(copy) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing %s", copy);
	fd = open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, errno, "making %s", copy);
	rc = sql_do(sql, err, "VACUUM INTO ?", "s", copy);
	if (rc == 0)
		rc = durable_sync(fd, copy, err);
	(void)close(fd);
	if (rc != 0)
		(void)unlink(copy);
	return rc;
}

/* The way back: the store as the older program can read it. Killed in it: what is half written goes at the next start, and a whole copy of this version is written anew. */
static int copy_beside(struct sql *sql, const char *path, int64_t version, struct error *err)
{
	char copy[PATH_MAX];
	char half[PATH_MAX];

	if ((size_t)snprintf(copy, sizeof(copy), "%s.version-%lld", path, (long long)version) >= sizeof(copy) ||
	    (size_t)snprintf(half, sizeof(half), "%s.new", copy) >= sizeof(half))
		return error_set(err, ERR_CONFIG, "broker.state: the path is too long");
	if (fill_copy(sql, half, err) != 0)
		return error_prefix(err, "keeping a copy of the run store of version %lld", (long long)version);
	crash_point("store-copied");
	if (rename(half, copy) != 0)
		return error_sys(err, errno, "renaming %s", half);
	if (sync_folder_of(copy, err) != 0)
		return -1;
	log_line(LOG_NOTICE, "the run store of version %lld is kept as %s", (long long)version, copy);
	return 0;
}

int store_upgrade(struct sql *sql, const char *path, struct error *err)
{
	int64_t version = 0;

	if (read_version(sql, &version, err) != 0)
		return -1;
	if (version == RUN_STORE_VERSION)
		return 0;
	if (version < 0 || version > RUN_STORE_VERSION)
		return error_set(
		        err, ERR_CONFIG,
		        "the store has version %lld, this program knows %d: start the newer program, or put the "
		        "store aside",
		        (long long)version, RUN_STORE_VERSION);
	if (version != 0 && copy_beside(sql, path, version, err) != 0)
		return -1;
	if (sql_begin(sql, err) != 0)
		return -1;
	if (make_tables(sql, version, err) != 0) {
		sql_rollback(sql);
		return error_prefix(err, "making the tables");
	}
	if (sql_commit(sql, err) != 0)
		return -1;
	if (version != 0)
		log_line(LOG_NOTICE, "the run store is of version %d now, it was %lld", RUN_STORE_VERSION,
		         (long long)version);
	return 0;
}
