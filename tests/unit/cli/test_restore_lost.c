/* What could not be put onto this machine, in words and numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/restore_lost.h"
#include "lib/entry.h"

static void what_is_lost_is_counted(void **state)
{
	struct restore_lost lost = { .symlinks = 12 };
	const struct restore_lost more = { .owners = 298, .links = 4 };
	char text[200];
	char small[10];

	(void)state;
	restore_lost_count(&lost, ENTRY_LOST_OWNER | ENTRY_LOST_TIME);
	restore_lost_count(&lost, ENTRY_LOST_OWNER);
	restore_lost_count(&lost, 0);
	restore_lost_add(&lost, &more);
	assert_int_equal(lost.owners, 300);
	assert_int_equal(lost.times, 1);
	assert_int_equal(lost.links, 4);
	assert_string_equal(restore_lost_text(&lost, text, sizeof(text)),
	                    "12 symlinks, the owners of 300 entries, the time of one entry");
	assert_string_equal(restore_lost_text(&lost, small, sizeof(small)), "12 symlin");
}

static void nothing_is_nothing(void **state)
{
	const struct restore_lost none = { .symlinks = 0 };
	const struct restore_lost names = { .names = 1 };
	char text[20];

	(void)state;
	assert_false(restore_lost_any(&none));
	assert_true(restore_lost_any(&names));
	assert_string_equal(restore_lost_text(&names, text, sizeof(text)), "");
}

static void as_json_all_is_told(void **state)
{
	const struct restore_lost lost = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	json_t *json = restore_lost_json(&lost, "exFAT");
	json_int_t n[9];
	const char *kind;

	(void)state;
	assert_int_equal(json_unpack(json, "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I !}", "file_system", &kind,
	                             "symlinks", &n[0], "specials", &n[1], "owners", &n[2], "rights", &n[3],
	                             "attributes", &n[4], "acls", &n[5], "times", &n[6], "hard_links", &n[7], "names",
	                             &n[8]),
	                 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(n[i], i + 1);
	assert_string_equal(kind, "exFAT");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_lost_is_counted),
		                            cmocka_unit_test(nothing_is_nothing),
		                            cmocka_unit_test(as_json_all_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
