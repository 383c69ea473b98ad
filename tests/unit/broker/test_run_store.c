/* What was committed is there after SIGKILL; what was not, is not; nobody else gets in meanwhile. Real SQLite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/history.h"
#include "broker/run_store.h"
#include "broker/sql.h"
#include "tests/unit/scratch.h"

static char folder[200];
static char path[256];

static int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "store") != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/state.db", folder);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "state.db", "state.db-wal", "state.db-shm", "state.db.lock",
		                             "state.db.version-1" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[300];

		(void)snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
		(void)unlink(name);
	}
	return rmdir(folder);
}

static struct run_store *open_store(void)
{
	struct run_store *store = NULL;
	struct error err;

	if (run_store_open(path, &store, &err) != 0)
		fail_msg("%s", err.text);
	return store;
}

static struct run_record record_of(const char *run, const char *pipeline)
{
	struct run_record record = { .whole = true, .trigger = TRIGGER_IDLE, .started_at = 1000, .n_steps = 2 };

	(void)snprintf(record.run, sizeof(record.run), "%s", run);
	(void)snprintf(record.pipeline, sizeof(record.pipeline), "%s", pipeline);
	(void)snprintf(record.steps[0].service, sizeof(record.steps[0].service), "snapshot");
	(void)snprintf(record.steps[1].service, sizeof(record.steps[1].service), "transfer");
	return record;
}

static void insert(struct run_store *store, const char *run, const char *pipeline)
{
	struct run_record record = record_of(run, pipeline);
	struct error err;

	assert_int_equal(run_store_begin(store, &err), 0);
	assert_int_equal(run_store_insert(store, &record, "{\"source\":\"/x\"}", &err), 0);
	assert_int_equal(run_store_commit(store, &err), 0);
}

struct seen {
	unsigned n;
	struct run_record last;
	char config[64];
	struct error error;
};

static int look(void *cookie, const struct run_record *record, const char *config_json, const struct error *last_error,
                struct error *err)
{
	struct seen *seen = cookie;

	(void)err;
	seen->n++;
	seen->last = *record;
	seen->error = *last_error;
	(void)snprintf(seen->config, sizeof(seen->config), "%s", config_json);
	return 0;
}

static void a_run_is_found_again_with_its_configuration(void **state)
{
	struct run_store *store = open_store();
	struct run_record record = record_of("r1", "photos");
	struct seen seen = { 0 };
	struct error err;
	struct error why = { .class = ERR_NONE };

	(void)state;
	insert(store, "r1", "photos");
	record.steps[0] = (struct run_step){ "snapshot", STEP_OK, 1, 0, 0, false };
	record.steps[1] = (struct run_step){ "transfer", STEP_RETRY_WAIT, 3, 2, 1, true };
	(void)error_set(&why, ERR_LINK, "no route");
	assert_int_equal(run_store_step(store, &record, 0, NULL, &err), 0);
	assert_int_equal(run_store_step(store, &record, 1, &why, &err), 0);
	assert_int_equal(run_store_cancelling(store, "r1", &err), 0);
	run_store_close(&store);
	store = open_store();
	assert_int_equal(run_store_running(store, look, &seen, &err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.last.pipeline, "photos");
	assert_true(seen.last.whole && seen.last.cancelling);
	assert_int_equal(seen.last.trigger, TRIGGER_IDLE);
	assert_int_equal(seen.last.n_steps, 2);
	assert_int_equal(seen.last.steps[0].state, STEP_OK);
	assert_int_equal(seen.last.steps[1].state, STEP_RETRY_WAIT);
	assert_int_equal(seen.last.steps[1].attempt, 3);
	assert_int_equal(seen.last.steps[1].failures, 2);
	assert_int_equal(seen.last.steps[1].losses, 1);
	assert_true(seen.last.steps[1].under_way && !seen.last.steps[0].under_way);
	assert_int_equal(seen.error.class, ERR_LINK);
	assert_string_equal(seen.error.text, "no route");
	assert_string_equal(seen.config, "{\"source\":\"/x\"}");
	run_store_close(&store);
}

static void a_pipeline_has_one_run_at_a_time(void **state)
{
	struct run_store *store = open_store();
	struct run_record second = record_of("r2", "photos");
	struct seen seen = { 0 };
	struct error err;

	(void)state;
	insert(store, "r1", "photos");
	assert_int_equal(run_store_begin(store, &err), 0);
	assert_int_equal(run_store_insert(store, &second, "{}", &err), -1);
	run_store_rollback(store);
	assert_int_equal(run_store_end(store, "r1", RUN_OK, 2000, NULL, &err), 0);
	insert(store, "r2", "photos");
	assert_int_equal(run_store_running(store, look, &seen, &err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.last.run, "r2");
	run_store_close(&store);
}

/* The child acknowledges run A after its commit, then is killed with run B written but not committed. */
static void killed_in_mid_change_only_the_acknowledged_is_there(void **state)
{
	struct run_store *store = NULL;
	struct seen seen = { 0 };
	struct error err;
	int told[2];
	char byte = 0;
	pid_t child;

	(void)state;
	for (int round = 0; round < 5; round++) {
		assert_int_equal(pipe(told), 0);
		child = fork();
		if (child == 0) {
			struct run_record b = record_of("b", "docs");
			char run[32];

			store = open_store();
			(void)snprintf(run, sizeof(run), "a%d", round);
			insert(store, run, run);
			if (run_store_begin(store, &err) != 0 || run_store_insert(store, &b, "{}", &err) != 0 ||
			    write(told[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				(void)pause();
		}
		(void)close(told[1]);
		assert_int_equal(read(told[0], &byte, 1), 1);
		(void)close(told[0]);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		store = open_store();
		seen = (struct seen){ 0 };
		assert_int_equal(run_store_running(store, look, &seen, &err), 0);
		assert_int_equal(seen.n, round + 1);
		assert_true(seen.last.run[0] == 'a');
		run_store_close(&store);
	}
}

static void a_second_broker_is_refused_and_told_who_has_it(void **state)
{
	struct run_store *store = NULL;
	struct error err;
	char expected[32];
	int told[2];
	char byte = 0;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(told), 0);
	child = fork();
	if (child == 0) {
		store = open_store();
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(run_store_open(path, &store, &err), -1);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)close(told[0]);
	(void)close(told[1]);
	assert_int_equal(err.class, ERR_LOCKED);
	assert_int_equal(error_exit(err.class), 75);
	(void)snprintf(expected, sizeof(expected), "process %d", (int)child);
	assert_non_null(strstr(err.text, expected));
	store = open_store(); /* a dead broker locks nobody out */
	run_store_close(&store);
}

static void a_damaged_store_is_refused_with_the_remedy(void **state)
{
	struct run_store *store = open_store();
	struct error err;
	char rubbish[4096];
	int fd;

	(void)state;
	insert(store, "r1", "photos");
	run_store_close(&store);
	memset(rubbish, 0xa5, sizeof(rubbish));
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), 4096), sizeof(rubbish));
	(void)close(fd);
	assert_int_equal(run_store_open(path, &store, &err), -1);
	assert_null(store);
	assert_int_equal(err.class, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "aside"));
}

