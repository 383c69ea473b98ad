#include "transfer/ledger.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "transfer/ledger_internal.h"

#define SENT_AT_ONCE 1000u
#define SENT_EVERY_MS 5000
#define TICKS_NS INT64_C(2000000000) /* a change so short before a snapshot may not be the last one at that time */

static int begin(struct ledger *l, struct error *err)
{
	if (l->open)
		return 0;
	if (ledger_file_script(l, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	l->open = true;
	return 0;
}

static void bind_hash(sqlite3_stmt *s, int at, const uint8_t hash[TREE_DIGEST_BYTES])
{
	(void)sqlite3_bind_blob(s, at, hash, TREE_DIGEST_BYTES, SQLITE_STATIC);
}

static bool take_hash(sqlite3_stmt *s, int at, uint8_t hash[TREE_DIGEST_BYTES])
{
	if (sqlite3_column_bytes(s, at) != TREE_DIGEST_BYTES)
		return false;
	memcpy(hash, sqlite3_column_blob(s, at), TREE_DIGEST_BYTES);
	return true;
}

static void take_name(sqlite3_stmt *s, int at, char name[256])
{
	int n = sqlite3_column_bytes(s, at);

	if (n > 255)
		n = 255;
	if (n > 0)
		memcpy(name, sqlite3_column_blob(s, at), (size_t)n);
	name[n] = '\0';
}

static void take_row(sqlite3_stmt *s, struct ledger_row *row)
{
	*row = (struct ledger_row){ .id = sqlite3_column_int64(s, 0),
		                    .parent = sqlite3_column_int64(s, 1),
		                    .kind = (enum entry_type)sqlite3_column_int(s, 2),
		                    .inode = (uint64_t)sqlite3_column_int64(s, 3),
		                    .ctime_ns = sqlite3_column_int64(s, 4) };
	(void)take_hash(s, 5, row->meta);
	row->known = take_hash(s, 6, row->content);
}
static int make(struct ledger *l, const char *path, struct error *err)
{
	if (tree_digest_new(&l->digest, err) != 0)
		return -1;
	if (ledger_file_open(l, path, err) == 0)
		return 0;
	if (err->class != ERR_DAMAGED)
		return -1;
	log_error(LOG_WARNING, err, "%s is begun anew", path);
	error_clear(err);
	ledger_file_shut(l);
	ledger_file_remove(path);
	return ledger_file_open(l, path, err);
}

int ledger_open(const char *folder, const char *pipeline, const char *vault_id, struct ledger **ledger,
                struct error *err)
{
	struct ledger *made;
	char path[4096];
	int n;

	*ledger = NULL;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder of ledgers %s", folder);
	n = snprintf(path, sizeof(path), "%s/%s.%s.db", folder, pipeline, vault_id);
	if (n < 0 || (size_t)n >= sizeof(path) || strchr(vault_id, '/') != NULL)
		return error_set(err, ERR_INPUT, "the path of the ledger is too long");
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->committed_ms = clock_now_ms();
	if (make(made, path, err) != 0) {
		ledger_close(&made);
		return -1;
	}
	*ledger = made;
	return 0;
}

void ledger_close(struct ledger **ledger)
{
	if (*ledger == NULL)
		return;
	ledger_undo(*ledger);
	ledger_file_shut(*ledger);
	tree_digest_destroy(&(*ledger)->digest);
	free(*ledger);
	*ledger = NULL;
}

bool ledger_is_of(const struct ledger *l, const char *uuid, const char *view)
{
	return *uuid != '\0' && strcmp(l->snapshot, uuid) == 0 && strcmp(l->view, view) == 0;
}

int ledger_tells_of(struct ledger *l, const char *uuid, const char *view, struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_ABOUT];

	if (begin(l, err) != 0)
		return -1;
	(void)snprintf(l->snapshot, sizeof(l->snapshot), "%s", uuid);
	(void)snprintf(l->view, sizeof(l->view), "%s", view);
	(void)sqlite3_bind_text(s, 1, l->snapshot, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, l->view, -1, SQLITE_STATIC);
	return ledger_file_run(l, LEDGER_ABOUT, err);
}

/* The sum at hand is nobody's any more. */
static void drop_sum(struct ledger *l)
{
	l->sum_of = 0;
	l->has_sum = l->sum_changed = false;
}

static int write_sum(struct ledger *l, struct error *err)
{
	if (!l->has_sum || !l->sum_changed)
		return 0;
	l->sum_changed = false;
	return ledger_keep_sum(l, l->sum_of, &l->sum, err);
}

int ledger_commit(struct ledger *l, struct error *err)
{
	l->sent = 0;
	l->committed_ms = clock_now_ms();
	if (!l->open)
		return 0;
	if (write_sum(l, err) != 0 || ledger_file_script(l, "COMMIT", err) != 0)
		return -1;
	l->open = false;
	memcpy(l->kept_snapshot, l->snapshot, sizeof(l->snapshot));
	memcpy(l->kept_view, l->view, sizeof(l->view));
	return 0;
}

void ledger_undo(struct ledger *l)
{
	if (l->open)
		(void)sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
	l->open = false;
	drop_sum(l);
	memcpy(l->snapshot, l->kept_snapshot, sizeof(l->snapshot));
	memcpy(l->view, l->kept_view, sizeof(l->view));
}

void ledger_aim(struct ledger *l, const char *snapshot, int64_t taken_at_s)
{
	(void)snprintf(l->aim, sizeof(l->aim), "%s", snapshot);
	l->taken_at_ns = taken_at_s * 1000000000;
}

int64_t ledger_ctime_ns(const struct ledger *l, const struct entry *file)
{
	int64_t ns = file->ctime_s * 1000000000 + file->ctime_ns;

	return ns < l->taken_at_ns - TICKS_NS ? ns : 0;
}

/* True of this snapshot in any case, of a later one if the time is not too near. */
int ledger_sent(struct ledger *l, const struct entry *file, const uint8_t sha256[TREE_DIGEST_BYTES], struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_SENT];

	if (begin(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)file->inode);
	(void)sqlite3_bind_int64(s, 2, file->ctime_s * 1000000000 + file->ctime_ns);
	bind_hash(s, 3, sha256);
	(void)sqlite3_bind_text(s, 4, ledger_ctime_ns(l, file) == 0 ? l->aim : "", -1, SQLITE_STATIC);
	if (ledger_file_run(l, LEDGER_SENT, err) != 0)
		return -1;
	return ++l->sent >= SENT_AT_ONCE || clock_now_ms() - l->committed_ms >= SENT_EVERY_MS ? ledger_commit(l, err)
	                                                                                      : 0;
}

