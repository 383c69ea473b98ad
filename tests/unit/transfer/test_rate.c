#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transfer/rate.h"

static void without_windows_nothing_waits(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, NULL, 0, 1000);
	assert_int_equal(rate_take(&rate, 1 << 30, 1000, 0), 0);
	assert_int_equal(rate_now(&rate, 77), 0);
}

static void over_a_minute_the_rate_is_exact(void **state)
{
	const struct config_rate window = { 0, 0, 200000 };
	struct rate rate;
	int64_t now_ms = 5000;
	uint64_t sent = 0;

	(void)state;
	rate_init(&rate, &window, 1, now_ms);
	while (now_ms < 65000) {
		now_ms += (int64_t)rate_take(&rate, 65536, now_ms, 600);
		sent += 65536;
		now_ms += 1; /* a clock that moves */
	}
	/* 60 s at 200 kB/s, and at most a bucket and one piece beside it */
	assert_in_range(sent, 12000000 - 65536 - 50000, 12000000 + 65536 + 50000);
}

static void a_pause_is_not_made_up_for(void **state)
{
	const struct config_rate window = { 0, 0, 1000 };
	struct rate rate;

	(void)state;
	rate_init(&rate, &window, 1, 0);
	assert_int_equal(rate_take(&rate, 1000, 3600000, 0), 750);
}

static void the_first_window_that_holds_the_minute_counts(void **state)
{
	const struct config_rate windows[] = { { 22 * 60, 6 * 60, 0 }, { 8 * 60, 18 * 60, 100 }, { 0, 0, 500 } };
	static const struct {
		unsigned minute;
		uint64_t bytes_per_s;
	} rows[] = { { 23 * 60, 0 }, { 0, 0 }, { 359, 0 }, { 360, 500 }, { 480, 100 }, { 1079, 100 }, { 1080, 500 } };
	struct rate rate;

	(void)state;
	rate_init(&rate, windows, 3, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rate_now(&rate, rows[i].minute), rows[i].bytes_per_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_windows_nothing_waits),
		cmocka_unit_test(over_a_minute_the_rate_is_exact),
		cmocka_unit_test(a_pause_is_not_made_up_for),
		cmocka_unit_test(the_first_window_that_holds_the_minute_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
