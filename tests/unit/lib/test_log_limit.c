#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/log.h"
#include "lib/log_limit.h"

static unsigned passed(struct log_limit *limit, unsigned times, int64_t now_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < times; i++)
		n += log_limit_passes(limit, 3, now_ms, "of these");
	return n;
}

static void so_many_a_minute_pass_and_the_next_minute_begins_anew(void **state)
{
	struct log_limit limit = { 0 };

	(void)state;
	log_open("test", NULL);
	assert_int_equal(passed(&limit, 1000, 5000), 3);
	assert_int_equal(passed(&limit, 1000, 64999), 0);
	assert_int_equal(passed(&limit, 1000, 65000), 3);
}

static void each_limit_counts_for_itself(void **state)
{
	struct log_limit one = { 0 };
	struct log_limit other = { 0 };

	(void)state;
	log_open("test", NULL);
	assert_int_equal(passed(&one, 10, 1), 3);
	assert_int_equal(passed(&other, 2, 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_a_minute_pass_and_the_next_minute_begins_anew),
		cmocka_unit_test(each_limit_counts_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
