/* Whether and when a step is tried again follows from the class of its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/retry.h"

static void the_class_decides_how_often(void **state)
{
	static const struct {
		enum error_class class;
		unsigned failures;
		bool again;
	} rows[] = {
		{ ERR_LINK, 1, true },
		{ ERR_LINK, 1000000, true },
		{ ERR_SPACE, 1000, true },
		{ ERR_LOCKED, 1000, true },
		{ ERR_IO, 1, true },
		{ ERR_IO, RETRY_ATTEMPTS - 1, true },
		{ ERR_IO, RETRY_ATTEMPTS, false },
		{ ERR_DAMAGED, 2, true },
		{ ERR_INTERNAL, RETRY_ATTEMPTS, false },
		{ ERR_PROTOCOL, 1, true },
		{ ERR_CONFIG, 1, false },
		{ ERR_PERMISSION, 1, false },
		{ ERR_REFUSED, 1, false },
		{ ERR_INPUT, 1, false },
		{ ERR_NOT_FOUND, 1, false },
		{ ERR_CANCELLED, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct retry retry = retry_decide(rows[i].class, rows[i].failures, 12345);

		if (retry.again != rows[i].again)
			fail_msg("%s after %u failures: %d", error_code(rows[i].class), rows[i].failures, retry.again);
	}
}

static void pauses_grow_to_the_cap_and_differ(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 100; failures++) {
		uint64_t full = RETRY_CAP_MS;

		if (failures < 10 && RETRY_BASE_MS << (failures - 1) < RETRY_CAP_MS)
			full = RETRY_BASE_MS << (failures - 1);
		for (uint32_t random = 0; random < 5000; random += 7) {
			uint64_t delay = retry_decide(ERR_LINK, failures, random * 2654435761u).delay_ms;

			assert_in_range(delay, full / 2, full);
		}
	}
	assert_int_not_equal(retry_decide(ERR_LINK, 5, 1).delay_ms, retry_decide(ERR_LINK, 5, 2).delay_ms);
}

static void a_lost_worker_is_replaced_at_once_and_not_for_ever(void **state)
{
	(void)state;
	assert_true(retry_lost(1, 0).again);
	assert_int_equal(retry_lost(1, 77).delay_ms, 0);
	assert_true(retry_lost(2, 0).delay_ms > 0);
	assert_true(retry_lost(RETRY_LOSSES - 1, 0).again);
	assert_false(retry_lost(RETRY_LOSSES, 0).again);
}

static void care_waits_for_its_vault_for_about_an_hour(void **state)
{
	uint64_t least_ms = 0;
	uint64_t most_ms = 0;
	unsigned failures = 1;

	(void)state;
	for (struct retry retry; (retry = retry_care(ERR_LINK, failures, 0)).again; failures++) {
		assert_int_equal(retry.delay_ms, retry_decide(ERR_LINK, failures, 0).delay_ms);
		least_ms += retry.delay_ms;
		most_ms += 2 * retry.delay_ms;
	}
	assert_in_range(least_ms, 20 * 60 * 1000, 60 * 60 * 1000);
	assert_in_range(most_ms, 40 * 60 * 1000, 90 * 60 * 1000);
	assert_false(retry_care(ERR_CONFIG, 1, 0).again);
	assert_false(retry_care(ERR_DAMAGED, RETRY_ATTEMPTS, 0).again);
}

static void failed_runs_make_a_pipeline_rest(void **state)
{
	(void)state;
	assert_int_equal(retry_hold_ms(0), 0);
	assert_int_equal(retry_hold_ms(1), RETRY_HOLD_BASE_MS);
	assert_int_equal(retry_hold_ms(2), 2 * RETRY_HOLD_BASE_MS);
	assert_int_equal(retry_hold_ms(1000), RETRY_HOLD_CAP_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_class_decides_how_often),
		cmocka_unit_test(pauses_grow_to_the_cap_and_differ),
		cmocka_unit_test(a_lost_worker_is_replaced_at_once_and_not_for_ever),
		cmocka_unit_test(care_waits_for_its_vault_for_about_an_hour),
		cmocka_unit_test(failed_runs_make_a_pipeline_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
