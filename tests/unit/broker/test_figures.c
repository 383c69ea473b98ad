/* What the store keeps of ages, alarms, totals, room and speed; and a store of version 2 gets all that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/figures.h"
#include "broker/overdue.h"
#include "broker/sql.h"
#include "tests/unit/broker/store_back.h"
#include "tests/unit/scratch.h"

#define T INT64_C(1700000000)
#define DAY INT64_C(86400)

static char folder[200];
static struct run_store *store;
static struct error err;

static void reopen(void)
{
	char path[300];

	run_store_close(&store);
	(void)snprintf(path, sizeof(path), "%s/state.db", folder);
	if (run_store_open(path, &store, &err) != 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "figures") != 0)
		return -1;
	reopen();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run_store_close(&store);
	return scratch_remove(folder);
}

static void ages_and_the_clock_are_kept(void **state)
{
	struct steady_mark mark = { "boot", 1, 2, 3 };
	struct figures_age age;

	(void)state;
	assert_int_equal(figures_steady(store, &mark, &err), 0);
	assert_string_equal(mark.boot_id, "");
	mark = (struct steady_mark){ "boot", 1, 2, 3 };
	assert_int_equal(figures_steady_keep(store, &mark, &err), 0);
	mark.steady_s = 4;
	assert_int_equal(figures_steady_keep(store, &mark, &err), 0);
	assert_int_equal(figures_age(store, "p", &age, &err), 0);
	assert_true(age.good_s == OVERDUE_NOTHING);
	age = (struct figures_age){ .known_s = -5, .good_s = OVERDUE_NOTHING, .run = "r", .taken_s = 7 };
	assert_int_equal(figures_age_keep(store, "p", &age, &err), 0);
	reopen();
	assert_int_equal(figures_steady(store, &mark, &err), 1);
	assert_int_equal(mark.steady_s, 4);
	assert_string_equal(mark.boot_id, "boot");
	assert_int_equal(figures_age(store, "p", &age, &err), 1);
	assert_int_equal(age.known_s, -5);
	assert_true(age.good_s == OVERDUE_NOTHING);
	assert_string_equal(age.run, "r");
	assert_int_equal(age.taken_s, 7);
	age.good_s = -9;
	assert_int_equal(figures_age_keep(store, "p", &age, &err), 0);
	assert_int_equal(figures_age(store, "p", &age, &err), 1);
	assert_int_equal(age.good_s, -9);
}

static void an_alarm_keeps_its_beginning(void **state)
{
	struct figures_alarm alarms[FIGURES_ALARMS_MAX];
	struct figures_alarm alarm = { .kind = "overdue", .since = 5, .reason = "a" };
	size_t n;

	(void)state;
	assert_int_equal(figures_alarm_keep(store, "p", &alarm, &err), 0);
	alarm = (struct figures_alarm){ .kind = "overdue", .since = 9, .reason = "b" };
	assert_int_equal(figures_alarm_keep(store, "p", &alarm, &err), 0);
	alarm = (struct figures_alarm){ .kind = "failed", .since = 9, .reason = "c" };
	assert_int_equal(figures_alarm_keep(store, "p", &alarm, &err), 0);
	assert_int_equal(figures_alarm_keep(store, "q", &alarm, &err), 0);
	assert_int_equal(figures_alarms(store, "p", alarms, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(alarms[0].kind, "failed");
	assert_int_equal(alarms[1].since, 5);
	assert_string_equal(alarms[1].reason, "b");
	assert_int_equal(figures_alarm_drop(store, "p", "overdue", &err), 0);
	assert_int_equal(figures_alarms(store, "p", alarms, &n, &err), 0);
	assert_int_equal(n, 1);
}

static void totals_add_up(void **state)
{
	struct figures_totals totals = { 1, 0, 10, 20, 30, 40 };

	(void)state;
	assert_int_equal(figures_totals_add(store, "p", &totals, &err), 0);
	totals = (struct figures_totals){ 1, 1, 1, 2, 3, 4 };
	assert_int_equal(figures_totals_add(store, "p", &totals, &err), 0);
	assert_int_equal(figures_totals(store, "p", &totals, &err), 1);
	assert_int_equal(totals.runs, 2);
	assert_int_equal(totals.failed, 1);
	assert_int_equal(totals.literal_bytes, 11);
	assert_int_equal(totals.matched_bytes, 22);
	assert_int_equal(totals.wire_sent, 33);
	assert_int_equal(totals.wire_received, 44);
	assert_int_equal(figures_totals(store, "q", &totals, &err), 0);
	assert_int_equal(totals.runs, 0);
}

struct days {
	size_t n;
	struct figures_space first, last;
};

static void see_day(void *cookie, const struct figures_space *space)
{
	struct days *days = cookie;

	if (days->n++ == 0)
		days->first = *space;
	days->last = *space;
}

static struct days days_of(const char *place)
{
	struct days days = { .n = 0 };

	assert_int_equal(figures_space_days(store, "p", place, see_day, &days, &err), 0);
	return days;
}

static void room_is_kept_one_a_day_for_a_year_and_a_trend_is_of_a_month(void **state)
{
	struct days days;
	struct forecast_space trend;
	struct figures_space space = { 0, 0, 0 };

	(void)state;
	for (int64_t day = -400; day < 50; day++)
		for (int64_t hour = 0; hour < 3; hour++) {
			space = (struct figures_space){ T + day * DAY + hour * 3600, 1000 - day, 2000 };
			assert_int_equal(figures_space_add(store, "p", "vault", &space, &err), 0);
		}
	assert_int_equal(figures_space(store, "p", "vault", &space, &err), 1);
	assert_int_equal(space.measured_at, T + 49 * DAY + 7200);
	assert_int_equal(space.free_bytes, 951);
	assert_int_equal(figures_space(store, "p", "source", &space, &err), 0);
	assert_int_equal(figures_space_trend(store, "p", "vault", T + 49 * DAY + 7200, &trend, &err), 0);
	assert_in_range(trend.n, 30, FORECAST_SAMPLES_MAX);
	assert_int_equal(trend.samples[trend.n - 1].free_bytes, 951);
	assert_true(trend.samples[0].at_s < trend.samples[1].at_s);
	days = days_of("vault");
	assert_int_equal(days.n, FIGURES_SPACE_DAYS);
	assert_int_equal(days.first.measured_at,
	                 T - 349 * DAY + 3600); /* T is of 22:13, and the third of a day belongs to the next */
	assert_int_equal(days.last.free_bytes, 951);
	assert_int_equal(days_of("source").n, 0);
	/* One that is not set yet leaves all as it is. */
	space = (struct figures_space){ 86400, 7, 2000 };
	assert_int_equal(figures_space_add(store, "p", "vault", &space, &err), 0);
	assert_int_equal(days_of("vault").n, FIGURES_SPACE_DAYS);
	/* A clock that was ahead by years leaves nothing behind once it is right again. */
	space = (struct figures_space){ T + 5000 * DAY, 7, 2000 };
	assert_int_equal(figures_space_add(store, "p", "vault", &space, &err), 0);
	space = (struct figures_space){ T + 50 * DAY, 950, 2000 };
	assert_int_equal(figures_space_add(store, "p", "vault", &space, &err), 0);
	assert_int_equal(figures_space(store, "p", "vault", &space, &err), 1);
	assert_int_equal(space.free_bytes, 950);
	days = days_of("vault");
	assert_int_equal(days.n, FIGURES_SPACE_DAYS - 1); /* the one that the wrong clock made took the place of one */
	assert_int_equal(days.last.free_bytes, 950);
}

