/* What is forgotten, and what never is. Years of a fleet pass in a real store; the date is an argument.
 *
 * FLEET=1000: with so many pipelines, and the sizes are told (tests/bench/fleet). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "broker/history.h"
#include "broker/history_trim.h"
#include "broker/sql.h"
#include "tests/unit/scratch.h"

#define DAY_S INT64_C(86400)
#define BEGIN_S INT64_C(1700000000)
#define YEARS_DAYS 1095
#define VAULT_HAS 30 /* generations that its pruner leaves */

static char folder[200];
static char path[256];
static struct run_store *store;
static struct error err;

static int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "trim") != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/state.db", folder);
	if (run_store_open(path, &store, &err) != 0)
		return -1;
	/* What a power cut leaves is tested elsewhere; here a thousand days pass. */
	return sql_script(run_store_sql(store), "PRAGMA synchronous=OFF", &err);
}

static int tear_down(void **state)
{
	(void)state;
	run_store_close(&store);
	return scratch_remove(folder);
}

static int64_t number(const char *text)
{
	struct sql_rows *rows = NULL;
	int64_t found;

	assert_int_equal(sql_select(run_store_sql(store), &rows, &err, text, ""), 0);
	assert_int_equal(sql_rows_next(rows, &err), 1);
	found = sql_rows_integer(rows, 0);
	sql_rows_end(&rows);
	return found;
}

static bool has_run(const char *run)
{
	struct history_run found;

	return history_run(store, run, &found, &err) == 1;
}

static void insert(const char *run, const char *pipeline, int64_t at, bool care, const char *config)
{
	struct run_record record = {
		.whole = !care, .care = care, .trigger = TRIGGER_IDLE, .started_at = at, .n_steps = care ? 1 : 3
	};
	static const char *const services[] = { "snapshot", "transfer", "prune" };

	(void)snprintf(record.run, sizeof(record.run), "%s", run);
	(void)snprintf(record.pipeline, sizeof(record.pipeline), "%s", pipeline);
	for (size_t i = 0; i < record.n_steps; i++)
		(void)snprintf(record.steps[i].service, sizeof(record.steps[i].service), "%s",
		               care ? "verify" : services[i]);
	assert_int_equal(run_store_insert(store, &record, config, &err), 0);
	for (size_t i = 0; i < record.n_steps; i++)
		assert_int_equal(run_store_attempt(store, run, i, 1, "worker-of-the-nas-4711", "nas", at, &err), 0);
}

static void end(const char *run, int64_t at, enum run_state state)
{
	struct error why;

	(void)error_set(&why, ERR_INPUT, "as a test wants it");
	assert_int_equal(run_store_end(store, run, state, at, state == RUN_OK ? NULL : &why, &err), 0);
}

static void add(const char *run, const char *pipeline, int64_t at, enum run_state state, bool care, const char *config)
{
	insert(run, pipeline, at, care, config);
	end(run, at + 60, state);
}

static void publish(const char *run, const char *pipeline, const char *name, int64_t at)
{
	struct history_generation g = { .taken_at = at,
		                        .published_at = at,
		                        .files = 1000,
		                        .bytes = 1000000,
		                        .literal_bytes = 1000,
		                        .ctransid = at };

	(void)snprintf(g.pipeline, sizeof(g.pipeline), "%s", pipeline);
	(void)snprintf(g.generation, sizeof(g.generation), "%s", name);
	(void)snprintf(g.run, sizeof(g.run), "%s", run);
	(void)snprintf(g.vault, sizeof(g.vault), "dad");
	(void)snprintf(g.snapshot_uuid, sizeof(g.snapshot_uuid), "00000000-0000-4000-8000-000000000000");
	memset(g.root, 'a', sizeof(g.root) - 1);
	g.root[sizeof(g.root) - 1] = '\0';
	assert_int_equal(history_publish(store, &g, &err), 0);
}

static void pass(int64_t now, struct history_trim_keep keep)
{
	struct history_trim at = { .seq = 0 };
	int rc;

	while ((rc = history_trim(store, now, &keep, &at, &err)) == 1)
		;
	assert_int_equal(rc, 0);
	assert_int_equal(at.seq, 0);
	assert_false(at.runs_done);
}

/* ---- years of a fleet */

static const char config_json[] =
        "{\"pipeline\":\"p\",\"source\":\"/volume1/"
        "photos\",\"vault\":{\"name\":\"dad\",\"ssh\":\"backup@dad.example.net\",\"root\":\"/volume1/offsite\","
        "\"identity\":\"/etc/aob/keys/"
        "vault\",\"compression\":\"auto\",\"rates\":[{\"from\":0,\"to\":360,\"bytes_per_s\":2000000}]},\"stages\":[{"
        "\"service\":"
        "\"snapshot\",\"with\":{\"driver\":\"btrfs\"}},{\"service\":\"transfer\",\"with\":{\"exclude\":[\"@eaDir\",\"#"
        "recycle\"]}},{\"service\":\"prune\","
        "\"with\":{\"last\":3,\"daily\":14,\"weekly\":8}}],\"rest\":{\"ctransid\":4711,\"source_uuid\":\"00000000-0000-"
        "4000-8000-000000000000\",\"macs\":[]}}";