static void a_newer_store_is_refused(void **state)
{
	struct run_store *store = open_store();
	struct error err;

	(void)state;
	assert_int_equal(sql_script(run_store_sql(store), "PRAGMA user_version = 99", &err), 0);
	run_store_close(&store);
	assert_int_equal(run_store_open(path, &store, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "99"));
}

/* A store as version 1 made it, with a run in flight and a generation. */
static void make_version_1(void)
{
	static const char rows[] =
	        "INSERT INTO runs VALUES (7, 'r7', 'photos', 'whole', 'idle', 0, 0, 'running', '{}', 5, NULL, NULL, "
	        "NULL);"
	        "INSERT INTO steps VALUES ('r7', 0, 'transfer', 'working', 3, 2, 1, NULL, NULL, NULL);"
	        "INSERT INTO attempts VALUES ('r7', 0, 3, 'w', 'h', 6, NULL, 'working', NULL, NULL);"
	        "INSERT INTO generations VALUES ('photos', 'g', 'r1', 'quiet', 1, 2, 3, 4, 5, 6, 'dad', 9, 'u', 's', "
	        "0);"
	        "INSERT INTO pauses VALUES ('photos', 4);"
	        "INSERT INTO last_events (topic, body) VALUES ('aob.photos.run.started', '{}');"
	        "PRAGMA user_version = 1;";
	char text[16384];
	FILE *file = fopen("tests/unit/broker/store_1.sql", "re");
	struct sql *sql = NULL;
	struct error err;
	size_t n;

	assert_non_null(file); /* tests run in the repository's root */
	n = fread(text, 1, sizeof(text) - 1, file);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	(void)fclose(file);
	assert_int_equal(sql_open(path, &sql, &err), 0);
	assert_int_equal(sql_script(sql, text, &err), 0);
	assert_int_equal(sql_script(sql, rows, &err), 0);
	sql_close(&sql);
}

