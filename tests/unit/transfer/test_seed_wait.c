/* A run waits for a seed only as long as the vault would take it up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transfer/seed_wait.h"

static void what_is_as_new_as_the_seed_ends_the_waiting(void **state)
{
	const struct stage_seed seed = { .run = "run-2", .taken_at = 1000 };
	const struct generation_info older = { .run = "run-1", .taken_at_s = 999 };
	const struct generation_info itself = { .run = "run-2", .taken_at_s = 1000 };
	const struct generation_info newer = { .run = "tree-0123456789abcdef", .taken_at_s = 1001 };

	(void)state;
	assert_false(seed_wait_over(&seed, &older));
	assert_true(seed_wait_over(&seed, &itself));
	assert_true(seed_wait_over(&seed, &newer));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_as_new_as_the_seed_ends_the_waiting) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
