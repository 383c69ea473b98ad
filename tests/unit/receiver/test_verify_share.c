/* A round ends in time, whatever the nights are like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receiver/verify_share.h"

#define DAY VERIFY_SHARE_NIGHT_S
#define GB (UINT64_C(1) << 30)

static void what_is_due_tonight(void **state)
{
	static const struct {
		struct verify_pace pace;
		uint64_t share;
	} rows[] = {
		/* 30 nights, one in reserve */
		{ { .began_s = 0, .now_s = 0, .every_s = 30 * DAY, .total_bytes = 290 * GB }, 10 * GB },
		{ { .now_s = 10 * DAY, .every_s = 30 * DAY, .total_bytes = 290 * GB, .done_bytes = 100 * GB },
		  10 * GB },
		/* nights were missed */
		{ { .now_s = 20 * DAY, .every_s = 30 * DAY, .total_bytes = 290 * GB, .done_bytes = 20 * GB }, 30 * GB },
		/* the end comes near, or is over: all that is left */
		{ { .now_s = 28 * DAY, .every_s = 30 * DAY, .total_bytes = 290 * GB }, VERIFY_SHARE_ALL },
		{ { .now_s = 300 * DAY, .every_s = 30 * DAY, .total_bytes = 290 * GB }, VERIFY_SHARE_ALL },
		{ { .now_s = 0, .every_s = DAY, .total_bytes = 290 * GB }, VERIFY_SHARE_ALL },
		/* a disk is not woken for little */
		{ { .now_s = 0, .every_s = 30 * DAY, .total_bytes = 1000 }, VERIFY_SHARE_LEAST },
		{ { .now_s = 0, .every_s = 30 * DAY }, VERIFY_SHARE_LEAST },
		/* there was more to read than was thought */
		{ { .now_s = 0, .every_s = 30 * DAY, .total_bytes = 232 * GB, .done_bytes = 300 * GB }, 1 * GB },
		/* clocks: set back, the round begins now; set forth, it is late */
		{ { .began_s = 900 * DAY, .now_s = 0, .every_s = 30 * DAY, .total_bytes = 290 * GB }, 10 * GB },
		{ { .began_s = 0, .now_s = 900 * DAY, .every_s = 30 * DAY, .total_bytes = 290 * GB },
		  VERIFY_SHARE_ALL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(verify_share_bytes(&rows[i].pace) == rows[i].share);
}

/* Night by night, some of them missed: the round is through before its time, and no night has to read much more than its part. */
static void a_round_ends_in_time(void **state)
{
	(void)state;
	for (unsigned missed = 1; missed <= 5; missed++) {
		struct verify_pace pace = { .every_s = 30 * DAY, .total_bytes = 1000 * GB };
		uint64_t most = 0;

		for (int night = 0; night < 30 && pace.done_bytes < pace.total_bytes; night++) {
			uint64_t share;

			pace.now_s = night * DAY;
			if (missed > 1 && (unsigned)night % missed == 0)
				continue;
			share = verify_share_bytes(&pace);
			if (share > pace.total_bytes - pace.done_bytes)
				share = pace.total_bytes - pace.done_bytes;
			most = share > most ? share : most;
			pace.done_bytes += share;
		}
		assert_true(pace.done_bytes == pace.total_bytes);
		assert_true(pace.now_s < 30 * DAY);
		if (missed == 1)
			assert_true(most < 40 * GB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_due_tonight),
		                            cmocka_unit_test(a_round_ends_in_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
