/* The vault is told to the command as --from has it, and what the command says is believed only in its form, however long it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/scratch.h"
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

static void a_name_that_is_no_text_is_taken_byte_by_byte(void **state)
{
	struct rehearse_restore_result result;

	(void)state;
	assert_int_equal(
	        parse("{\"carry_seconds\":0,\"damaged\":1,\"wrong\":[{\"path\":\"a\\\\xff\",\"path_hex\":\"61ff\","
	              "\"reason\":\"b\"}]}",
	              &result),
	        0);
	assert_string_equal(result.wrongs[0].path, "a\xff");
	rehearse_restore_done(&result);
}

/* ---- a command of our own in its place */

static char folder[200];

static int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "rehearse-restore") != 0)
		return -1;
	return setenv("PATH", folder, 1);
}

static int tear_down(void **state)
{
	(void)state;
	return setenv("PATH", "/usr/bin:/bin", 1) + scratch_remove(folder);
}

static void command_is(const char *script)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/aob", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fprintf(file, "#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static const struct config_vault vault = { .ssh = "h", .root = "/v", .ssh_options = (const char *const[]){ NULL } };

static int run(const struct rehearse_restore *restore, struct rehearse_restore_result *result, struct error *err)
{
	static const char *const paths[] = { "a", "-b", NULL };

	error_clear(err);
	return rehearse_restore_run(restore, paths, "/to", result, err);
}

static void all_that_leads_to_the_vault_is_given(void **state)
{
	static const char *const options[] = { "Port=7", "Compression=no", NULL };
	const struct config_vault plain = {
		.ssh = "h", .root = "/v", .ssh_options = options, .identity = "key", .plain = true
	};
	const struct rehearse_restore restore = { .vault = &plain, .pipeline = "p", .generation = "g" };
	struct rehearse_restore_result result;
	struct error err = { .class = ERR_NONE };

	(void)state;
	command_is(
	        "[ \"$*\" = 'restore p --from ssh://h/v --generation g --to /to --json --identity key --compression off"
	        " --ssh-option Port=7 --ssh-option Compression=no --path a --path -b' ] || { echo \"$*\" >&2; exit 64; "
	        "}\n"
	        "echo '{\"carry_seconds\":2,\"files\":7}'\nexit 72");
	if (run(&restore, &result, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.files, 7);
	rehearse_restore_done(&result);
}

/* 20 paths of 4,095 bytes, each told escaped and in hexadecimal digits. */
static void the_longest_result_is_taken(void **state)
{
	const struct rehearse_restore restore = { .vault = &vault, .pipeline = "p", .generation = "g" };
	struct rehearse_restore_result result;
	struct error err = { .class = ERR_NONE };

	(void)state;
	command_is("long=$(printf '%04095d' 0 | sed 's/0/\\\\\\\\xff/g'); hex=$(printf '%08190d' 0 | tr 0 f)\n"
	           "echo '{\"carry_seconds\":2,\"damaged\":20,\"wrong\":['\n"
	           "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
	           "  [ $i = 1 ] || echo ,\n"
	           "  printf '%s' '{\"reason\":\"r\",\"path\":\"' \"$long\" '\",\"path_hex\":\"' \"$hex\" '\"}'\n"
	           "done\necho ']}'\nexit 65");
	if (run(&restore, &result, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.wrong, 20);
	assert_int_equal(result.n_wrongs, 20);
	assert_int_equal(strlen(result.wrongs[19].path), 4095);
	rehearse_restore_done(&result);
}

static void how_it_failed_is_told(void **state)
{
	static const struct {
		const char *script;
		enum error_class class;
		const char *text;
	} rows[] = {
		{ "echo noise >&2; echo 'aob restore: ssh: no route' >&2; exit 69", ERR_LINK, "ssh: no route" },
		{ "echo 'aob restore: /to: it does not fit' >&2; exit 73", ERR_SPACE, "/to: it does not fit" },
		{ "exit 65", ERR_DAMAGED, "`aob restore` ended with status 65" },
		{ "kill -9 $$", ERR_INTERNAL, "`aob restore` ended with signal 9" },
		{ "echo rubbish", ERR_PROTOCOL, "`aob restore --json` said something else than its result" },
		{ "exit 0", ERR_PROTOCOL, "`aob restore --json` said something else than its result" },
		{ "yes x | head -c 3000000 >&2; echo 'aob restore: at last' >&2; exit 74", ERR_IO, "at last" },
		{ "yes x | head -c 3000000; exit 0", ERR_PROTOCOL,
		  "`aob restore --json` said something else than its result" },
	};
	const struct rehearse_restore restore = { .vault = &vault, .pipeline = "p", .generation = "g" };
	struct error err = { .class = ERR_NONE };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rehearse_restore_result result;

		command_is(rows[i].script);
		assert_int_equal(run(&restore, &result, &err), -1);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(err.class, rows[i].class);
		rehearse_restore_done(&result);
	}
}

static int stop(void *context, struct error *err)
{
	(void)context;
	return error_set(err, ERR_CANCELLED, "stop");
}

static void what_takes_too_long_is_cut(void **state)
{
	const struct rehearse_restore restore = {
		.vault = &vault, .pipeline = "p", .generation = "g", .limit_ms = 100
	};
	struct rehearse_restore_result result;
	struct error err = { .class = ERR_NONE };

	(void)state;
	command_is("exec sleep 100");
	assert_int_equal(run(&restore, &result, &err), 0);
	assert_true(result.cut);
	assert_in_range(result.carry_us, 100000, 20000000);
	assert_int_equal(result.files, 0);
}

static void it_is_not_waited_for_when_asked_to_stop(void **state)
{
	const struct rehearse_restore restore = {
		.vault = &vault, .pipeline = "p", .generation = "g", .waiting = stop
	};
	struct rehearse_restore_result result;
	struct error err = { .class = ERR_NONE };

	(void)state;
	command_is("exec sleep 100");
	assert_int_equal(run(&restore, &result, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
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
		cmocka_unit_test(a_name_that_is_no_text_is_taken_byte_by_byte),
		cmocka_unit_test(what_is_of_another_form_is_refused),
		cmocka_unit_test_setup_teardown(all_that_leads_to_the_vault_is_given, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_longest_result_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(how_it_failed_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_takes_too_long_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_not_waited_for_when_asked_to_stop, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