static const char result_json[] =
        "{\"generation\":\"2026-11-23T05-36-00Z\",\"vault_id\":\"0123456789abcdef\",\"base\":\"2026-11-22T05-36-00Z\","
        "\"files\":150000,\"bytes\":1000000000,"
        "\"changed_files\":20,\"literal_bytes\":1000000,\"matched_bytes\":1000000,\"wire_sent\":1000000,\"wire_"
        "received\":10000,\"seconds\":20,"
        "\"changes\":{\"whole\":true,\"removed\":0,\"moved\":0,\"new\":20,\"changed\":0,\"metadata\":0,\"in_new_"
        "folders\":0,\"left_out\":18,\"entries\":["
        "{\"kind\":\"new\",\"path\":\"album/IMG_0001.jpg\",\"bytes\":100000},{\"kind\":\"new\",\"path\":\"album/"
        "IMG_0002.jpg\",\"bytes\":100000}]}}";

static void a_day(int pipelines, int day)
{
	int64_t at = BEGIN_S + day * DAY_S;

	assert_int_equal(run_store_begin(store, &err), 0);
	for (int p = 0; p < pipelines; p++) {
		char pipeline[16];
		char run[RUN_ID_SIZE];
		char name[32];

		(void)snprintf(pipeline, sizeof(pipeline), "p%04d", p);
		(void)snprintf(run, sizeof(run), "20261123T0536-%04d-%04d", day, p);
		add(run, pipeline, at, RUN_OK, false, config_json);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(
			        run_store_result(store, run, i, i == 1 ? result_json : "{\"dry_run\":false}", &err), 0);
		(void)snprintf(name, sizeof(name), "g%04d", day);
		publish(run, pipeline, name, at);
		(void)snprintf(name, sizeof(name), "g%04d", day - VAULT_HAS);
		if (day >= VAULT_HAS)
			assert_int_equal(history_prune(store, pipeline, name, &err), 1);
	}
	assert_int_equal(run_store_commit(store, &err), 0);
}

static int64_t size_kib(void)
{
	struct stat status;
	struct stat wal;
	char name[300];

	(void)snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(stat(path, &status), 0);
	return (status.st_size + (stat(name, &wal) == 0 ? wal.st_size : 0)) / 1024;
}

static int64_t cpu_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void the_store_stops_growing(void **state)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
	const char *fleet = getenv("FLEET");
	int pipelines = fleet != NULL ? (int)strtol(fleet, NULL, 10) : 10;
	struct history_trim_keep keep = history_trim_keep(400 * DAY_S, (size_t)pipelines);
	int64_t full_kib = 0;
	int64_t worst_ms = 0;

	(void)state;
	for (int day = 0; day < YEARS_DAYS; day++) {
		int64_t before;

		a_day(pipelines, day);
		if (day % 5 != 4)
			continue;
		before = cpu_ms();
		pass(BEGIN_S + day * DAY_S, keep);
		worst_ms = cpu_ms() - before > worst_ms ? cpu_ms() - before : worst_ms;
		if (day == 404)
			full_kib = size_kib();
	}
	if (fleet != NULL)
		(void)printf("{\"pipelines\": %d, \"days\": %d, \"runs\": %lld, \"kib\": %lld, \"kib_at_404_days\": "
		             "%lld, \"pass_cpu_ms\": %lld}\n",
		             pipelines, YEARS_DAYS, (long long)number("SELECT count(*) FROM runs"),
		             (long long)size_kib(), (long long)full_kib, (long long)worst_ms);
	/* After the first 400 days not a twentieth is added, whatever came since. */
	assert_in_range(size_kib(), 1, full_kib + full_kib / 20);
	assert_int_equal(number("SELECT count(*) FROM runs"), pipelines * 401);
	assert_int_equal(number("SELECT count(*) FROM steps"), pipelines * 401 * 3);
	assert_int_equal(number("SELECT count(*) FROM attempts"), pipelines * 401 * 3);
	assert_int_equal(number("SELECT count(*) FROM generations"), pipelines * 401);
	assert_int_equal(number("SELECT count(*) FROM roots"), pipelines * 401);
	assert_int_equal(number("SELECT count(*) FROM generations WHERE pruned = 0"), pipelines * VAULT_HAS);
}

/* ---- what stays */

/* So that what is looked at is not among the newest, which stay anyhow. */
static void add_many(const char *pipeline, int64_t at, int n)
{
	static int number;

	assert_int_equal(run_store_begin(store, &err), 0);
	for (int i = 0; i < n; i++) {
		char run[RUN_ID_SIZE];

		(void)snprintf(run, sizeof(run), "many-%d", number++);
		add(run, pipeline, at, RUN_OK, false, "{}");
	}
	assert_int_equal(run_store_commit(store, &err), 0);
}

