/* Tried again ever more rarely, and given up after days; what passes is given up sooner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "monitor/notify.h"
#include "monitor/notify_retry.h"

static void pauses_grow_to_the_cap(void **state)
{
	static const int64_t longest[] = { 4000, 8000, 16000, 32000, 64000, 128000, 256000, 512000, 900000, 900000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(longest) / sizeof(longest[0]); i++)
		for (uint32_t random = 0; random < 1000000; random += 9973) {
			int64_t ms = notify_retry_delay_ms(i + 1, random);

			assert_true(ms >= longest[i] / 2 && ms <= longest[i]);
		}
	assert_true(notify_retry_delay_ms(4000000000u, 1) <= NOTIFY_RETRY_CAP_MS);
}

static void it_is_given_up_after_days(void **state)
{
	(void)state;
	assert_false(notify_retry_gives_up(false, NOTIFY_GIVE_UP_S - 1, 500));
	assert_true(notify_retry_gives_up(false, NOTIFY_GIVE_UP_S + 1, 500));
	assert_false(notify_retry_gives_up(true, 3599, 500));
	assert_true(notify_retry_gives_up(true, 3601, 500));
	assert_false(notify_retry_gives_up(false, NOTIFY_GIVE_UP_S * 9, 1)); /* it was never tried properly */
	assert_false(notify_retry_gives_up(false, -500000, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pauses_grow_to_the_cap),
		                            cmocka_unit_test(it_is_given_up_after_days) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