static void tables_of(struct sql *sql, char *out, size_t size)
{
	struct sql_rows *rows = NULL;
	struct error err;

	out[0] = '\0';
	assert_int_equal(sql_select(sql, &rows, &err,
	                            "SELECT name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
	                            ""),
	                 0);
	while (sql_rows_next(rows, &err) == 1)
		(void)snprintf(out + strlen(out), size - strlen(out), "%s\n", sql_rows_text(rows, 0));
	sql_rows_end(&rows);
}

static void an_older_store_becomes_todays_with_all_that_is_in_it(void **state)
{
	static char fresh[16384];
	static char upgraded[16384];
	struct history_generation anchor;
	struct run_store *store = open_store();
	struct seen seen = { 0 };
	struct error err;

	tables_of(run_store_sql(store), fresh, sizeof(fresh));
	run_store_close(&store);
	(void)tear_down(state);
	(void)set_up(state);
	make_version_1();
	for (int times = 0; times < 2; times++) {
		store = open_store();
		tables_of(run_store_sql(store), upgraded, sizeof(upgraded));
		assert_string_equal(upgraded, fresh);
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(run_store_running(store, look, &seen, &err), 0);
		assert_int_equal(seen.n, 1);
		assert_string_equal(seen.last.run, "r7");
		assert_int_equal(seen.last.steps[0].attempt, 3);
		assert_false(seen.last.steps[0].under_way);
		assert_int_equal(history_paused(store, "photos", &err), 1);
		assert_int_equal(history_anchor(store, "photos", &anchor, &err), 1);
		assert_string_equal(anchor.snapshot_uuid, "u");
		run_store_close(&store);
	}
	store = open_store();
	assert_int_equal(run_store_end(store, "r7", RUN_SUPERSEDED, 9, NULL, &err), 0);
	assert_int_equal(history_give_up(store, "photos", "u", 9, &err), 0);
	assert_int_equal(history_anchor(store, "photos", &anchor, &err), 0);
	run_store_close(&store);
}

static int64_t number_in(const char *store_path, const char *query)
{
	struct sql_rows *rows = NULL;
	struct sql *sql = NULL;
	struct error err;
	int64_t number;

	if (sql_open(store_path, &sql, &err) != 0 || sql_select(sql, &rows, &err, query, "") != 0 ||
	    sql_rows_next(rows, &err) != 1)
		fail_msg("%s", err.text);
	number = sql_rows_integer(rows, 0);
	sql_rows_end(&rows);
	sql_close(&sql);
	return number;
}

