/* Small files cost by their number and large ones by their bytes; what was not sampled costs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/rehearse_time.h"

static void each_class_is_scaled_by_its_own(void **state)
{
	static const struct {
		struct rehearse_time time;
		int64_t whole_s;
	} rows[] = {
		{ { .list_us = 1 }, 1 },
		{ { .list_us = 30000000 }, 31 },
		/* 150,000 small files, 150 of which took 3 s: 3000 s */
		{ { .small_files = 150000, .sample_small_files = 150, .sample_small_us = 3000000 }, 3001 },
		/* 1 TB over 2 Mbit/s, 48 MiB of which took 201 s */
		{ { .large_bytes = 1000000000000, .sample_large_bytes = 50331648, .sample_large_us = 201000000 },
		  3993512 },
		{ { .list_us = 1000000,
		    .small_files = 20,
		    .sample_small_files = 10,
		    .sample_small_us = 1000000,
		    .large_bytes = 300,
		    .sample_large_bytes = 100,
		    .sample_large_us = 2000000 },
		  10 },
		/* nothing says how long large ones, or small ones, take */
		{ { .list_us = 1, .large_bytes = 1, .small_files = 1, .sample_small_files = 1 }, 0 },
		{ { .list_us = 1, .small_files = 1, .large_bytes = 1, .sample_large_bytes = 1 }, 0 },
		{ { .large_bytes = UINT64_MAX, .sample_large_bytes = 1, .sample_large_us = INT64_MAX }, 3000000000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rehearse_time_whole_s(&rows[i].time), rows[i].whole_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_class_is_scaled_by_its_own) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