static void what_is_needed_stays_whatever_its_age(void **state)
{
	static const char resting[] = "{\"rest\":{\"ctransid\":7,\"source_uuid\":\"u\"}}";
	struct history_trim_keep keep = history_trim_keep(400 * DAY_S, 1);
	struct history_generation rest = { .ctransid = 0 };
	struct history_run last;

	(void)state;
	insert("in-flight", "slow", BEGIN_S, false, "{}");
	add("good", "photos", BEGIN_S, RUN_OK, false, "{}");
	publish("good", "photos", "g1", BEGIN_S);
	add("old-rest", "dumps", BEGIN_S, RUN_OK, false, resting);
	add("rest", "dumps", BEGIN_S, RUN_OK, false, resting);
	add("no-rest", "dumps", BEGIN_S, RUN_OK, false, "{}");
	add("rotten", "dumps", BEGIN_S, RUN_OK, false, "{\"rest\"[");
	add("newest", "dumps", BEGIN_S, RUN_OK, false, "{}");
	add("failed", "photos", BEGIN_S, RUN_FAILED, false, "{}");
	add("failed-again", "photos", BEGIN_S, RUN_FAILED, false, "{}");
	add("verified", "photos", BEGIN_S, RUN_OK, true, "{}");
	add("verified-again", "photos", BEGIN_S, RUN_OK, true, "{}");
	add("only", "paused", BEGIN_S, RUN_OK, false, "{}");
	add_many("photos", BEGIN_S + 900 * DAY_S, 600);
	pass(BEGIN_S + 900 * DAY_S, keep);
	assert_true(has_run("in-flight"));
	assert_true(has_run("good"));
	assert_true(has_run("rest"));
	assert_true(has_run("newest"));
	assert_true(has_run("failed-again"));
	assert_true(has_run("verified-again"));
	assert_true(has_run("only"));
	assert_false(has_run("old-rest"));
	assert_false(has_run("no-rest"));
	assert_false(has_run("rotten"));
	assert_false(has_run("failed"));
	assert_false(has_run("verified"));
	assert_int_equal(history_last_rest(store, "dumps", &rest, &err), 1);
	assert_int_equal(rest.ctransid, 7);
	assert_int_equal(history_last_run(store, "paused", &last, &err), 1);
	assert_string_equal(last.run, "only");
}

static void what_lies_in_the_vault_is_known_whatever_its_age(void **state)
{
	struct history_trim_keep keep = history_trim_keep(400 * DAY_S, 1);
	struct history_generation last;
	char root[65];

	(void)state;
	publish("r1", "photos", "g1", BEGIN_S);
	publish("r2", "photos", "g2", BEGIN_S);
	publish("r3", "photos", "g3", BEGIN_S);
	publish("r4", "films", "g1", BEGIN_S);
	assert_int_equal(history_prune(store, "photos", "g1", &err), 1);
	assert_int_equal(history_prune(store, "photos", "g3", &err), 1);
	pass(BEGIN_S + 399 * DAY_S, keep);
	assert_int_equal(number("SELECT count(*) FROM generations"), 4);
	pass(BEGIN_S + 401 * DAY_S, keep);
	assert_int_equal(number("SELECT count(*) FROM generations"), 2);
	assert_int_equal(number("SELECT count(*) FROM roots"), 2);
	assert_int_equal(history_last_good(store, "photos", &last, &err), 1);
	assert_string_equal(last.generation, "g2");
	assert_int_equal(history_root(store, "photos", "g2", root, &err), 0);
	assert_int_equal(strlen(root), 64);
	assert_int_equal(history_last_good(store, "films", &last, &err), 1);
}

/* A clock that jumped by centuries: the newest runs stay all the same. And a store full of them loses the oldest, however young. */
static void neither_a_clock_nor_a_flood_decides_alone(void **state)
{
	struct history_trim_keep keep = history_trim_keep(400 * DAY_S, 1);
	int64_t before;

	(void)state;
	add_many("photos", BEGIN_S, 1200);
	pass(INT64_C(9000000000), keep);
	assert_int_equal(number("SELECT count(*) FROM runs"), HISTORY_TRIM_RUNS / 10 + 1);
	before = number("SELECT max(seq) FROM runs");
	add_many("photos", BEGIN_S, HISTORY_TRIM_RUNS + 100);
	pass(BEGIN_S, keep);
	assert_int_equal(number("SELECT count(*) FROM runs"), HISTORY_TRIM_RUNS);
	assert_int_equal(number("SELECT min(seq) FROM runs"), before + 101);
	assert_int_equal(history_trim_keep(400 * DAY_S, 1000).runs, 500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_store_stops_growing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_needed_stays_whatever_its_age, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lies_in_the_vault_is_known_whatever_its_age, set_up, tear_down),
		cmocka_unit_test_setup_teardown(neither_a_clock_nor_a_flood_decides_alone, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