static int hash_from(struct ledger *l, enum ledger_statement which, uint64_t inode, int64_t ctime_ns,
                     uint8_t sha256[TREE_DIGEST_BYTES], struct error *err)
{
	sqlite3_stmt *s = l->statements[which];
	int rc;

	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)inode);
	(void)sqlite3_bind_int64(s, 2, ctime_ns);
	if (which == LEDGER_HASH_SENT)
		(void)sqlite3_bind_text(s, 3, l->aim, -1, SQLITE_STATIC);
	rc = ledger_file_step(l, which, err);
	if (rc == 1)
		rc = take_hash(s, 0, sha256);
	(void)sqlite3_reset(s);
	return rc;
}

int ledger_hash_of(struct ledger *l, const struct entry *file, uint8_t sha256[TREE_DIGEST_BYTES], struct error *err)
{
	int64_t ctime_ns = ledger_ctime_ns(l, file);
	int rc = hash_from(l, LEDGER_HASH_SENT, file->inode, file->ctime_s * 1000000000 + file->ctime_ns, sha256, err);

	return rc != 0 || ctime_ns == 0 ? rc : hash_from(l, LEDGER_HASH_KNOWN, file->inode, ctime_ns, sha256, err);
}

int ledger_forget_sent(struct ledger *l, struct error *err)
{
	return begin(l, err) == 0 ? ledger_file_script(l, "DELETE FROM sent", err) : -1;
}

int ledger_find(struct ledger *l, int64_t parent, const char *name, struct ledger_row *row, struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_FIND];
	int rc;

	*row = (struct ledger_row){ .parent = parent };
	(void)sqlite3_bind_int64(s, 1, parent);
	(void)sqlite3_bind_blob(s, 2, name, (int)strlen(name), SQLITE_STATIC);
	rc = ledger_file_step(l, LEDGER_FIND, err);
	if (rc == 1)
		take_row(s, row);
	(void)sqlite3_reset(s);
	return rc;
}

