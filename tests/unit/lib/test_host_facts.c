/* What a machine knows of itself; what programs say about it has bounded time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/host_facts.h"
#include "lib/host_probe.h"
#include "tests/unit/scratch.h"

static void a_release_has_an_end(void **state)
{
	static const struct {
		const char *os_release, *end;
	} cases[] = {
		{ "", "" },
		{ "ID=debian\nVERSION_ID=\"12\"\n", "2028-06-30" },
		{ "NAME=x\nID='debian'\nVERSION_ID=13\n", "2030-06-30" },
		{ "ID=debian\nVERSION_ID=\"1\"\n", "" },
		{ "ID=debian\n", "" },
		{ "ID=fedora\nVERSION_ID=41\nSUPPORT_END=2025-12-15\n", "2025-12-15" },
		{ "ID=debian\nVERSION_ID=\"12\"\nSUPPORT_END=never\n", "2028-06-30" },
		{ "XSUPPORT_END=2025-12-15\n", "" },
		{ "ID=ubuntu\nVERSION_ID=\"22.04\"\n", "2027-06-01" }, /* of the list below */
		{ "ID=ubuntu\nVERSION_ID=\"22.0\"\n", "" },
		{ "ID=../secret\nVERSION_ID=\"22.04\"\n", "" },
		{ "ID=debian\nVERSION_ID=\"8\"\n", "2020-06-30" },
	};
	char folder[64];
	char path[128];
	FILE *out;

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "distro-info"), 0);
	(void)snprintf(path, sizeof(path), "%s/ubuntu.csv", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	(void)fputs("version,codename,series,created,release,eol,eol-server,eol-esm\n"
	            "22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-21\n",
	            out);
	assert_int_equal(fclose(out), 0);
	(void)snprintf(path, sizeof(path), "%s/debian.csv", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	(void)fputs("version,codename,series,created,release,eol,eol-lts,eol-elts\n"
	            "8,Jessie,jessie,2013-05-04,2015-04-26,2018-06-17,2020-06-30,2025-06-30\n",
	            out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char end[16];

		host_facts_support_end(cases[i].os_release, folder, end);
		if (strcmp(end, cases[i].end) != 0)
			fail_msg("%s: %s", cases[i].os_release, end);
	}
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/ubuntu.csv", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void facts_are_bounded(void **state)
{
	static struct host_facts facts;
	char longest[2 * HOST_FACTS_VALUE_SIZE];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	host_facts_put(&facts, longest, "%s", longest);
	host_facts_put(&facts, "odd", "a\nb\033[2J");
	assert_int_equal(strlen(facts.list[0].value), HOST_FACTS_VALUE_SIZE - 1);
	assert_string_equal(host_facts_get(&facts, "odd"), "a b [2J");
	assert_string_equal(host_facts_get(&facts, "none"), "");
	for (size_t i = 0; i < 2 * (size_t)HOST_FACTS_MAX; i++)
		host_facts_put(&facts, "more", "%zu", i);
	assert_int_equal(facts.n, HOST_FACTS_MAX);
}

static void count(void *context, const char *text)
{
	(void)text;
	(*(unsigned *)context)++;
}

static void last(void *context, const char *text)
{
	(void)snprintf(context, 600, "%s", text);
}

static void a_program_is_heard_line_by_line(void **state)
{
	const char *const says[] = { "sh", "-c", "echo one; echo two >&2; printf '%0600d\\nthree\\nno end' 7; exit 3",
		                     NULL };
	const char *const missing[] = { "there-is-no-such-program", NULL };
	const char *const plain[] = { "sh", "-c", "echo $LC_ALL", NULL };
	char text[600] = "";
	unsigned lines = 0;

	(void)state;
	assert_int_equal(host_probe_run(says, 20000, count, &lines), 3);
	assert_int_equal(lines, 3);
	assert_int_equal(host_probe_run(plain, 20000, last, text), 0);
	assert_string_equal(text, "C");
	assert_int_equal(host_probe_run(missing, 20000, NULL, NULL), HOST_PROBE_FAILED);
}

static void a_program_has_so_much_time(void **state)
{
	static const char *const scripts[] = { "sleep 60", "trap '' TERM; while :; do echo more; sleep 0.1; done",
		                               "exec 2>&-; sleep 60" };
	int64_t began_ms = clock_now_ms();

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const char *const argv[] = { "sh", "-c", scripts[i], NULL };

		assert_int_equal(host_probe_run(argv, 200, NULL, NULL), HOST_PROBE_LATE);
	}
	assert_true(clock_now_ms() - began_ms < 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_has_an_end),
		cmocka_unit_test(facts_are_bounded),
		cmocka_unit_test(a_program_is_heard_line_by_line),
		cmocka_unit_test(a_program_has_so_much_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
