/* What a machine is called: as it was told, else as its system says; and which two names are one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/own_host.h"

static void test_who_says_it(void **state)
{
	const struct config told = { .host = "nas2" };
	const struct config silent = { .host = NULL };
	char system[OWN_HOST_SIZE] = "";
	char host[OWN_HOST_SIZE];

	(void)state;
	assert_int_equal(gethostname(system, sizeof(system) - 1), 0);
	own_host("attic", &told, host);
	assert_string_equal(host, "attic");
	own_host(NULL, &told, host);
	assert_string_equal(host, "nas2");
	own_host(NULL, &silent, host);
	assert_string_equal(host, system);
	own_host(NULL, NULL, host);
	assert_string_equal(host, system);
}

static void test_a_long_name_is_cut(void **state)
{
	char name[2 * OWN_HOST_SIZE];
	char host[OWN_HOST_SIZE];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	own_host(name, NULL, host);
	assert_int_equal(strlen(host), CONFIG_NAME_MAX);
}

static void test_same(void **state)
{
	(void)state;
	assert_true(own_host_same("nas2", "nas2"));
	assert_true(own_host_same("NAS2", "nas2"));
	assert_false(own_host_same("nas2", "nas2.example.net"));
	assert_false(own_host_same("nas2", "nas"));
	assert_false(own_host_same("nas2", ""));
	assert_false(own_host_same("", "nas2"));
	assert_false(own_host_same("", ""));
	assert_true(own_host_may_be(NULL, "nas2"));
	assert_true(own_host_may_be("nas2", NULL));
	assert_true(own_host_may_be("NAS2", "nas2"));
	assert_false(own_host_may_be("nas2", "nas"));
	assert_false(own_host_may_be("", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_says_it),
		cmocka_unit_test(test_a_long_name_is_cut),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
