#include "broker/run_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/sql.h"
#include "broker/store_upgrade.h"

struct run_store {
	struct sql *sql;
	int lock_fd;
};

static const char *const triggers[] = {
	[TRIGGER_IDLE] = "idle", [TRIGGER_MAX_WAIT] = "max-wait", [TRIGGER_MANUAL] = "manual"
};

static int take_lock(const char *path, int *lock_fd, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char name[4096];
	int fd;
	int sys;

	if ((size_t)snprintf(name, sizeof(name), "%s.lock", path) >= sizeof(name))
		return error_set(err, ERR_CONFIG, "broker.state: the path is too long");
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_sys(err, errno, "%s", name);
	if (fcntl(fd, F_SETLK, &lock) == 0) {
		*lock_fd = fd;
		return 0;
	}
	sys = errno;
	if (sys != EACCES && sys != EAGAIN) {
		(void)close(fd);
		return error_sys(err, sys, "locking %s", name);
	}
	/* The kernel knows the holder, so nothing that is written in the file can be out of date. */
	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
		lock.l_pid = 0;
	(void)close(fd);
	return error_set(err, ERR_LOCKED, "%s: another broker has this store, process %ld; stop that one first", path,
	                 (long)lock.l_pid);
}

static int check_integrity(struct sql *sql, struct error *err)
{
	struct sql_rows *rows = NULL;
	int rc = -1;

	if (sql_select(sql, &rows, err, "PRAGMA integrity_check(1)", "") != 0 || sql_rows_next(rows, err) != 1)
		goto out;
	if (strcmp(sql_rows_text(rows, 0), "ok") != 0) {
		(void)error_set(err, ERR_DAMAGED, "integrity check: %s", sql_rows_text(rows, 0));
		goto out;
	}
	rc = 0;
out:
	sql_rows_end(&rows);
	return rc;
}

/* Before SQLite makes them: its -wal and -shm take their rights from the store. Those that a killed broker left are mended. */
static int make_private(const char *path, struct error *err)
{
	static const char *const beside[] = { "-wal", "-shm" };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char name[4096];

	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	if (fchmod(fd, 0600) != 0 && errno != EPERM) {
		(void)close(fd);
		return error_sys(err, errno, "the rights of %s", path);
	}
	(void)close(fd);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if ((size_t)snprintf(name, sizeof(name), "%s%s", path, beside[i]) < sizeof(name))
			(void)chmod(name, 0600); /* mostly not there */
	return 0;
}

int run_store_open(const char *path, struct run_store **store, struct error *err)
{
	struct run_store *made = calloc(1, sizeof(*made));

	*store = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "opening %s", path);
	made->lock_fd = -1;
	if (take_lock(path, &made->lock_fd, err) != 0)
		goto out;
	if (make_private(path, err) != 0)
		goto out;
	if (sql_open(path, &made->sql, err) != 0 || check_integrity(made->sql, err) != 0 ||
	    store_upgrade(made->sql, path, err) != 0) {
		if (err != NULL && err->class == ERR_DAMAGED)
			(void)error_prefix(
			        err,
			        "%s is damaged: put it (and its -wal, -shm) aside and start again; the vault's "
			        "generations are not touched by this, the next run finds them",
			        path);
		goto out;
	}
	*store = made;
	return 0;
out:
	run_store_close(&made);
	return -1;
}

void run_store_close(struct run_store **store)
{
	if (*store == NULL)
		return;
	sql_close(&(*store)->sql);
	if ((*store)->lock_fd >= 0)
		(void)close((*store)->lock_fd);
	free(*store);
	*store = NULL;
}

int run_store_begin(struct run_store *store, struct error *err)
{
	return sql_begin(store->sql, err);
}

int run_store_commit(struct run_store *store, struct error *err)
{
	return sql_commit(store->sql, err);
}

void run_store_rollback(struct run_store *store)
{
	sql_rollback(store->sql);
}

int run_store_insert(struct run_store *store, const struct run_record *record, const char *config_json,
                     struct error *err)
{
	if (sql_do(store->sql, err,
	           "INSERT INTO runs (run, pipeline, kind, \"trigger\", dry_run, state, config, started_at, care)"
	           " VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?)",
	           "ssssisii", record->run, record->pipeline, record->whole ? "whole" : "stage",
	           triggers[record->trigger], (int64_t)record->dry_run, config_json, record->started_at,
	           (int64_t)record->care) != 0)
		return -1;
	for (size_t i = 0; i < record->n_steps; i++)
		if (sql_do(store->sql, err, "INSERT INTO steps (run, step, service, state) VALUES (?, ?, ?, ?)", "siss",
		           record->run, (int64_t)i, record->steps[i].service,
		           pipeline_step_word(record->steps[i].state)) != 0)
			return -1;
	return 0;
}

