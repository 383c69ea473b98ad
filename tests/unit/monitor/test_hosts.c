/* What `aob doctor --record` left beside the run store is shown, and nothing else that lies in that file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/hosts.h"
#include "tests/unit/scratch.h"

static char folder[PATH_MAX];
static char state[PATH_MAX + 16];
static char file[PATH_MAX + 16];

static int make_folder(void **unused)
{
	(void)unused;
	if (scratch_make(folder, sizeof(folder), "hosts") != 0)
		return -1;
	(void)snprintf(state, sizeof(state), "%s/state.db", folder);
	(void)snprintf(file, sizeof(file), "%s/" HOSTS_FILE, folder);
	return 0;
}

static int remove_folder(void **unused)
{
	(void)unused;
	return scratch_remove(folder);
}

static void none_is_none(void **unused)
{
	(void)unused;
	assert_null(hosts_read(state));
	assert_null(hosts_read("/nowhere/state.db"));
}

static void only_whole_lines_of_its_own_are_shown(void **unused)
{
	static const char text[] =
	        "# HELP aob_host_clock_offset_seconds So much\n# TYPE aob_host_clock_offset_seconds gauge\n"
	        "aob_host_clock_offset_seconds{host=\"nas\"} 0.5\naob_up 0\nanything{ else\n"
	        "aob_host_disk_free_bytes{host=\"na";
	FILE *out = fopen(file, "we");
	char *read;

	(void)unused;
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	read = hosts_read(state);
	assert_string_equal(read, "# HELP aob_host_clock_offset_seconds So much\n"
	                          "# TYPE aob_host_clock_offset_seconds gauge\n"
	                          "aob_host_clock_offset_seconds{host=\"nas\"} 0.5\n");
	free(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(none_is_none),
		                            cmocka_unit_test(only_whole_lines_of_its_own_are_shown) };

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
