/* A program is looked for on PATH, as execvp(3) does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/program.h"

static void test_on_path(void **state)
{
	(void)state;
	assert_int_equal(setenv("PATH", "/nowhere:/usr/bin:/bin", 1), 0);
	assert_true(program_is_there("sh"));
	assert_false(program_is_there("aob-no-such-program"));
	assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
	assert_false(program_is_there("sh"));
	/* Folders are none, and what may not be executed. */
	assert_int_equal(setenv("PATH", "/usr:/etc", 1), 0);
	assert_false(program_is_there("bin"));
	assert_false(program_is_there("passwd"));
	assert_int_equal(unsetenv("PATH"), 0);
	assert_true(program_is_there("sh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_on_path) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