/* The error of the first step that is under way goes to *last_error. */
static int read_steps(struct run_store *store, struct run_record *record, struct error *last_error, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more = -1;

	if (sql_select(
	            store->sql, &rows, err,
	            "SELECT service, state, attempt, failures, losses, error_code, error_message, under_way FROM steps"
	            " WHERE run = ? ORDER BY step",
	            "s", record->run) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1 && record->n_steps < PIPELINE_STEPS_MAX) {
		struct run_step *step = &record->steps[record->n_steps++];

		(void)snprintf(step->service, sizeof(step->service), "%s", sql_rows_text(rows, 0));
		step->state = (enum step_state)pipeline_step_of(sql_rows_text(rows, 1));
		step->attempt = (unsigned)sql_rows_integer(rows, 2);
		step->failures = (unsigned)sql_rows_integer(rows, 3);
		step->losses = (unsigned)sql_rows_integer(rows, 4);
		step->under_way = sql_rows_integer(rows, 7) != 0;
		if (step->state >= STEP_QUEUED && step->state <= STEP_RETRY_WAIT && !sql_rows_null(rows, 5))
			(void)error_set(last_error, error_class_of(sql_rows_text(rows, 5)), "%s",
			                sql_rows_text(rows, 6));
	}
	sql_rows_end(&rows);
	return more == 0 ? 0 : -1;
}

static enum stage_trigger trigger_of(const char *word)
{
	for (int i = TRIGGER_IDLE; i <= TRIGGER_MANUAL; i++)
		if (strcmp(triggers[i], word) == 0)
			return (enum stage_trigger)i;
	return TRIGGER_MANUAL;
}

int run_store_running(struct run_store *store,
                      int (*each)(void *cookie, const struct run_record *record, const char *config_json,
                                  const struct error *last_error, struct error *err),
                      void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more = -1;

	if (sql_select(
	            store->sql, &rows, err,
	            "SELECT run, pipeline, kind, \"trigger\", dry_run, cancelling, started_at, config, care FROM runs"
	            " WHERE state = 'running' ORDER BY seq",
	            "") != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1) {
		struct run_record record = { .n_steps = 0 };
		struct error last_error = { .class = ERR_NONE };

		(void)snprintf(record.run, sizeof(record.run), "%s", sql_rows_text(rows, 0));
		(void)snprintf(record.pipeline, sizeof(record.pipeline), "%s", sql_rows_text(rows, 1));
		record.whole = strcmp(sql_rows_text(rows, 2), "whole") == 0;
		record.trigger = trigger_of(sql_rows_text(rows, 3));
		record.dry_run = sql_rows_integer(rows, 4) != 0;
		record.cancelling = sql_rows_integer(rows, 5) != 0;
		record.started_at = sql_rows_integer(rows, 6);
		record.care = sql_rows_integer(rows, 8) != 0;
		if (read_steps(store, &record, &last_error, err) != 0 ||
		    each(cookie, &record, sql_rows_text(rows, 7), &last_error, err) != 0) {
			more = -1;
			break;
		}
	}
	sql_rows_end(&rows);
	return more == 0 ? 0 : -1;
}

static const char *code_of(const struct error *error)
{
	return error != NULL && error->class != ERR_NONE ? error_code(error->class) : NULL;
}

static const char *text_of(const struct error *error)
{
	return error != NULL && error->class != ERR_NONE ? error->text : NULL;
}

int run_store_step(struct run_store *store, const struct run_record *record, size_t index, const struct error *error,
                   struct error *err)
{
	const struct run_step *step = &record->steps[index];

	return sql_do(
	        store->sql, err,
	        "UPDATE steps SET state = ?, attempt = ?, failures = ?, losses = ?, error_code = ?, error_message = ?,"
	        " under_way = ? WHERE run = ? AND step = ?",
	        "siiissisi", pipeline_step_word(step->state), (int64_t)step->attempt, (int64_t)step->failures,
	        (int64_t)step->losses, code_of(error), text_of(error), (int64_t)step->under_way, record->run,
	        (int64_t)index);
}

int run_store_result(struct run_store *store, const char *run, size_t index, const char *result_json, struct error *err)
{
	return sql_do(store->sql, err, "UPDATE steps SET result = ? WHERE run = ? AND step = ?", "ssi", result_json,
	              run, (int64_t)index);
}

int run_store_cancelling(struct run_store *store, const char *run, struct error *err)
{
	return sql_do(store->sql, err, "UPDATE runs SET cancelling = 1 WHERE run = ?", "s", run);
}

int run_store_end(struct run_store *store, const char *run, enum run_state state, int64_t ended_at,
                  const struct error *error, struct error *err)
{
	return sql_do(store->sql, err,
	              "UPDATE runs SET state = ?, ended_at = ?, error_code = ?, error_message = ? WHERE run = ?",
	              "sisss", pipeline_run_word(state), ended_at, code_of(error), text_of(error), run);
}