int ledger_next(struct ledger *l, int64_t parent, const char *after, char name[256], struct ledger_row *row,
                struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_NEXT];
	int rc;

	(void)sqlite3_bind_int64(s, 1, parent);
	(void)sqlite3_bind_blob(s, 2, after, (int)strlen(after), SQLITE_STATIC);
	rc = ledger_file_step(l, LEDGER_NEXT, err);
	if (rc == 1) {
		take_row(s, row);
		take_name(s, 7, name);
	}
	(void)sqlite3_reset(s);
	return rc;
}

static int find_id(struct ledger *l, int64_t id, struct ledger_row *row, char name[256], struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_FIND_ID];
	int rc;

	(void)sqlite3_bind_int64(s, 1, id);
	rc = ledger_file_step(l, LEDGER_FIND_ID, err);
	if (rc == 1) {
		take_row(s, row);
		take_name(s, 7, name);
	}
	(void)sqlite3_reset(s);
	return rc;
}

int ledger_at(struct ledger *l, const char *path, struct ledger_row *row, struct error *err)
{
	char name[256];
	int rc = ledger_find(l, 0, "", row, err);

	while (rc == 1 && *path != '\0') {
		size_t n = strcspn(path, "/");

		if (n >= sizeof(name))
			return error_set(err, ERR_INTERNAL, "a name of %zu bytes", n);
		memcpy(name, path, n);
		name[n] = '\0';
		path += path[n] == '/' ? n + 1 : n;
		rc = ledger_find(l, row->id, name, row, err);
	}
	return rc;
}

int ledger_write(struct ledger *l, const char *name, struct ledger_row *row, struct error *err)
{
	enum ledger_statement which = row->id != 0 ? LEDGER_UPDATE : LEDGER_INSERT;
	sqlite3_stmt *s = l->statements[which];
	int at = which == LEDGER_INSERT ? 3 : 2;

	if (begin(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, which == LEDGER_INSERT ? row->parent : row->id);
	if (which == LEDGER_INSERT)
		(void)sqlite3_bind_blob(s, 2, name, (int)strlen(name), SQLITE_STATIC);
	(void)sqlite3_bind_int(s, at, (int)row->kind);
	(void)sqlite3_bind_int64(s, at + 1, (sqlite3_int64)row->inode);
	(void)sqlite3_bind_int64(s, at + 2, row->ctime_ns);
	bind_hash(s, at + 3, row->meta);
	if (row->known)
		bind_hash(s, at + 4, row->content);
	else
		(void)sqlite3_bind_null(s, at + 4);
	if (ledger_file_run(l, which, err) != 0)
		return -1;
	if (which == LEDGER_INSERT)
		row->id = sqlite3_last_insert_rowid(l->db);
	return 0;
}

int ledger_drop(struct ledger *l, int64_t id, struct error *err)
{
	if (begin(l, err) != 0)
		return -1;
	if (id == l->sum_of)
		drop_sum(l);
	(void)sqlite3_bind_int64(l->statements[LEDGER_DROP_SUMS], 1, id);
	(void)sqlite3_bind_int64(l->statements[LEDGER_DROP], 1, id);
	return ledger_file_run(l, LEDGER_DROP_SUMS, err) == 0 ? ledger_file_run(l, LEDGER_DROP, err) : -1;
}

int ledger_keep_sum(struct ledger *l, int64_t folder, const struct tree_sum *sum, struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_KEEP_SUM];

	if (begin(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, folder);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)sum->n);
	(void)sqlite3_bind_blob(s, 3, sum->numbers, sizeof(sum->numbers), SQLITE_STATIC);
	return ledger_file_run(l, LEDGER_KEEP_SUM, err);
}

int ledger_forget_sums(struct ledger *l, struct error *err)
{
	drop_sum(l);
	return begin(l, err) == 0 ? ledger_file_script(l, "DELETE FROM sums", err) : -1;
}

/* l->sum becomes that of the folder, if it is kept. */
static int load_sum(struct ledger *l, int64_t folder, struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_SUM];
	int rc;

	if (l->sum_of == folder)
		return 0;
	if (write_sum(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, folder);
	rc = ledger_file_step(l, LEDGER_SUM, err);
	if (rc < 0)
		return -1;
	l->has_sum = rc == 1 && sqlite3_column_bytes(s, 1) == (int)sizeof(l->sum.numbers);
	if (l->has_sum) {
		l->sum.n = (uint64_t)sqlite3_column_int64(s, 0);
		memcpy(l->sum.numbers, sqlite3_column_blob(s, 1), sizeof(l->sum.numbers));
	}
	(void)sqlite3_reset(s);
	l->sum_of = folder;
	return 0;
}

