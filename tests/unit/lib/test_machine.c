/* A machine is the same each time, another one is another, and its own ID is not given away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/machine.h"
#include "tests/unit/scratch.h"

static char folder[200];

static struct machine with(const char *id)
{
	struct machine machine;
	char path[300];
	FILE *out = NULL;

	(void)snprintf(path, sizeof(path), "%s/machine-id", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(id, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(setenv("AOB_MACHINE_ID_FILE", path, 1), 0);
	machine_this(&machine);
	assert_int_equal(unsetenv("AOB_MACHINE_ID_FILE"), 0);
	return machine;
}

static void it_is_the_same_each_time_and_no_other(void **state)
{
	static const char first[] = "0123456789abcdef0123456789abcdef\n";
	struct machine one = with(first);
	struct machine again = with(first);
	struct machine other = with("0123456789abcdef0123456789abcdee\n");

	(void)state;
	assert_string_equal(one.id, again.id);
	assert_string_not_equal(one.id, other.id);
	assert_int_equal(strlen(one.id), MACHINE_ID_SIZE - 1);
	assert_int_equal(strspn(one.id, "0123456789abcdef"), MACHINE_ID_SIZE - 1);
	assert_memory_not_equal(one.id, first, 8);
	assert_true(one.host[0] != '\0');
}

static void a_file_that_holds_none_is_passed_over(void **state)
{
	struct machine usual;

	(void)state;
	machine_this(&usual);
	assert_string_equal(with("").id, usual.id);
	assert_string_equal(with("uninitialized\n").id, usual.id);
	assert_string_equal(with("0123456789abcdef").id, usual.id);
}

static int set_up(void **state)
{
	(void)state;
	return scratch_make(folder, sizeof(folder), "machine");
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_the_same_each_time_and_no_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_holds_none_is_passed_over, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
