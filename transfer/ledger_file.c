#include "transfer/ledger_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETUP                                                                                                          \
	"PRAGMA cache_size = -4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE;"
#define FORMAT 1
#define SCHEMA                                                                                                         \
	"CREATE TABLE IF NOT EXISTS about (one INTEGER PRIMARY KEY CHECK (one = 1), snapshot TEXT NOT NULL, view "     \
	"TEXT "                                                                                                        \
	"NOT NULL);"                                                                                                   \
	"CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name BLOB NOT NULL, kind " \
	"INTEGER NOT NULL, inode INTEGER NOT NULL, ctime INTEGER NOT NULL, meta BLOB NOT NULL, content BLOB);"         \
	"CREATE UNIQUE INDEX IF NOT EXISTS place ON entry (parent, name);"                                             \
	"CREATE INDEX IF NOT EXISTS inodes ON entry (inode) WHERE kind = 1;"                                           \
	"CREATE INDEX IF NOT EXISTS folders ON entry (parent, name) WHERE kind = 2;"                                   \
	"CREATE INDEX IF NOT EXISTS unknown ON entry (parent) WHERE kind = 2 AND content IS NULL;"                     \
	"CREATE TABLE IF NOT EXISTS sent (inode INTEGER PRIMARY KEY, ctime INTEGER NOT NULL, content BLOB NOT NULL, "  \
	"only_of TEXT NOT NULL);"                                                                                      \
	"CREATE TABLE IF NOT EXISTS sums (folder INTEGER PRIMARY KEY, n INTEGER NOT NULL, numbers BLOB NOT NULL);"     \
	"PRAGMA user_version = 1;"
#define ROW "id, parent, kind, inode, ctime, meta, content"

#define BELOW "WITH RECURSIVE t (id) AS (SELECT ?1 UNION ALL SELECT e.id FROM entry e JOIN t ON e.parent = t.id) "

static const char *const texts[LEDGER_STATEMENTS] = {
	[LEDGER_FIND] = "SELECT " ROW " FROM entry WHERE parent = ?1 AND name = ?2",
	[LEDGER_NEXT] = "SELECT " ROW ", name FROM entry WHERE parent = ?1 AND name > ?2 ORDER BY name LIMIT 1",
	[LEDGER_FIND_ID] = "SELECT " ROW ", name FROM entry WHERE id = ?1",
	[LEDGER_INSERT] =
	        "INSERT INTO entry (parent, name, kind, inode, ctime, meta, content) VALUES (?1, ?2, ?3, ?4, ?5, "
	        "?6, ?7)",
	[LEDGER_UPDATE] = "UPDATE entry SET kind = ?2, inode = ?3, ctime = ?4, meta = ?5, content = ?6 WHERE id = ?1",
	[LEDGER_DROP_SUMS] = BELOW "DELETE FROM sums WHERE folder IN (SELECT id FROM t)",
	[LEDGER_DROP] = BELOW "DELETE FROM entry WHERE id IN (SELECT id FROM t)",
	[LEDGER_PLACE] = "UPDATE entry SET parent = ?2, name = ?3 WHERE id = ?1",
	[LEDGER_UNKNOWN] = "UPDATE entry SET content = NULL WHERE id = ?1 AND content IS NOT NULL",
	[LEDGER_ABOUT] = "INSERT OR REPLACE INTO about VALUES (1, ?1, ?2)",
	[LEDGER_SENT] = "INSERT OR REPLACE INTO sent VALUES (?1, ?2, ?3, ?4)",
	[LEDGER_HASH_SENT] = "SELECT content FROM sent WHERE inode = ?1 AND ctime = ?2 AND only_of IN ('', ?3)",
	[LEDGER_HASH_KNOWN] =
	        "SELECT content FROM entry WHERE inode = ?1 AND kind = 1 AND ctime = ?2 AND content IS NOT NULL "
	        "LIMIT 1",
	[LEDGER_SUM] = "SELECT n, numbers FROM sums WHERE folder = ?1",
	[LEDGER_KEEP_SUM] = "INSERT OR REPLACE INTO sums VALUES (?1, ?2, ?3)",
	[LEDGER_FIRST_UNKNOWN] = "SELECT id FROM entry WHERE parent = ?1 AND kind = 2 AND content IS NULL LIMIT 1",
	[LEDGER_FOLDERS] = "SELECT name, meta, content FROM entry WHERE parent = ?1 AND kind = 2 ORDER BY name",
	[LEDGER_OTHERS] = "SELECT name, meta, content FROM entry WHERE parent = ?1 AND kind <> 2",
	[LEDGER_SETTLE] = "UPDATE entry SET content = ?2 WHERE id = ?1",
};

