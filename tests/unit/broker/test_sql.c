#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "broker/sql.h"
#include "tests/unit/scratch.h"

static struct sql *open_sql(char folder[200])
{
	struct sql *sql = NULL;
	char path[256];
	struct error err;

	assert_int_equal(scratch_make(folder, 200, "sql"), 0);
	(void)snprintf(path, sizeof(path), "%s/state.db", folder);
	assert_int_equal(sql_open(path, &sql, &err), 0);
	assert_int_equal(
	        sql_script(sql,
	                   "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');",
	                   &err),
	        0);
	return sql;
}

/* The same words, while their rows are still being read. */
static int64_t count(struct sql *sql, int depth)
{
	struct sql_rows *rows = NULL;
	int64_t n = 0;
	struct error err;

	assert_int_equal(sql_select(sql, &rows, &err, "SELECT a FROM t", ""), 0);
	while (sql_rows_next(rows, &err) == 1)
		n += depth == 0 ? 1 : count(sql, depth - 1);
	sql_rows_end(&rows);
	return n;
}

static void a_statement_is_used_while_it_is_used(void **state)
{
	char folder[200];
	struct sql *sql = open_sql(folder);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(count(sql, 3), 16);
	sql_close(&sql);
	(void)scratch_remove(folder);
}

static void other_words_at_the_same_address_are_another_statement(void **state)
{
	char folder[200];
	struct sql *sql = open_sql(folder);
	char text[64];
	struct error err;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct sql_rows *rows = NULL;

		(void)snprintf(text, sizeof(text), "SELECT %d", i);
		assert_int_equal(sql_select(sql, &rows, &err, text, ""), 0);
		assert_int_equal(sql_rows_next(rows, &err), 1);
		assert_int_equal(sql_rows_integer(rows, 0), i);
		sql_rows_end(&rows);
	}
	sql_close(&sql);
	(void)scratch_remove(folder);
}

static void what_failed_is_of_use_again_and_forgets_its_values(void **state)
{
	static const char insert[] = "INSERT INTO t (a, b) VALUES (?, ?)";
	static const char find[] = "SELECT b FROM t WHERE a = ? AND (?2 IS NULL OR b = ?2)";
	char folder[200];
	struct sql *sql = open_sql(folder);
	struct sql_rows *rows = NULL;
	struct error err;

	(void)state;
	assert_int_equal(sql_do(sql, &err, insert, "is", (int64_t)1, "twice"), -1);
	assert_int_equal(sql_do(sql, &err, insert, "is", (int64_t)3, "z"), 0);
	assert_int_equal(sql_do(sql, &err, insert, "is", (int64_t)3, "z"), -1);
	assert_int_equal(sql_select(sql, &rows, &err, find, "is", (int64_t)3, "other"), 0);
	assert_int_equal(sql_rows_next(rows, &err), 0);
	sql_rows_end(&rows);
	/* The second value is not given this time: it is NULL, not the last one's. */
	assert_int_equal(sql_select(sql, &rows, &err, find, "i", (int64_t)3), 0);
	assert_int_equal(sql_rows_next(rows, &err), 1);
	assert_string_equal(sql_rows_text(rows, 0), "z");
	sql_rows_end(&rows);
	sql_close(&sql);
	(void)scratch_remove(folder);
}

/* A reader that stops early does not hold the change up, and tables may change under what is kept. */
static void nothing_kept_is_in_the_way(void **state)
{
	char folder[200];
	struct sql *sql = open_sql(folder);
	struct error err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sql_rows *rows = NULL;

		assert_int_equal(sql_select(sql, &rows, &err, "SELECT * FROM t ORDER BY a", ""), 0);
		assert_int_equal(sql_rows_next(rows, &err), 1);
		assert_string_equal(sql_rows_text(rows, i == 0 ? 1 : 2), i == 0 ? "x" : "new");
		sql_rows_end(&rows);
		assert_int_equal(sql_begin(sql, &err), 0);
		if (i == 0)
			assert_int_equal(sql_script(sql, "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'new'", &err), 0);
		else
			assert_int_equal(sql_script(sql, "DROP TABLE t", &err), 0);
		assert_int_equal(sql_commit(sql, &err), 0);
	}
	sql_close(&sql);
	(void)scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_statement_is_used_while_it_is_used),
		cmocka_unit_test(other_words_at_the_same_address_are_another_statement),
		cmocka_unit_test(what_failed_is_of_use_again_and_forgets_its_values),
		cmocka_unit_test(nothing_kept_is_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