static void an_older_store_is_kept_as_it_was_for_the_way_back(void **state)
{
	struct run_store *store = NULL;
	char copy[300];
	char half[310];
	struct stat st;
	int status = 0;
	pid_t child;

	(void)state;
	make_version_1();
	(void)snprintf(copy, sizeof(copy), "%s.version-1", path);
	(void)snprintf(half, sizeof(half), "%s.new", copy);
	child = fork();
	if (child == 0) {
		struct error err;

		(void)setenv("AOB_CRASH_POINT", "store-copied", 1);
		(void)run_store_open(path, &store, &err);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(number_in(path, "PRAGMA user_version"), 1);
	assert_int_equal(access(half, F_OK), 0);
	store = open_store();
	run_store_close(&store);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(number_in(copy, "PRAGMA user_version"), 1);
	assert_int_equal(number_in(copy, "SELECT count(*) FROM runs WHERE run = 'r7'"), 1);
	assert_int_equal(number_in(copy, "SELECT count(*) FROM generations"), 1);
	assert_int_equal(access(half, F_OK), -1);
	/* Of today's there is none. */
	assert_int_equal(unlink(copy), 0);
	store = open_store();
	run_store_close(&store);
	assert_int_equal(access(copy, F_OK), -1);
}

static int collect(void *cookie, const char *service, const char *result_json, struct error *err)
{
	char *out = cookie;

	(void)err;
	(void)snprintf(out + strlen(out), 200 - strlen(out), "%s=%s;", service, result_json);
	return 0;
}

static void results_come_back_in_order(void **state)
{
	struct run_store *store = open_store();
	char results[200] = "";
	struct error err;

	(void)state;
	insert(store, "r1", "photos");
	assert_int_equal(run_store_result(store, "r1", 1, "{\"b\":2}", &err), 0);
	assert_int_equal(run_store_result(store, "r1", 0, "{\"a\":1}", &err), 0);
	assert_int_equal(run_store_results(store, "r1", collect, results, &err), 0);
	assert_string_equal(results, "snapshot={\"a\":1};transfer={\"b\":2};");
	run_store_close(&store);
}

static void attempts_are_kept_bounded(void **state)
{
	struct run_store *store = open_store();
	char worker[128];
	char host[128];
	int64_t started_at = 0;
	struct error err;

	(void)state;
	insert(store, "r1", "photos");
	assert_int_equal(run_store_begin(store, &err), 0);
	for (unsigned attempt = 1; attempt <= RUN_ATTEMPTS_KEPT + 5; attempt++)
		assert_int_equal(run_store_attempt(store, "r1", 0, attempt, "w", "h", 7, &err), 0);
	assert_int_equal(run_store_attempt_end(store, "r1", 0, 105, 9, "ok", NULL, &err), 0);
	assert_int_equal(run_store_commit(store, &err), 0);
	assert_int_equal(run_store_attempt_worker(store, "r1", 0, 5, worker, host, &started_at, &err), 0);
	assert_int_equal(run_store_attempt_worker(store, "r1", 0, 6, worker, host, &started_at, &err), 1);
	assert_string_equal(worker, "w");
	assert_int_equal(started_at, 7);
	run_store_close(&store);
}

static struct history_generation generation_of(const char *pipeline, const char *name, const char *run)
{
	struct history_generation g = { .taken_at = 10, .published_at = 20, .files = 3, .bytes = 4, .ctransid = 55 };

	(void)snprintf(g.pipeline, sizeof(g.pipeline), "%s", pipeline);
	(void)snprintf(g.generation, sizeof(g.generation), "%s", name);
	(void)snprintf(g.run, sizeof(g.run), "%s", run);
	return g;
}

static void the_last_good_generation_is_the_newest_not_pruned(void **state)
{
	static const char *const names[] = { "2026-11-23T05-36-00Z", "2026-11-24T05-36-00Z", "2026-11-22T05-36-00Z" };
	struct run_store *store = open_store();
	struct history_generation found;
	struct error err;

	(void)state;
	assert_int_equal(history_last_good(store, "photos", &found, &err), 0);
	for (size_t i = 0; i < 3; i++) {
		struct history_generation g = generation_of("photos", names[i], "r1");

		assert_int_equal(history_publish(store, &g, &err), 0);
		g.published_at = 99999; /* told a second time: the first date stays */
		assert_int_equal(history_publish(store, &g, &err), 0);
	}
	assert_int_equal(history_last_good(store, "photos", &found, &err), 1);
	assert_string_equal(found.generation, names[1]);
	assert_int_equal(found.published_at, 20);
	assert_int_equal(found.ctransid, 55);
	assert_int_equal(history_prune(store, "photos", names[1], &err), 1);
	assert_int_equal(history_prune(store, "photos", names[1], &err), 0);
	assert_int_equal(history_prune(store, "photos", "none", &err), 0);
	assert_int_equal(history_last_good(store, "photos", &found, &err), 1);
	assert_string_equal(found.generation, names[0]);
	run_store_close(&store);
}

static void keep_day(void *cookie, const struct history_day *day)
{
	struct history_day *days = cookie;

	while (days->generations != 0)
		days++;
	*days = *day;
}

static void days_count_all_their_generations(void **state)
{
	struct history_day days[8] = { { .generations = 0 } };
	struct run_store *store = open_store();
	struct error err;

	(void)state;
	for (int hour = 0; hour < 30; hour++) {
		char name[32];
		struct history_generation g;

		(void)snprintf(name, sizeof(name), "g%02d", hour);
		g = generation_of("photos", name, "r1");
		g.published_at = 10 * 86400 + hour * 3600;
		g.literal_bytes = 1;
		g.wire_sent = 2;
		g.bytes = 100 + hour;
		assert_int_equal(history_publish(store, &g, &err), 0);
		if (hour != 29)
			assert_int_equal(history_prune(store, "photos", name, &err), 1);
	}
	assert_int_equal(history_days(store, "photos", keep_day, days, &err), 0);
	assert_int_equal(days[0].day, 11);
	assert_int_equal(days[0].generations, 6);
	assert_int_equal(days[0].bytes, 129);
	assert_int_equal(days[1].day, 10);
	assert_int_equal(days[1].generations, 24);
	assert_int_equal(days[1].literal_bytes, 24);
	assert_int_equal(days[1].wire_sent, 48);
	assert_int_equal(days[1].bytes, 123); /* of its newest */
	assert_int_equal(days[2].generations, 0);
	run_store_close(&store);
}

static void count_one(void *cookie, const struct history_generation *generation)
{
	int64_t *n = cookie;

	(void)generation;
	(*n)++;
}

static void a_list_tells_how_many_are_too_many_for_it(void **state)
{
	struct run_store *store = open_store();
	int64_t left_out = -1;
	int64_t n = 0;
	struct error err;

	(void)state;
	assert_int_equal(run_store_begin(store, &err), 0);
	for (int i = 0; i < HISTORY_ROWS_MAX + 5; i++) {
		char name[32];
		struct history_generation g;

		(void)snprintf(name, sizeof(name), "g%04d", i);
		g = generation_of(i % 2 == 0 ? "photos" : "music", name, "r1");
		assert_int_equal(history_publish(store, &g, &err), 0);
		if (i < 2)
			assert_int_equal(history_prune(store, g.pipeline, name, &err), 1);
	}
	assert_int_equal(run_store_commit(store, &err), 0);
	assert_int_equal(history_generations(store, NULL, count_one, &n, &left_out, &err), 0);
	assert_int_equal(n, HISTORY_ROWS_MAX);
	assert_int_equal(left_out, 3);
	assert_int_equal(history_generations(store, "photos", count_one, &n, &left_out, &err), 0);
	assert_int_equal(left_out, 0);
	for (int i = 2; i < 5; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "g%04d", i);
		assert_int_equal(history_prune(store, i % 2 == 0 ? "photos" : "music", name, &err), 1);
	}
	/* What is cut of those that are gone is none of a vault's. */
	assert_int_equal(history_generations(store, NULL, count_one, &n, &left_out, &err), 0);
	assert_int_equal(left_out, 0);
	run_store_close(&store);
}