int ledger_file_failed(const struct ledger *l, struct error *err)
{
	int code = sqlite3_errcode(l->db) & 0xff;

	return error_set(err,
	                 code == SQLITE_FULL                               ? ERR_SPACE
	                 : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ERR_DAMAGED
	                                                                   : ERR_SYSTEM,
	                 "the ledger of the last generation's hashes: %s", sqlite3_errmsg(l->db));
}

int ledger_file_script(struct ledger *l, const char *text, struct error *err)
{
	return sqlite3_exec(l->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : ledger_file_failed(l, err);
}

int ledger_file_run(struct ledger *l, enum ledger_statement which, struct error *err)
{
	sqlite3_stmt *s = l->statements[which];
	int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : ledger_file_failed(l, err);

	(void)sqlite3_reset(s);
	return rc;
}

int ledger_file_step(struct ledger *l, enum ledger_statement which, struct error *err)
{
	int code = sqlite3_step(l->statements[which]);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		(void)ledger_file_failed(l, err);
	(void)sqlite3_reset(l->statements[which]);
	return code == SQLITE_DONE ? 0 : -1;
}

static int prepare(struct ledger *l, struct error *err)
{
	for (int i = 0; i < LEDGER_STATEMENTS; i++)
		if (sqlite3_prepare_v3(l->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &l->statements[i], NULL) !=
		    SQLITE_OK)
			return ledger_file_failed(l, err);
	return 0;
}

static void read_about(struct ledger *l)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(l->db, "SELECT snapshot, view FROM about", -1, &s, NULL) != SQLITE_OK)
		return;
	if (sqlite3_step(s) == SQLITE_ROW) {
		(void)snprintf(l->snapshot, sizeof(l->snapshot), "%s", (const char *)sqlite3_column_text(s, 0));
		(void)snprintf(l->view, sizeof(l->view), "%s", (const char *)sqlite3_column_text(s, 1));
	}
	(void)sqlite3_finalize(s);
	memcpy(l->kept_snapshot, l->snapshot, sizeof(l->snapshot));
	memcpy(l->kept_view, l->view, sizeof(l->view));
}

static int version_of(struct ledger *l)
{
	sqlite3_stmt *s;
	int version = -1;

	if (sqlite3_prepare_v2(l->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return version;
}

void ledger_file_shut(struct ledger *l)
{
	for (int i = 0; i < LEDGER_STATEMENTS; i++) {
		(void)sqlite3_finalize(l->statements[i]);
		l->statements[i] = NULL;
	}
	(void)sqlite3_close(l->db);
	l->db = NULL;
}

int ledger_file_open(struct ledger *l, const char *path, struct error *err)
{
	int version;

	if (sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return l->db != NULL ? ledger_file_failed(l, err) : error_set(err, ERR_SYSTEM, "out of memory");
	(void)sqlite3_busy_timeout(l->db, 10000);
	if (ledger_file_script(l, SETUP, err) != 0)
		return -1;
	version = version_of(l);
	if (version != 0 && version != FORMAT)
		return error_set(err, ERR_DAMAGED, "the ledger has form %d", version);
	if (ledger_file_script(l, SCHEMA, err) != 0 || prepare(l, err) != 0)
		return -1;
	read_about(l);
	return 0;
}

void ledger_file_remove(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char name[4200];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}