static int exchange(struct ledger *l, const char *name, const struct ledger_row *row, bool comes, struct error *err)
{
	uint8_t digest[TREE_DIGEST_BYTES] = { 0 };

	if (row->kind == ENTRY_FOLDER)
		return 0;
	if (load_sum(l, row->parent, err) != 0)
		return -1;
	if (!l->has_sum)
		return 0;
	tree_digest_entry(l->digest, row->meta, row->content, digest);
	if (comes)
		tree_digest_sum_add(l->digest, &l->sum, name, digest);
	else
		tree_digest_sum_take(l->digest, &l->sum, name, digest);
	l->sum_changed = true;
	return 0;
}

/* A folder that is not known has none above it that is. */
static int mark_unknown(struct ledger *l, int64_t folder, struct error *err)
{
	while (folder > 0) {
		struct ledger_row row;
		char name[256];
		int rc;

		(void)sqlite3_bind_int64(l->statements[LEDGER_UNKNOWN], 1, folder);
		if (begin(l, err) != 0 || ledger_file_run(l, LEDGER_UNKNOWN, err) != 0)
			return -1;
		if (sqlite3_changes(l->db) == 0)
			return 0;
		rc = find_id(l, folder, &row, name, err);
		if (rc != 1)
			return rc;
		folder = row.parent;
	}
	return 0;
}

int ledger_put(struct ledger *l, const char *name, struct ledger_row *row, struct error *err)
{
	struct ledger_row old;
	int rc = ledger_find(l, row->parent, name, &old, err);

	if (rc < 0)
		return -1;
	if (rc == 1 && (old.kind == ENTRY_FOLDER) != (row->kind == ENTRY_FOLDER)) {
		if (ledger_take(l, name, &old, false, err) != 0)
			return -1;
		rc = 0;
	}
	if (rc == 1 && exchange(l, name, &old, false, err) != 0)
		return -1;
	row->id = rc == 1 ? old.id : 0;
	/* Of a folder that was there, what lies in it stays what it is. */
	if (rc == 1 && row->kind == ENTRY_FOLDER) {
		row->known = old.known;
		memcpy(row->content, old.content, sizeof(row->content));
	}
	return ledger_write(l, name, row, err) == 0 && exchange(l, name, row, true, err) == 0
	               ? mark_unknown(l, row->parent, err)
	               : -1;
}

static int place(struct ledger *l, int64_t id, int64_t parent, const char *name, struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_PLACE];

	if (begin(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, id);
	(void)sqlite3_bind_int64(s, 2, parent);
	(void)sqlite3_bind_blob(s, 3, name, (int)strlen(name), SQLITE_STATIC);
	return ledger_file_run(l, LEDGER_PLACE, err);
}

int ledger_take(struct ledger *l, const char *name, const struct ledger_row *row, bool limbo, struct error *err)
{
	if (exchange(l, name, row, false, err) != 0 || mark_unknown(l, row->parent, err) != 0)
		return -1;
	return limbo ? place(l, row->id, -row->id, "", err) : ledger_drop(l, row->id, err);
}

int ledger_put_back(struct ledger *l, int64_t id, int64_t parent, const char *name, struct error *err)
{
	struct ledger_row row;
	struct ledger_row old;
	char limbo[256];
	int rc = ledger_find(l, parent, name, &old, err);

	if (rc < 0 || (rc == 1 && ledger_take(l, name, &old, false, err) != 0))
		return -1;
	rc = find_id(l, id, &row, limbo, err);
	if (rc != 1)
		return rc < 0 ? -1 : error_set(err, ERR_DAMAGED, "the ledger has lost what was moved");
	row.parent = parent;
	return place(l, id, parent, name, err) == 0 && exchange(l, name, &row, true, err) == 0
	               ? mark_unknown(l, parent, err)
	               : -1;
}

/* The rows of one kind in a folder, into its list. */
static int list_rows(struct ledger *l, enum ledger_statement which, int64_t folder, struct tree_list *list,
                     struct error *err)
{
	sqlite3_stmt *s = l->statements[which];
	int rc;