static int note_gone(void *cookie, const char *generation, struct error *err)
{
	char *names = cookie;

	(void)err;
	(void)strncat(names, generation, 99 - strlen(names));
	return 0;
}

/* Whose answer was lost has still removed it; somebody has removed it by hand; the disk is another one; the first disk is back. */
static void the_store_says_what_the_vault_has(void **state)
{
	struct run_store *store = open_store();
	struct history_generation found;
	char names[100] = "";
	struct error err;

	(void)state;
	for (char name[] = "a"; name[0] < 'e'; name[0]++) {
		struct history_generation g = generation_of("photos", name, "r1");
		struct history_generation other = generation_of("films", name, "r2");

		assert_int_equal(history_publish(store, &g, &err), 0);
		assert_int_equal(history_publish(store, &other, &err), 0);
	}
	assert_int_equal(history_prune(store, "photos", "a", &err), 1);
	assert_int_equal(history_vault_has(store, "photos", "[\"c\",\"x\"]", note_gone, names, &err), 0);
	assert_string_equal(names, "bd");
	assert_int_equal(history_last_good(store, "photos", &found, &err), 1);
	assert_string_equal(found.generation, "c");
	names[0] = '\0';
	assert_int_equal(history_vault_has(store, "photos", "[\"a\",\"c\",\"d\"]", note_gone, names, &err), 0);
	assert_string_equal(names, "");
	assert_int_equal(history_last_good(store, "photos", &found, &err), 1);
	assert_string_equal(found.generation, "d");
	assert_int_equal(history_prune(store, "photos", "a", &err), 1); /* it was back */
	assert_int_equal(history_vault_has(store, "photos", "[]", note_gone, names, &err), 0);
	assert_string_equal(names, "cd");
	assert_int_equal(history_last_good(store, "photos", &found, &err), 0);
	assert_int_equal(history_last_good(store, "films", &found, &err), 1);
	assert_int_equal(history_vault_has(store, "films", "no JSON", note_gone, names, &err), -1);
	run_store_close(&store);
}

