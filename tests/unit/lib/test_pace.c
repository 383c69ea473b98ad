/* A process waits as long as usual, unless it is told to hurry by a factor that makes sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/pace.h"

static void waits_get_shorter(void **state)
{
	static const struct {
		const char *hurry;
		int64_t usual_ms, ms;
	} rows[] = {
		{ NULL, 2500, 2500 }, { "", 2500, 2500 },    { "1", 2500, 2500 },    { "5", 2500, 500 },
		{ "100", 2500, 25 },  { "101", 2500, 2500 }, { "-5", 2500, 2500 },   { "fast", 2500, 2500 },
		{ "5", 0, 0 },        { "100", 40, 1 },      { "5", 300000, 60000 }, { "5", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].hurry != NULL ? setenv("AOB_HURRY", rows[i].hurry, 1) : unsetenv("AOB_HURRY"),
		                 0);
		if (pace_ms(rows[i].usual_ms) != rows[i].ms)
			fail_msg("%s: %lld of %lld", rows[i].hurry != NULL ? rows[i].hurry : "nothing",
			         (long long)pace_ms(rows[i].usual_ms), (long long)rows[i].usual_ms);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(waits_get_shorter) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
