/* A run is named by its second and its number, always in as many letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/run_name.h"

static void it_is_the_second_and_the_number(void **state)
{
	char name[RUN_NAME_SIZE];

	(void)state;
	run_name_make(name, 1600000000, 0x31a1dc8f);
	assert_string_equal(name, "20200913T122640Z-31a1dc8f");
	run_name_make(name, 0, 7);
	assert_string_equal(name, "19700101T000000Z-00000007");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_the_second_and_the_number) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
