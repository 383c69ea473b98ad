/* sql: the few calls of SQLite that the run store needs, with parameters by type letters and errors as struct error.
 *
 * A statement's parameters follow as varargs, one a letter of `types`: s = const char * (NULL: NULL), i = int64_t.
 * lifetime: sql_open / sql_close. threads: one. source: sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous */
#ifndef AOB_BROKER_SQL_H
#define AOB_BROKER_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct sql;
struct sql_rows;

/* sql_open: WAL, synchronous=FULL (a commit that returned survives power loss), foreign keys on, untrusted-schema safe.
 * Statements are traced under --trace sql. errors: ERR_DAMAGED, ERR_IO, ERR_PERMISSION, ERR_SPACE, ERR_SYSTEM */
int sql_open(const char *path, struct sql **sql, struct error *err);
void sql_close(struct sql **sql);

/* sql_script: statements without parameters, separated by ';'. */
int sql_script(struct sql *sql, const char *text, struct error *err);

/* sql_do: one statement that gives no rows. Returns 0 or -1. */
int sql_do(struct sql *sql, struct error *err, const char *text, const char *types, ...);

/* sql_changes: rows that the last sql_do changed. */
int64_t sql_changes(struct sql *sql);

/* sql_select: out: *rows, before the first row; sql_rows_end. */
int sql_select(struct sql *sql, struct sql_rows **rows, struct error *err, const char *text, const char *types, ...);
int sql_rows_next(struct sql_rows *rows, struct error *err); /* 1: a row, 0: the end, -1: error */
const char *sql_rows_text(struct sql_rows *rows,
                          int column); /* "" for NULL; valid until the next call of sql_rows_next */
int64_t sql_rows_integer(struct sql_rows *rows, int column);
bool sql_rows_null(struct sql_rows *rows, int column);
void sql_rows_end(struct sql_rows **rows);

/* Transactions do not nest. sql_commit that fails has rolled back. */
int sql_begin(struct sql *sql, struct error *err);
int sql_commit(struct sql *sql, struct error *err);
void sql_rollback(struct sql *sql);

#endif
