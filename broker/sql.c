#include "broker/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/log.h"

#define LENGTH_MAX (4 << 20) /* of one value or statement */
#define KEPT_MAX 256         /* statements that stay prepared; a power of two */

struct kept {             /* a prepared statement, while nobody uses it */
	const char *text; /* of its last user: mostly a literal, so that the address finds it */
	sqlite3_stmt *statement;
};

struct sql {
	sqlite3 *db;
	struct kept kept[KEPT_MAX];
};

struct sql_rows {
	struct sql *sql;
	const char *text;
	sqlite3_stmt *statement;
};

static enum error_class class_of(int code, int sys)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ERR_SPACE;
	case SQLITE_IOERR:
		return sys == ENOSPC || sys == EDQUOT ? ERR_SPACE : ERR_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_LOCKED;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		return sys == ENOSPC || sys == EDQUOT ? ERR_SPACE : ERR_PERMISSION;
	case SQLITE_NOMEM:
		return ERR_SYSTEM;
	default:
		return ERR_INTERNAL;
	}
}

/* SQLite's errno is that of its last call, which may be one that put things in order. ENOSPC or EDQUOT if a file beside the store's can't be made or filled; 0 if it can, or that can't be tried. */
static int no_room(const struct sql *sql)
{
	static const char page[64 << 10];
	const char *path = sqlite3_db_filename(sql->db, "main");
	int folder_fd = path != NULL && *path != '\0' ? durable_folder_of(path, NULL) : -1;
	int fd;
	int sys;

	if (folder_fd < 0)
		return 0;
	fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	sys = fd < 0 || write(fd, page, sizeof(page)) < 0 || fsync(fd) != 0 ? errno : 0;
	if (fd >= 0)
		(void)close(fd);
	(void)close(folder_fd);
	return sys == ENOSPC || sys == EDQUOT ? sys : 0;
}

static int fail(struct sql *sql, struct error *err)
{
	int sys = sqlite3_system_errno(sql->db);
	enum error_class class = class_of(sqlite3_extended_errcode(sql->db), sys);
	int full = class == ERR_IO || class == ERR_PERMISSION ? no_room(sql) : 0;

	if (full != 0) {
		sys = full;
		class = ERR_SPACE;
	}
	return error_set(err, class, "run store: %s%s%s%s", sqlite3_errmsg(sql->db), sys != 0 ? ": " : "",
	                 sys != 0 ? strerrordesc_np(sys) : "",
	                 class == ERR_SPACE ? "; make room where it lies (df -h, df -i, or its quota)" : "");
}

static int trace(unsigned what, void *cookie, void *statement, void *text)
{
	char *expanded = NULL;

	(void)cookie;
	(void)text;
	if (what == SQLITE_TRACE_STMT) {
		expanded = sqlite3_expanded_sql(statement);
		log_trace("sql", "%s", expanded != NULL ? expanded : "(out of memory)");
		sqlite3_free(expanded);
	}
	return 0;
}

int sql_open(const char *path, struct sql **sql, struct error *err)
{
	struct sql *made = calloc(1, sizeof(*made));

	*sql = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "opening the run store");
	if (sqlite3_open_v2(path, &made->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE,
	                    NULL) != SQLITE_OK) {
		if (made->db != NULL)
			(void)fail(made, err);
		else
			(void)error_sys(err, ENOMEM, "opening the run store");
		goto out;
	}
	(void)sqlite3_extended_result_codes(made->db, 1);
	(void)sqlite3_limit(made->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	if (log_traces("sql"))
		(void)sqlite3_trace_v2(made->db, SQLITE_TRACE_STMT, trace, NULL);
	if (sql_script(made,
	               "PRAGMA trusted_schema=OFF; PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL;"
	               "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;",
	               err) != 0)
		goto out;
	*sql = made;
	return 0;
out:
	sql_close(&made);
	return error_prefix(err, "%s", path);
}

void sql_close(struct sql **sql)
{
	if (*sql == NULL)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++)
		(void)sqlite3_finalize((*sql)->kept[i].statement);
	(void)sqlite3_close_v2((*sql)->db);
	free(*sql);
	*sql = NULL;
}