static void pauses_and_clocks_survive(void **state)
{
	struct run_store *store = open_store();
	struct history_watch watch = { "active", "written", 5, 6, 7 };
	struct error err;

	(void)state;
	assert_int_equal(history_paused(store, "photos", &err), 0);
	assert_int_equal(history_pause(store, "photos", true, 1, &err), 0);
	assert_int_equal(history_watch_save(store, "photos", &watch, &err), 0);
	run_store_close(&store);
	store = open_store();
	watch = (struct history_watch){ .since = 0 };
	assert_int_equal(history_paused(store, "photos", &err), 1);
	assert_int_equal(history_watch(store, "photos", &watch, &err), 1);
	assert_string_equal(watch.state, "active");
	assert_int_equal(watch.since, 5);
	assert_int_equal(history_pause(store, "photos", false, 1, &err), 0);
	assert_int_equal(history_paused(store, "photos", &err), 0);
	run_store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_is_found_again_with_its_configuration, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pipeline_has_one_run_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_in_mid_change_only_the_acknowledged_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_broker_is_refused_and_told_who_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_store_is_refused_with_the_remedy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_newer_store_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_older_store_becomes_todays_with_all_that_is_in_it, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(an_older_store_is_kept_as_it_was_for_the_way_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(results_come_back_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attempts_are_kept_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_last_good_generation_is_the_newest_not_pruned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(days_count_all_their_generations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_list_tells_how_many_are_too_many_for_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_store_says_what_the_vault_has, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pauses_and_clocks_survive, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
