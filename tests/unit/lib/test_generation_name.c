#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/generation_name.h"

static void names_are_times_and_always_grow(void **state)
{
	static const struct {
		int64_t taken_at_s;
		const char *newest;
		const char *name;
	} rows[] = {
		{ 1763876160, NULL, "2025-11-23T05-36-00Z" },
		{ 1763876160, "2025-11-22T05-36-00Z", "2025-11-23T05-36-00Z" },
		{ 1763876160, "2025-11-23T05-36-00Z", "2025-11-23T05-36-01Z" },
		{ 0, "2025-12-31T23-59-59Z", "2026-01-01T00-00-00Z" },
		{ -5, NULL, "1970-01-01T00-00-00Z" },
		{ INT64_MAX, NULL, "9000-01-01T00-00-00Z" },
		{ INT64_MAX, "9000-01-01T00-00-00Z", "9000-01-01T00-00-01Z" },
	};
	char name[GENERATION_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		generation_name_make(rows[i].taken_at_s, rows[i].newest, name);
		assert_string_equal(name, rows[i].name);
		assert_true(generation_name_valid(name));
	}
}

static void anything_else_is_no_name(void **state)
{
	static const char *const wrong[] = { "",
		                             ".",
		                             "..",
		                             "2025-11-23",
		                             "2025-13-23T05-36-00Z",
		                             "2025-11-23T05-36-00",
		                             "2025-11-23T05:36:00Z",
		                             "2025-02-30T05-36-00Z",
		                             "../../../../etc/pass",
		                             "2025-11-23T05-36-00Z/" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(generation_name_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_times_and_always_grow),
		cmocka_unit_test(anything_else_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
