#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transfer/anchor.h"
#include "transfer/source_view.h"

static void a_folder_shows_what_lies_in_it(void **state)
{
	static const char *const excludes[] = { "*.tmp", NULL };

	(void)state;
	assert_string_equal(source_view_path("", "a/b"), "a/b");
	assert_string_equal(source_view_path("a", "a/b"), "b");
	assert_string_equal(source_view_path("a", "a"), "");
	assert_null(source_view_path("a", "ab"));
	assert_null(source_view_path("a/b", "a"));
	assert_true(source_view_shows("a", excludes, "a/x"));
	assert_false(source_view_shows("a", excludes, "a/x.tmp"));
	assert_false(source_view_shows("a", excludes, "a/x.tmp/in"));
	assert_false(source_view_shows("a", excludes, "b"));
	assert_true(source_view_above("a/b", ""));
	assert_true(source_view_above("a/b", "a"));
	assert_true(source_view_above("a/b", "a/b"));
	assert_false(source_view_above("a/b", "a/b/c"));
	assert_false(source_view_above("ab", "a"));
}

static void a_view_is_its_folder_and_its_patterns_in_any_order(void **state)
{
	static const char *const one[] = { "x", "y", NULL };
	static const char *const other[] = { "y", "x", NULL };
	static const char *const joined[] = { "xy", NULL };
	char a[ANCHOR_VIEW_SIZE];
	char b[ANCHOR_VIEW_SIZE];
	struct error err = { .class = ERR_NONE };

	(void)state;
	assert_int_equal(anchor_view("photos", one, a, &err), 0);
	assert_int_equal(anchor_view("photos", other, b, &err), 0);
	assert_string_equal(a, b);
	assert_int_equal(anchor_view("photos", joined, b, &err), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(anchor_view("films", one, b, &err), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(anchor_view("", NULL, b, &err), 0);
}

static void the_folder_is_found_behind_the_snapshots_root(void **state)
{
	(void)state;
	assert_string_equal(anchor_below("/v/.snap/p.r1", "/v/.snap/p.r1"), "");
	assert_string_equal(anchor_below("/v/.snap/p.r1/", "/v/.snap/p.r1/a/b"), "a/b");
	assert_null(anchor_below("/v/.snap/p.r1", "/v/.snap/p.r10/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_shows_what_lies_in_it),
		cmocka_unit_test(a_view_is_its_folder_and_its_patterns_in_any_order),
		cmocka_unit_test(the_folder_is_found_behind_the_snapshots_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
