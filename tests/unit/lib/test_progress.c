/* The line of the progress bar, at every width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/progress.h"

static const char *text(struct progress_bar bar, unsigned columns)
{
	static char line[512];

	return progress_text(&bar, columns, line, sizeof(line));
}

static void all_that_is_known_is_shown(void **state)
{
	(void)state;
	assert_string_equal(
	        text((struct progress_bar){ .label = "transfer",
	                                    .done = 500000000,
	                                    .total = 2000000000,
	                                    .rate_bps = 2000000,
	                                    .eta_s = 750 },
	             120),
	        "transfer [######..................]  25 %  500 MB of 2.00 GB  2.00 MB/s  12 min 30 s left");
}

static void what_is_not_known_is_left_out(void **state)
{
	(void)state;
	assert_string_equal(text((struct progress_bar){ .label = "snapshot", .eta_s = -1 }, 120), "snapshot");
	assert_string_equal(text((struct progress_bar){ .label = "restoring", .done = 1500, .eta_s = -1 }, 120),
	                    "restoring 1.50 kB");
	assert_string_equal(text((struct progress_bar){ .label = "t", .done = 1, .total = 4, .eta_s = -1 }, 40),
	                    "t  25 %  1 B of 4 B");
}

static void the_end_is_full_and_has_nothing_left(void **state)
{
	const char *line = text((struct progress_bar){ .label = "t", .done = 4, .total = 4, .eta_s = 3 }, 120);

	(void)state;
	assert_non_null(strstr(line, "[########################] 100 %"));
	assert_null(strstr(line, "left"));
}

/* A source that grows meanwhile, or totals that were estimated. */
static void more_than_all_is_all(void **state)
{
	const char *line = text((struct progress_bar){ .label = "t", .done = 9, .total = 4, .eta_s = -1 }, 120);

	(void)state;
	assert_non_null(strstr(line, "[########################] 100 %"));
}

static void the_largest_numbers_stay_inside(void **state)
{
	struct progress_bar bar = {
		.label = "t", .done = UINT64_MAX - 1, .total = UINT64_MAX, .rate_bps = UINT64_MAX, .eta_s = INT32_MAX
	};

	(void)state;
	assert_non_null(strstr(text(bar, 200), "100 %"));
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	struct progress_bar bar = { .label = "transfer: sending what has changed since the last generation",
		                    .done = 123456789,
		                    .total = 9876543210,
		                    .rate_bps = 1234567,
		                    .eta_s = 86399 };

	(void)state;
	for (unsigned columns = 1; columns < 200; columns++)
		assert_true(strlen(text(bar, columns)) <= columns);
}

static void a_small_room_is_enough(void **state)
{
	struct progress_bar bar = {
		.label = "a label that is longer than all of this", .done = 1, .total = 2, .rate_bps = 3, .eta_s = 4
	};

	(void)state;
	for (size_t size = 1; size < 100; size++) {
		char room[128];

		memset(room, '!', sizeof(room));
		(void)progress_text(&bar, 200, room, size);
		assert_true(memchr(room, '\0', size) != NULL);
		assert_int_equal(room[size], '!');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known_is_shown),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(the_end_is_full_and_has_nothing_left),
		cmocka_unit_test(more_than_all_is_all),
		cmocka_unit_test(the_largest_numbers_stay_inside),
		cmocka_unit_test(no_line_is_longer_than_the_terminal),
		cmocka_unit_test(a_small_room_is_enough),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
