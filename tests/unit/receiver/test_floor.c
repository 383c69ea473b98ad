#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receiver/floor.h"

static void what_protects_a_generation(void **state)
{
	static const struct {
		struct vault_options options;
		struct floor_question question;
		bool refused;
	} rows[] = {
		{ { 0 }, { .n_there = 3, .now_s = 100 }, false },
		{ { .append_only = true }, { .n_there = 3 }, true },
		{ { 0 }, { .n_there = 3, .is_current = true }, true },
		{ { 0 }, { .n_there = 3, .is_hidden = true }, true },
		{ { 0 }, { .n_there = 3, .is_newest = true }, true },
		{ { 0 }, { .n_there = 3, .is_newest_whole = true }, true },
		{ { 0 }, { .n_there = 3, .is_newest_clean = true }, true },
		{ { 0 }, { .n_there = 3, .is_pinned = true }, true },
		{ { 0 }, { .n_there = 1 }, true },
		{ { .keep_at_least = 3 }, { .n_there = 3 }, true },
		{ { .keep_at_least = 3 }, { .n_there = 4 }, false },
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 51, .now_s = 100 }, true },
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 50, .now_s = 100 }, false },
		/* the clock was set forward: the vault's own tells */
		{ { .keep_for_s = 50 },
		  { .n_there = 4,
		    .published_at_s = 50,
		    .now_s = 9000,
		    .has_vault_clock = true,
		    .by_vault_clock_s = 49 },
		  true },
		{ { .keep_for_s = 50 },
		  { .n_there = 4,
		    .published_at_s = 50,
		    .now_s = 9000,
		    .has_vault_clock = true,
		    .by_vault_clock_s = 50 },
		  false },
		{ { 0 }, { .n_there = 4, .has_vault_clock = true }, false },
		/* the clock was set back */
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 900, .now_s = 100 }, true },
		/* … or was ahead then: what came after it tells */
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 900, .now_s = 100, .later_s = 49 }, true },
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 900, .now_s = 100, .later_s = 50 }, false },
		{ { .keep_for_s = 50 },
		  { .n_there = 4,
		    .published_at_s = 900,
		    .now_s = 100,
		    .has_vault_clock = true,
		    .by_vault_clock_s = 49,
		    .later_s = 50 },
		  true },
		{ { .keep_for_s = 50 }, { .n_there = 4, .published_at_s = 51, .now_s = 100, .later_s = 50 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(floor_refuses(&rows[i].options, &rows[i].question) != NULL, rows[i].refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_protects_a_generation) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