int run_store_first_error(struct run_store *store, const char *run, struct error *error, struct error *err)
{
	struct sql_rows *rows = NULL;
	int found;

	error_clear(error);
	if (sql_select(store->sql, &rows, err,
	               "SELECT error_code, error_message FROM steps WHERE run = ?"
	               " AND state IN ('failed', 'cancelled', 'deferred', 'superseded') AND error_code IS NOT NULL "
	               "ORDER BY step "
	               "LIMIT 1",
	               "s", run) != 0)
		return -1;
	found = sql_rows_next(rows, err);
	if (found == 1)
		(void)error_set(error, error_class_of(sql_rows_text(rows, 0)), "%s", sql_rows_text(rows, 1));
	sql_rows_end(&rows);
	return found < 0 ? -1 : 0;
}

int run_store_results(struct run_store *store, const char *run,
                      int (*each)(void *cookie, const char *service, const char *result_json, struct error *err),
                      void *cookie, struct error *err)
{
	struct sql_rows *rows = NULL;
	int more = -1;

	if (sql_select(store->sql, &rows, err,
	               "SELECT service, result FROM steps WHERE run = ? AND result IS NOT NULL ORDER BY step", "s",
	               run) != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1)
		if (each(cookie, sql_rows_text(rows, 0), sql_rows_text(rows, 1), err) != 0) {
			more = -1;
			break;
		}
	sql_rows_end(&rows);
	return more == 0 ? 0 : -1;
}

int run_store_attempt(struct run_store *store, const char *run, size_t index, unsigned attempt, const char *worker,
                      const char *host, int64_t started_at, struct error *err)
{
	if (sql_do(store->sql, err,
	           "INSERT INTO attempts (run, step, attempt, worker, host, started_at, outcome)"
	           " VALUES (?, ?, ?, ?, ?, ?, 'working')",
	           "siissi", run, (int64_t)index, (int64_t)attempt, worker, host, started_at) != 0)
		return -1;
	return sql_do(store->sql, err, "DELETE FROM attempts WHERE run = ? AND step = ? AND attempt <= ?", "sii", run,
	              (int64_t)index, (int64_t)attempt - RUN_ATTEMPTS_KEPT);
}

int run_store_attempt_end(struct run_store *store, const char *run, size_t index, unsigned attempt, int64_t ended_at,
                          const char *outcome, const struct error *error, struct error *err)
{
	return sql_do(store->sql, err,
	              "UPDATE attempts SET ended_at = ?, outcome = ?, error_code = ?, error_message = ?"
	              " WHERE run = ? AND step = ? AND attempt = ?",
	              "issssii", ended_at, outcome, code_of(error), text_of(error), run, (int64_t)index,
	              (int64_t)attempt);
}

int run_store_attempt_again(struct run_store *store, const char *run, size_t index, unsigned attempt, struct error *err)
{
	return sql_do(
	        store->sql, err,
	        "UPDATE attempts SET ended_at = NULL, outcome = 'working', error_code = NULL, error_message = NULL"
	        " WHERE run = ? AND step = ? AND attempt = ?",
	        "sii", run, (int64_t)index, (int64_t)attempt);
}

int run_store_attempt_worker(struct run_store *store, const char *run, size_t index, unsigned attempt,
                             char worker[static 128], char host[static 128], int64_t *started_at, struct error *err)
{
	struct sql_rows *rows = NULL;
	int rc;

	if (sql_select(store->sql, &rows, err,
	               "SELECT worker, host, started_at FROM attempts WHERE run = ? AND step = ? AND attempt = ?",
	               "sii", run, (int64_t)index, (int64_t)attempt) != 0)
		return -1;
	rc = sql_rows_next(rows, err);
	if (rc == 1) {
		(void)snprintf(worker, 128, "%s", sql_rows_text(rows, 0));
		(void)snprintf(host, 128, "%s", sql_rows_text(rows, 1));
		*started_at = sql_rows_integer(rows, 2);
	}
	sql_rows_end(&rows);
	return rc;
}

int run_store_event(struct run_store *store, const char *topic, const char *body, struct error *err)
{
	return sql_do(store->sql, err, "INSERT OR REPLACE INTO last_events (topic, body) VALUES (?, ?)", "ss", topic,
	              body);
}

int run_store_events(struct run_store *store,
                     int (*each)(void *cookie, const char *topic, const char *body, struct error *err), void *cookie,
                     struct error *err)
{
	struct sql_rows *rows = NULL;
	int more = -1;

	if (sql_select(store->sql, &rows, err, "SELECT topic, body FROM last_events ORDER BY seq", "") != 0)
		return -1;
	while ((more = sql_rows_next(rows, err)) == 1)
		if (each(cookie, sql_rows_text(rows, 0), sql_rows_text(rows, 1), err) != 0) {
			more = -1;
			break;
		}
	sql_rows_end(&rows);
	return more == 0 ? 0 : -1;
}

struct sql *run_store_sql(struct run_store *store)
{
	return store->sql;
}
