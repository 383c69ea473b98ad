/* Ages go on through restarts, reboots and power-offs; a wall clock that jumps or was not set bends them by nothing but what it hides of an off time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/steady.h"

#define T INT64_C(1700000000) /* wall clock */
#define DAY INT64_C(86400)

static const struct steady_mark kept = { "boot-a", 1000, T, 5000 };

static void a_first_start_begins_at_nought(void **state)
{
	struct steady_mark none = { .boot_s = 0 };
	struct steady steady = steady_resume(&none, "boot-a", 777, T);

	(void)state;
	assert_int_equal(steady_now(&steady, 777, T), 0);
	assert_int_equal(steady_now(&steady, 787, T + 10), 10);
}

static void while_the_machine_is_up_no_wall_clock_counts(void **state)
{
	static const int64_t walls[] = { T, T + 60, 0, T - 20 * 365 * DAY, T + 20 * 365 * DAY };
	struct steady steady = steady_resume(&kept, "boot-a", 1500, T + 99 * DAY);

	(void)state;
	assert_int_equal(steady_now(&steady, 1500, T + 99 * DAY), 5500);
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++)
		assert_int_equal(steady_now(&steady, 1600, walls[i]), 5600);
	/* A process that starts anew in the same boot, whatever the wall clock says. */
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		struct steady_mark mark = steady_keep(&steady, 1700, walls[i]);
		struct steady again = steady_resume(&mark, "boot-a", 1800, walls[4 - i]);

		assert_int_equal(steady_now(&again, 1800, walls[i]), 5800);
	}
}

static void a_power_off_counts_by_the_wall_clock(void **state)
{
	struct steady steady = steady_resume(&kept, "boot-b", 20, T + 3 * DAY);

	(void)state;
	assert_int_equal(steady_now(&steady, 20, T + 3 * DAY), 5000 + 3 * DAY);
	assert_int_equal(steady_now(&steady, 80, T + 3 * DAY + 60), 5000 + 3 * DAY + 60);
	/* The same ID but an earlier clock is another boot, too. */
	steady = steady_resume(&kept, "boot-a", 20, T + 7);
	assert_int_equal(steady_now(&steady, 20, T + 7), 5007);
}

static void a_clock_that_was_not_set_is_made_up_for_once_it_is(void **state)
{
	/* Off for two days; the clock begins at 1970 and is set ten minutes later. */
	struct steady steady = steady_resume(&kept, "boot-b", 20, 100);

	(void)state;
	assert_int_equal(steady_now(&steady, 20, 100), 5000);
	assert_int_equal(steady_now(&steady, 320, 400), 5300);
	assert_int_equal(steady_now(&steady, 620, T + 2 * DAY), 5000 + 2 * DAY);
	assert_int_equal(steady_now(&steady, 630, T + 2 * DAY + 10), 5010 + 2 * DAY);
	/* Made up for once: later jumps do nothing. */
	assert_int_equal(steady_now(&steady, 640, T + 900 * DAY), 5020 + 2 * DAY);
}

static void a_clock_that_is_never_set_lets_the_next_boot_make_up(void **state)
{
	struct steady steady = steady_resume(&kept, "boot-b", 0, 100);
	struct steady_mark mark = steady_keep(&steady, 600, 700);
	struct steady next = steady_resume(&mark, "boot-c", 0, T + DAY);

	(void)state;
	assert_int_equal(mark.steady_s, 5600);
	assert_int_equal(mark.wall_s, T);
	assert_int_equal(steady_now(&next, 0, T + DAY), 5600 + DAY);
}

static void it_never_goes_back(void **state)
{
	struct steady steady = steady_resume(&kept, "boot-b", 500, T - 400 * DAY);
	int64_t last = steady_now(&steady, 500, T - 400 * DAY);

	(void)state;
	for (int64_t step = 1; step < 2000; step++) {
		int64_t wall = T + (step % 7 - 3) * 100 * DAY;
		int64_t now = steady_now(&steady, 500 + step, wall);

		assert_true(now > last);
		last = now;
	}
	assert_int_equal(steady_now(&steady, 0, T), steady_now(&steady, 500, T)); /* a clock before its beginning */
	steady = steady_resume(&kept, "boot-b", 0, INT64_C(1) << 50);             /* millions of years off */
	assert_int_equal(steady_now(&steady, 0, 0), 5000 + STEADY_OFF_MOST_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_start_begins_at_nought),
		cmocka_unit_test(while_the_machine_is_up_no_wall_clock_counts),
		cmocka_unit_test(a_power_off_counts_by_the_wall_clock),
		cmocka_unit_test(a_clock_that_was_not_set_is_made_up_for_once_it_is),
		cmocka_unit_test(a_clock_that_is_never_set_lets_the_next_boot_make_up),
		cmocka_unit_test(it_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
