/* A secret is read from where the service manager put it, if it did; else from where the configuration says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/credential.h"
#include "tests/unit/scratch.h"

static char folder[200];

static void hand_over(const char *name)
{
	char path[300];
	FILE *out = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fclose(out), 0);
}

static void it_is_the_one_that_was_handed_over(void **state)
{
	char where[PATH_MAX];
	char want[300];

	(void)state;
	hand_over("keys_vault");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	(void)snprintf(want, sizeof(want), "%s/keys_vault", folder);
	assert_string_equal(credential_path("/etc/aob/keys/vault", where), want);
	assert_string_equal(credential_path("/keys/vault", where), want);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_string_equal(credential_path("/etc/aob/keys/vault", where), "/etc/aob/keys/vault");
}

static void what_was_not_handed_over_stays_where_it_is(void **state)
{
	static const char *const paths[] = { "/etc/aob/keys/other", "/etc/aob/tokens/vault", "/vault", "vault", "",
		                             "/etc/aob/keys/" };
	char where[PATH_MAX];
	char longest[PATH_MAX + 10];

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_ptr_equal(credential_path(paths[i], where), paths[i]);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_ptr_equal(credential_path(longest, where), longest);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "not/absolute", 1), 0);
	assert_string_equal(credential_path("/etc/aob/keys/vault", where), "/etc/aob/keys/vault");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static int set_up(void **state)
{
	(void)state;
	return scratch_make(folder, sizeof(folder), "credential");
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_the_one_that_was_handed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_not_handed_over_stays_where_it_is, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
