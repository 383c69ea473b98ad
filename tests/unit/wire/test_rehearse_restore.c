/* The vault is told to the command as --from has it, and what the command says is believed only in its form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/rehearse_restore.h"

static void the_vault_is_told_as_from_has_it(void **state)
{
	static const struct {
		const char *ssh, *root, *from;
	} rows[] = {
		{ NULL, "/volume1/off site", "/volume1/off site" },
		{ "backup@dad.example.net", "/volume1/offsite", "ssh://backup@dad.example.net/volume1/offsite" },
		{ "[fe80::1]:2222", "/v/a b%", "ssh://[fe80::1]:2222/v/a%20b%25" },
		{ "h", "/\xc3\xa4", "ssh://h/%C3%A4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_vault vault = { .ssh = rows[i].ssh, .root = rows[i].root };
		char *from = rehearse_restore_from(&vault);

		assert_string_equal(from, rows[i].from);
		free(from);
	}
}

static int parse(const char *text, struct rehearse_restore_result *result)
{
	struct error err = { 0 };

	return rehearse_restore_parse(text, strlen(text), result, &err);
}

static void what_it_says_is_taken(void **state)
{
	struct rehearse_restore_result result;

	(void)state;
	assert_int_equal(parse("{\"files\":3,\"bytes\":500,\"carry_seconds\":1.5,\"damaged\":1,\"missing\":2,"
	                       "\"wrong\":[{\"path\":\"a\",\"reason\":\"b\"}]}",
	                       &result),
	                 0);
	assert_int_equal(result.files, 3);
	assert_int_equal(result.bytes, 500);
	assert_int_equal(result.carry_us, 1500000);
	assert_int_equal(result.wrong, 3);
	assert_int_equal(result.n_wrongs, 1);
	assert_string_equal(result.wrongs[0].path, "a");
	assert_string_equal(result.wrongs[0].reason, "b");
	rehearse_restore_done(&result);
	assert_int_equal(parse("{\"carry_seconds\":0}", &result), 0);
	assert_int_equal(result.files, 0);
	rehearse_restore_done(&result);
}

static void what_is_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{\"files\":3}",
		"{\"carry_seconds\":-1}",
		"{\"carry_seconds\":1e300}",
		"{\"carry_seconds\":\"1\"}",
		"{\"carry_seconds\":1} more",
		"{\"carry_seconds\":1,\"wrong\":[{\"path\":\"a\",\"reason\":\"b\"},{\"path\":\"a\"}]}",
		"{\"carry_seconds\":1,\"wrong\":[3]}",
	};
	struct rehearse_restore_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(wrong[i], &result), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vault_is_told_as_from_has_it),
		cmocka_unit_test(what_it_says_is_taken),
		cmocka_unit_test(what_is_of_another_form_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
