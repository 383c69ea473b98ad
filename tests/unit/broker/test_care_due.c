/* When a vault is looked after: in the night, or by day if there was none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "broker/care_due.h"

#define HOUR 3600
#define DAY (24 * HOUR)

static void in_the_night_or_by_day_if_there_was_none(void **state)
{
	static const struct {
		struct care_clock clock;
		bool due;
	} rows[] = {
		/* never */
		{ { .now_s = 900 * DAY, .minute = 180 }, false },
		/* once a night */
		{ { .now_s = DAY, .every_s = 30 * DAY, .minute = 180 }, true },
		{ { .now_s = 4 * HOUR, .every_s = 30 * DAY, .minute = 300 }, false },
		{ { .now_s = 20 * HOUR, .every_s = 30 * DAY, .minute = 61 }, true },
		{ { .now_s = DAY, .every_s = 30 * DAY, .minute = 59 }, false },
		{ { .now_s = DAY, .every_s = 30 * DAY, .minute = 360 }, false },
		/* the machine was off at night */
		{ { .now_s = 41 * HOUR, .every_s = 30 * DAY, .minute = 720 }, false },
		{ { .now_s = 42 * HOUR, .every_s = 30 * DAY, .minute = 720 }, true },
		/* in less than a day */
		{ { .now_s = HOUR - 1, .every_s = HOUR, .minute = 720 }, false },
		{ { .now_s = HOUR, .every_s = HOUR, .minute = 720 }, true },
		/* all at once: in the first night … */
		{ { .now_s = HOUR, .every_s = 30 * DAY, .minute = 180, .at_once = true, .never = true }, true },
		{ { .now_s = HOUR, .every_s = 30 * DAY, .minute = 720, .at_once = true, .never = true }, false },
		{ { .now_s = 42 * HOUR, .every_s = 30 * DAY, .minute = 720, .at_once = true, .never = true }, true },
		/* … then when so long has gone by … */
		{ { .now_s = 29 * DAY, .every_s = 30 * DAY, .minute = 180, .at_once = true }, false },
		{ { .now_s = 30 * DAY, .every_s = 30 * DAY, .minute = 180, .at_once = true }, true },
		{ { .now_s = 30 * DAY, .every_s = 30 * DAY, .minute = 720, .at_once = true }, false },
		{ { .now_s = 31 * DAY, .every_s = 30 * DAY, .minute = 720, .at_once = true }, true },
		{ { .now_s = 60, .every_s = 60, .minute = 720, .at_once = true }, true },
		/* … and each night while something is wrong */
		{ { .now_s = 20 * HOUR, .every_s = 30 * DAY, .minute = 180, .at_once = true, .bad = true }, true },
		{ { .now_s = HOUR, .every_s = 30 * DAY, .minute = 180, .at_once = true, .bad = true }, false },
		/* the clock was set back */
		{ { .since_s = 900 * DAY, .now_s = DAY, .every_s = 30 * DAY, .minute = 720 }, false },
		{ { .since_s = 900 * DAY, .now_s = DAY, .every_s = 30 * DAY, .minute = 180 }, true },
		{ { .since_s = 900 * DAY, .now_s = DAY, .every_s = HOUR, .minute = 720 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(care_due(&rows[i].clock), rows[i].due);
}

static void what_failed_is_held_for_an_hour_at_most(void **state)
{
	static const struct {
		struct care_clock clock;
		int64_t failed_s;
		bool held;
	} rows[] = {
		{ { .now_s = 10 * HOUR, .every_s = DAY }, 10 * HOUR, true },
		{ { .now_s = 11 * HOUR - 1, .every_s = DAY }, 10 * HOUR, true },
		{ { .now_s = 11 * HOUR, .every_s = DAY }, 10 * HOUR, false },
		{ { .now_s = 10 * HOUR + 3, .every_s = 4 }, 10 * HOUR, true },
		{ { .now_s = 10 * HOUR + 4, .every_s = 4 }, 10 * HOUR, false },
		{ { .now_s = 10 * HOUR - 1, .every_s = DAY }, 10 * HOUR, false }, /* the clock was set back */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(care_due_held(&rows[i].clock, rows[i].failed_s), rows[i].held);
}

/* Asked each ten minutes for two years, where the clocks are set forth in March and back in October. */
static void the_nights_in_which_the_clocks_change_are_nights_like_others(void **state)
{
	const int64_t begin_s = 20454 * (int64_t)DAY; /* 2026-01-01, UTC */
	struct care_clock clock = { .since_s = begin_s - DAY, .every_s = 30 * DAY };
	int done = 0;
	int changes = 0;
	long offset_s = 3600;

	(void)state;
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	for (int64_t now_s = begin_s; now_s < begin_s + 730 * (int64_t)DAY; now_s += 600) {
		time_t now = (time_t)now_s;
		struct tm local;

		assert_non_null(localtime_r(&now, &local));
		changes += local.tm_gmtoff != offset_s;
		offset_s = local.tm_gmtoff;
		clock.now_s = now_s;
		clock.minute = (unsigned)(local.tm_hour * 60 + local.tm_min);
		if (!care_due(&clock))
			continue;
		assert_in_range(local.tm_hour, 1, 5);
		clock.since_s = now_s;
		done++;
	}
	assert_int_equal(changes, 4);
	assert_int_equal(done, 730);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_night_or_by_day_if_there_was_none),
		cmocka_unit_test(what_failed_is_held_for_an_hour_at_most),
		cmocka_unit_test(the_nights_in_which_the_clocks_change_are_nights_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