int sql_script(struct sql *sql, const char *text, struct error *err)
{
	return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(sql, err);
}

static struct kept *place_of(struct sql *sql, const char *text)
{
	uintptr_t number = (uintptr_t)text;

	return &sql->kept[(number ^ number >> 8 ^ number >> 16) % KEPT_MAX];
}

/* The one that was kept, or NULL. It is the caller's until give_back: a statement that reads may be asked for again meanwhile. */
static sqlite3_stmt *take_kept(struct sql *sql, const char *text)
{
	struct kept *place = place_of(sql, text);
	sqlite3_stmt *statement = place->statement;

	if (statement == NULL || place->text != text || strcmp(sqlite3_sql(statement), text) != 0)
		return NULL;
	place->statement = NULL;
	return statement;
}

/* Ends what it does, and keeps it for the next time. */
static void give_back(struct sql *sql, const char *text, sqlite3_stmt *statement)
{
	struct kept *place = place_of(sql, text);

	if (statement == NULL)
		return;
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	(void)sqlite3_finalize(place->statement);
	*place = (struct kept){ text, statement };
}

static int prepare(struct sql *sql, sqlite3_stmt **statement, struct error *err, const char *text, const char *types,
                   va_list args)
{
	*statement = take_kept(sql, text);
	if (*statement == NULL &&
	    sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		return fail(sql, err);
	for (int i = 0; types[i] != '\0'; i++) {
		int rc;

		if (types[i] == 'i')
			rc = sqlite3_bind_int64(*statement, i + 1, va_arg(args, int64_t));
		else
			rc = sqlite3_bind_text(*statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		if (rc != SQLITE_OK) {
			(void)fail(sql, err);
			(void)sqlite3_finalize(*statement);
			*statement = NULL;
			return -1;
		}
	}
	return 0;
}

int sql_do(struct sql *sql, struct error *err, const char *text, const char *types, ...)
{
	sqlite3_stmt *statement = NULL;
	va_list args;
	int rc;

	va_start(args, types);
	rc = prepare(sql, &statement, err, text, types, args);
	va_end(args);
	if (rc != 0)
		return -1;
	rc = sqlite3_step(statement);
	rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : fail(sql, err);
	give_back(sql, text, statement);
	return rc;
}

int64_t sql_changes(struct sql *sql)
{
	return sqlite3_changes64(sql->db);
}

int sql_select(struct sql *sql, struct sql_rows **rows, struct error *err, const char *text, const char *types, ...)
{
	struct sql_rows *made = calloc(1, sizeof(*made));
	va_list args;
	int rc;

	*rows = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "reading the run store");
	made->sql = sql;
	made->text = text;
	va_start(args, types);
	rc = prepare(sql, &made->statement, err, text, types, args);
	va_end(args);
	if (rc != 0) {
		free(made);
		return -1;
	}
	*rows = made;
	return 0;
}

int sql_rows_next(struct sql_rows *rows, struct error *err)
{
	int rc = sqlite3_step(rows->statement);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : fail(rows->sql, err);
}

const char *sql_rows_text(struct sql_rows *rows, int column)
{
	const unsigned char *text = sqlite3_column_text(rows->statement, column);

	return text != NULL ? (const char *)text : "";
}

int64_t sql_rows_integer(struct sql_rows *rows, int column)
{
	return sqlite3_column_int64(rows->statement, column);
}

bool sql_rows_null(struct sql_rows *rows, int column)
{
	return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

void sql_rows_end(struct sql_rows **rows)
{
	if (*rows == NULL)
		return;
	give_back((*rows)->sql, (*rows)->text, (*rows)->statement);
	free(*rows);
	*rows = NULL;
}

int sql_begin(struct sql *sql, struct error *err)
{
	return sql_do(sql, err, "BEGIN IMMEDIATE", "");
}

int sql_commit(struct sql *sql, struct error *err)
{
	if (sql_do(sql, err, "COMMIT", "") == 0)
		return 0;
	sql_rollback(sql);
	return -1;
}

void sql_rollback(struct sql *sql)
{
	/* Some errors (a full disk) have already rolled back; then this says so and changes nothing. */
	if (sqlite3_get_autocommit(sql->db) == 0)
		(void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
}
