#include "lib/link_map.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define SETUP                                                                                                          \
	"PRAGMA cache_size = -4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"    \
	"CREATE TABLE map (key INTEGER PRIMARY KEY, value BLOB NOT NULL); BEGIN;"

struct link_map {
	sqlite3 *db;
	sqlite3_stmt *put;
	sqlite3_stmt *get;
};

static int failed(const struct link_map *map, struct error *err)
{
	int code = sqlite3_errcode(map->db) & 0xff;

	return error_set(err, code == SQLITE_FULL ? ERR_SPACE : ERR_SYSTEM,
	                 "the map of hard links (a temporary file): %s", sqlite3_errmsg(map->db));
}

int link_map_new(struct link_map **map, struct error *err)
{
	struct link_map *made = calloc(1, sizeof(*made));

	*map = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* An empty name is SQLite's word for a private database in a temporary file, spilled to when the cache is full. */
	if (sqlite3_open_v2("", &made->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
	            SQLITE_OK ||
	    sqlite3_exec(made->db, SETUP, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(made->db, "INSERT OR REPLACE INTO map VALUES (?1, ?2)", -1, &made->put, NULL) !=
	            SQLITE_OK ||
	    sqlite3_prepare_v2(made->db, "SELECT value FROM map WHERE key = ?1", -1, &made->get, NULL) != SQLITE_OK) {
		(void)failed(made, err);
		link_map_destroy(&made);
		return -1;
	}
	*map = made;
	return 0;
}

void link_map_destroy(struct link_map **map)
{
	if (*map == NULL)
		return;
	(void)sqlite3_finalize((*map)->put);
	(void)sqlite3_finalize((*map)->get);
	(void)sqlite3_close((*map)->db);
	free(*map);
	*map = NULL;
}

int link_map_put(struct link_map *map, uint64_t key, const void *value, size_t len_bytes, struct error *err)
{
	int rc = 0;

	if (sqlite3_bind_int64(map->put, 1, (sqlite3_int64)key) != SQLITE_OK ||
	    sqlite3_bind_blob64(map->put, 2, value, len_bytes, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(map->put) != SQLITE_DONE)
		rc = failed(map, err);
	(void)sqlite3_reset(map->put);
	(void)sqlite3_clear_bindings(map->put);
	return rc;
}

int link_map_get(struct link_map *map, uint64_t key, void *out, size_t room_bytes, size_t *len_bytes, struct error *err)
{
	int rc = -1;
	int step;

	*len_bytes = 0;
	if (sqlite3_bind_int64(map->get, 1, (sqlite3_int64)key) != SQLITE_OK)
		return failed(map, err);
	step = sqlite3_step(map->get);
	if (step == SQLITE_DONE) {
		rc = 0;
	} else if (step == SQLITE_ROW) {
		const void *value = sqlite3_column_blob(map->get, 0);
		size_t n = (size_t)sqlite3_column_bytes(map->get, 0);

		if (n > room_bytes) {
			(void)error_set(err, ERR_INTERNAL, "a value of %zu bytes in the map of hard links", n);
		} else {
			if (n != 0)
				memcpy(out, value, n);
			*len_bytes = n;
			rc = 1;
		}
	} else {
		(void)failed(map, err);
	}
	(void)sqlite3_reset(map->get);
	return rc;
}