static void the_best_of_the_last_transfers_is_the_links_speed(void **state)
{
	int64_t speed;

	(void)state;
	assert_int_equal(figures_speed(store, "dad", &speed, &err), 0);
	assert_int_equal(figures_speed_add(store, "dad", 900, &err), 0);
	assert_int_equal(figures_speed_add(store, "mum", 5000, &err), 0);
	for (int i = 0; i < FIGURES_SPEEDS; i++) {
		assert_int_equal(figures_speed(store, "dad", &speed, &err), 1);
		assert_int_equal(speed, 900);
		assert_int_equal(figures_speed_add(store, "dad", 100 + i, &err), 0);
	}
	assert_int_equal(figures_speed(store, "dad", &speed, &err), 1);
	assert_int_equal(speed, 100 + FIGURES_SPEEDS - 1);
	assert_int_equal(figures_speed(store, "mum", &speed, &err), 1);
	assert_int_equal(speed, 5000);
}

static void publish(const char *name, int64_t at_s, int64_t literal_bytes)
{
	struct history_generation g = { .pipeline = "p", .run = "r", .state = "quiet", .vault = "v" };

	(void)snprintf(g.generation, sizeof(g.generation), "%s", name);
	g.taken_at = g.published_at = at_s;
	g.literal_bytes = literal_bytes;
	assert_int_equal(history_publish(store, &g, &err), 0);
}

