/* ledger_internal: the ledger's file, as ledger.c and ledger_file.c share it: a SQLite database with its statements prepared.
 *
 * threads: one. */
#ifndef AOB_LEDGER_INTERNAL_H
#define AOB_LEDGER_INTERNAL_H

#include <sqlite3.h>

#include "transfer/ledger.h"

enum ledger_statement {
	LEDGER_FIND,
	LEDGER_NEXT,
	LEDGER_FIND_ID,
	LEDGER_INSERT,
	LEDGER_UPDATE,
	LEDGER_DROP,
	LEDGER_DROP_SUMS,
	LEDGER_PLACE,
	LEDGER_UNKNOWN,
	LEDGER_ABOUT,
	LEDGER_SENT,
	LEDGER_HASH_SENT,
	LEDGER_HASH_KNOWN,
	LEDGER_SUM,
	LEDGER_KEEP_SUM,
	LEDGER_FIRST_UNKNOWN,
	LEDGER_FOLDERS,
	LEDGER_OTHERS,
	LEDGER_SETTLE,
	LEDGER_STATEMENTS
};

struct ledger {
	sqlite3 *db;
	sqlite3_stmt *statements[LEDGER_STATEMENTS];
	struct tree_digest *digest;
	char snapshot[64], view[64];           /* as of now */
	char kept_snapshot[64], kept_view[64]; /* as of the last commit */
	bool open;                             /* a transaction is */
	char aim[64];                          /* the snapshot that is read */
	int64_t taken_at_ns;
	unsigned sent; /* since the last commit */
	int64_t committed_ms;
	int64_t sum_of; /* the folder whose sum is at hand; 0: none */
	bool has_sum, sum_changed;
	struct tree_sum sum;
};

/* ledger_file_open: out: db, statements, and which snapshot it tells of; what was opened is ledger_file_shut's, also behind an error. errors: ERR_DAMAGED, ERR_SPACE, ERR_SYSTEM */
int ledger_file_open(struct ledger *l, const char *path, struct error *err);
void ledger_file_shut(struct ledger *l);
void ledger_file_remove(const char *path); /* with what SQLite has beside it */

/* ledger_file_failed: err from what SQLite said last. errors: ERR_SPACE, ERR_DAMAGED, ERR_SYSTEM. Returns -1. */
int ledger_file_failed(const struct ledger *l, struct error *err);
int ledger_file_script(struct ledger *l, const char *text, struct error *err);

/* ledger_file_run: a statement that gives no rows, whose values are bound. ledger_file_step: 1: a row is at hand, until sqlite3_reset; 0, -1. */
int ledger_file_run(struct ledger *l, enum ledger_statement which, struct error *err);
int ledger_file_step(struct ledger *l, enum ledger_statement which, struct error *err);

#endif
