/* A place in a vault is known for one, whether it is there yet or not, and by whatever link one comes there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/vault_place.h"
#include "tests/unit/scratch.h"

static char top[64];

static const char *in(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static int make(void **state)
{
	FILE *format;

	(void)state;
	if (scratch_make(top, sizeof(top), "place") != 0 || mkdir(in("root"), 0700) != 0 ||
	    mkdir(in("root/p"), 0700) != 0 || mkdir(in("root/p/.aob"), 0700) != 0 ||
	    mkdir(in("root/p/generations"), 0700) != 0 || mkdir(in("root/p/generations/g"), 0700) != 0 ||
	    symlink("generations/g", in("root/p/current")) != 0 || mkdir(in("root/fails"), 0700) != 0 ||
	    symlink(".aob", in("root/fails/.aob")) != 0)
		return -1;
	format = fopen(in("root/p/.aob/format.json"), "w");
	return format != NULL ? fclose(format) : -1;
}

static int clear(void **state)
{
	static const char *const folders[] = {
		"root/p/generations/g", "root/p/generations", "root/p/.aob", "root/p", "root/fails", "root", ""
	};

	(void)state;
	(void)unlink(in("root/p/.aob/format.json"));
	(void)unlink(in("root/p/current"));
	(void)unlink(in("root/fails/.aob"));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		(void)rmdir(in(folders[i]));
	return 0;
}

static void what_lies_in_a_vault_is_told(void **state)
{
	static const struct {
		const char *path;
		bool in_it;
	} rows[] = {
		{ "root/p", true },
		{ "root/p/", true },
		{ "root/p/current", true },
		{ "root/p/current/", true },
		{ "root/p/generations/g/not/there/yet", true },
		{ "root/p/current/new", true },
		{ "root/p/new", true },
		{ "root", false },
		{ "root/restored", false },
		{ "root/not/there", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char folder[PATH_MAX];
		char real[PATH_MAX];

		if (vault_place_above(in(rows[i].path), folder) != rows[i].in_it)
			fail_msg("%s", rows[i].path);
		if (rows[i].in_it)
			assert_string_equal(folder, realpath(in("root/p"), real));
	}
}

/* A look at it fails, and not as there is none. */
static void what_cant_be_told_is_taken_for_one(void **state)
{
	(void)state;
	assert_true(vault_place_is(in("root/p")));
	assert_true(vault_place_is(in("root/fails")));
	assert_false(vault_place_is(in("root")));
}

static void nothing_else_is(void **state)
{
	static const char *const others[] = { "", "/", ".", "no-such-name", "/no/such/name" };
	char folder[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (vault_place_above(others[i], folder))
			fail_msg("%s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_lies_in_a_vault_is_told, make, clear),
		cmocka_unit_test_setup_teardown(what_cant_be_told_is_taken_for_one, make, clear),
		cmocka_unit_test(nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