	(void)sqlite3_bind_int64(s, 1, folder);
	while ((rc = ledger_file_step(l, which, err)) == 1) {
		uint8_t meta[TREE_DIGEST_BYTES];
		uint8_t content[TREE_DIGEST_BYTES];
		uint8_t digest[TREE_DIGEST_BYTES] = { 0 };
		char name[256];

		take_name(s, 0, name);
		if (!take_hash(s, 1, meta) || !take_hash(s, 2, content)) {
			(void)sqlite3_reset(s);
			return error_set(err, ERR_DAMAGED, "the ledger does not know \"%.255s\"", name);
		}
		tree_digest_entry(l->digest, meta, content, digest);
		if (which == LEDGER_FOLDERS)
			tree_digest_list_folder(list, name, digest);
		else
			tree_digest_sum_add(l->digest, &list->sum, name, digest);
	}
	return rc;
}

int ledger_settle(struct ledger *l, int64_t folder, const uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	sqlite3_stmt *s = l->statements[LEDGER_SETTLE];

	if (begin(l, err) != 0)
		return -1;
	(void)sqlite3_bind_int64(s, 1, folder);
	bind_hash(s, 2, content);
	return ledger_file_run(l, LEDGER_SETTLE, err);
}

int ledger_sweep(struct ledger *l, struct error *err)
{
	return begin(l, err) == 0
	               ? ledger_file_script(l,
	                                    "WITH RECURSIVE t (id) AS (SELECT id FROM entry WHERE parent < 0 UNION ALL"
	                                    " SELECT e.id FROM entry e JOIN t ON e.parent = t.id)"
	                                    " DELETE FROM entry WHERE id IN (SELECT id FROM t)",
	                                    err)
	               : -1;
}

static int settle(struct ledger *l, int64_t folder, struct error *err)
{
	uint8_t content[TREE_DIGEST_BYTES] = { 0 };
	struct tree_list list;
	int rc;

	tree_digest_list_init(&list);
	rc = list_rows(l, LEDGER_FOLDERS, folder, &list, err);
	if (rc == 0)
		rc = load_sum(l, folder, err);
	if (rc == 0 && l->has_sum)
		list.sum = l->sum;
	else if (rc == 0)
		rc = list_rows(l, LEDGER_OTHERS, folder, &list, err);
	if (rc == 0 && !l->has_sum && list.sum.n > LEDGER_SUM_LEAST) {
		rc = ledger_keep_sum(l, folder, &list.sum, err);
		drop_sum(l);
	}
	tree_digest_list_content(&list, content);
	return rc == 0 ? ledger_settle(l, folder, content, err) : -1;
}

/* What is not known lies under what is not known: the deepest first. */
static int settle_all(struct ledger *l, struct error *err)
{
	size_t room = 64;
	size_t depth = 1;
	int64_t *way = malloc(room * sizeof(*way));
	int rc = 0;

	if (way == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	way[0] = LEDGER_ROOT;
	while (rc == 0 && depth > 0) {
		sqlite3_stmt *s = l->statements[LEDGER_FIRST_UNKNOWN];
		int64_t *grown = depth == room ? realloc(way, 2 * room * sizeof(*way)) : way;

		if (grown == NULL) {
			rc = error_set(err, ERR_SYSTEM, "out of memory");
			break;
		}
		room = depth == room ? 2 * room : room;
		way = grown;
		(void)sqlite3_bind_int64(s, 1, way[depth - 1]);
		rc = ledger_file_step(l, LEDGER_FIRST_UNKNOWN, err);
		if (rc == 1) {
			way[depth++] = sqlite3_column_int64(s, 0);
			(void)sqlite3_reset(s);
			rc = 0;
		} else if (rc == 0) {
			rc = settle(l, way[--depth], err);
		}
	}
	free(way);
	return rc;
}

int ledger_root(struct ledger *l, uint8_t root[TREE_DIGEST_BYTES], struct error *err)
{
	struct ledger_row row;
	int rc = ledger_find(l, 0, "", &row, err);

	if (rc == 1 && !row.known)
		rc = settle_all(l, err) == 0 ? ledger_find(l, 0, "", &row, err) : -1;
	if (rc < 0)
		return -1;
	if (rc == 0 || !row.known || row.id != LEDGER_ROOT)
		return error_set(err, ERR_DAMAGED, "the ledger has no root");
	tree_digest_entry(l->digest, row.meta, row.content, root);
	return 0;
}

struct tree_digest *ledger_digest(struct ledger *l)
{
	return l->digest;
}