static void the_first_copy_is_no_change(void **state)
{
	int64_t bytes;
	int64_t span_s;

	(void)state;
	assert_int_equal(figures_change(store, "p", T, &bytes, &span_s, &err), 0);
	publish("2026-01-01", T - 10 * DAY, 1000000);
	assert_int_equal(figures_change(store, "p", T, &bytes, &span_s, &err), 1);
	assert_int_equal(bytes, 0);
	assert_int_equal(span_s, 10 * DAY);
	publish("2026-01-02", T - 9 * DAY, 5);
	publish("2026-01-03", T - 1 * DAY, 7);
	publish("2026-01-04", T + 400 * DAY, 9); /* by a clock that was wrong */
	assert_int_equal(figures_change(store, "p", T, &bytes, &span_s, &err), 1);
	assert_int_equal(bytes, 12);
	assert_int_equal(span_s, 10 * DAY);
	/* Later only the last month counts. */
	assert_int_equal(figures_change(store, "p", T + 25 * DAY, &bytes, &span_s, &err), 1);
	assert_int_equal(bytes, 7);
	assert_int_equal(span_s, FORECAST_DAYS * DAY);
}

static void a_store_of_version_2_begins_to_count_with_what_it_knows(void **state)
{
	static const char back_to_2[] = STORE_BACK_TO_3
	        "DROP TABLE steady; DROP TABLE ages; DROP TABLE alarms; DROP TABLE totals; DROP TABLE space;"
	        "DROP TABLE link_speeds; DROP TABLE generation_macs; DROP TABLE watch_macs; PRAGMA user_version = 2;"
	        "INSERT INTO runs (run, pipeline, kind, \"trigger\", dry_run, state, config, started_at, ended_at)"
	        " VALUES ('a', 'p', 'whole', 'idle', 0, 'ok', '{}', 1, 2), ('b', 'p', 'whole', 'idle', 0, 'failed', "
	        "'{}', 1, 2),"
	        " ('c', 'p', 'stage', 'idle', 0, 'failed', '{}', 1, 2), ('d', 'p', 'whole', 'idle', 1, 'failed', '{}', "
	        "1, 2),"
	        " ('e', 'p', 'whole', 'idle', 0, 'deferred', '{}', 1, 2), ('f', 'q', 'whole', 'idle', 0, 'ok', '{}', "
	        "1, 2);";
	struct figures_totals totals;

	(void)state;
	publish("2026-01-01", T, 1000);
	publish("2026-01-02", T, 7);
	assert_int_equal(sql_script(run_store_sql(store), back_to_2, &err), 0);
	for (int times = 0; times < 2; times++) {
		reopen();
		assert_int_equal(figures_totals(store, "p", &totals, &err), 1);
		assert_int_equal(totals.runs, 2);
		assert_int_equal(totals.failed, 1);
		assert_int_equal(totals.literal_bytes, 1007);
		assert_int_equal(figures_totals(store, "q", &totals, &err), 1);
		assert_int_equal(totals.runs, 1);
	}
}

static void a_store_of_version_3_learns_what_is_held(void **state)
{
	char generation[HISTORY_TEXT_SIZE];
	struct figures_totals totals;

	(void)state;
	assert_int_equal(figures_totals_add(store, "p", &(struct figures_totals){ .runs = 5 }, &err), 0);
	assert_int_equal(sql_script(run_store_sql(store), STORE_BACK_TO_3, &err), 0);
	reopen();
	assert_int_equal(figures_totals(store, "p", &totals, &err), 1);
	assert_int_equal(totals.runs, 5); /* is not counted once more */
	assert_int_equal(figures_brake(store, "p", generation, &err), 0);
	assert_int_equal(figures_brake_keep(store, "p", "2026-01-01", &err), 0);
	assert_int_equal(figures_brake_keep(store, "p", "2026-01-02", &err), 0);
	reopen();
	assert_int_equal(figures_brake(store, "p", generation, &err), 1);
	assert_string_equal(generation, "2026-01-02");
	assert_int_equal(figures_brake(store, "q", generation, &err), 0);
	assert_int_equal(figures_brake_drop(store, "p", &err), 0);
	assert_int_equal(figures_brake(store, "p", generation, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ages_and_the_clock_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_alarm_keeps_its_beginning, set_up, tear_down),
		cmocka_unit_test_setup_teardown(totals_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(room_is_kept_one_a_day_for_a_year_and_a_trend_is_of_a_month, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(the_best_of_the_last_transfers_is_the_links_speed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_first_copy_is_no_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_of_version_3_learns_what_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_of_version_2_begins_to_count_with_what_it_knows, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
