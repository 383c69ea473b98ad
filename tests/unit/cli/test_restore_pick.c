/* Which paths a restore takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/restore_pick.h"

static const char *const none[] = { NULL };

static const struct {
	const char *glob, *path;
	bool takes;
} rows[] = {
	{ "*.jpg", "a.jpg", true },
	{ "*.jpg", "d/e/a.jpg", true },
	{ "*.jpg", "a.jpg/below", true },
	{ "*.jpg", "a.png", false },
	{ "d/*.jpg", "d/a.jpg", true },
	{ "d/*.jpg", "d/e/a.jpg", false },
	{ "d/*.jpg", "x/d/a.jpg", false },
	{ "d/**/a.jpg", "d/a.jpg", true },
	{ "d/**/a.jpg", "d/e/f/a.jpg", true },
	{ "d/**/a.jpg", "d/e/a.png", false },
	{ "d/**", "d/e", true },
	{ "d/**", "d", false },
	{ "20?[0-9]/holiday", "2019/holiday/1.jpg", true },
	{ "20?[0-9]/holiday", "2019", false },
	{ "20?[0-9]/holiday", "2019/holidays", false },
	{ "a/**/b/**/c", "a/b/x/b/y/c", true },
	{ "a/**/b/**/c", "a/x/c/b", false },
	{ "[ab]/c", "b/c", true },
	{ "a\\*", "a*", true },
	{ "a\\*", "ab", false },
	{ "**", "x", true },
	{ "2019/", "2019/1.jpg", true },
	{ "2019/", "x/2019", true },
	{ "./2019/*/", "2019/a/1.jpg", true },
	{ "/2019", "2019/1.jpg", true },
	{ "/2019", "x/2019", false },
	{ "/*.jpg", "d/a.jpg", false },
};

static void a_pattern_is_matched_name_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const globs[] = { rows[i].glob, NULL };
		struct restore_pick pick;

		assert_int_equal(restore_pick_init(&pick, none, globs, NULL), 0);
		if (restore_pick_takes(&pick, rows[i].path) != rows[i].takes)
			fail_msg("%s: %s", rows[i].glob, rows[i].path);
		restore_pick_done(&pick);
	}
}

static void nothing_given_is_all(void **state)
{
	struct restore_pick pick;

	(void)state;
	assert_int_equal(restore_pick_init(&pick, none, none, NULL), 0);
	assert_true(restore_pick_takes(&pick, ""));
	assert_true(restore_pick_takes(&pick, "a/b"));
	assert_int_equal(pick.n_roots, 1);
	assert_string_equal(pick.roots[0], "");
	restore_pick_done(&pick);
}

static void each_folder_is_listed_once(void **state)
{
	static const char *const paths[] = { "b", "a/x", "a/x/y", "a-b", "b", NULL };
	static const char *const globs[] = { "c/d/*.jpg", "a/x/*.jpg", NULL };
	static const char *const want[] = { "a/x", "a-b", "b", "c/d" };
	struct restore_pick pick;

	(void)state;
	assert_int_equal(restore_pick_init(&pick, paths, globs, NULL), 0);
	assert_int_equal(pick.n_roots, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(pick.roots[i], want[i]);
	assert_true(restore_pick_takes(&pick, "a/x/q"));
	assert_false(restore_pick_takes(&pick, "a/q"));
	assert_false(restore_pick_takes(&pick, "c/d"));
	restore_pick_done(&pick);
}

static void what_is_no_path_is_refused(void **state)
{
	static const char *const wrong[] = { "../x", "/..", "a//b", "a/./b", "", "/" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *const one[] = { wrong[i], NULL };
		struct restore_pick pick;
		struct error err = { 0 };

		assert_int_equal(restore_pick_init(&pick, none, one, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		restore_pick_done(&pick);
		if (*wrong[i] == '\0' || wrong[i][1] == '\0')
			continue;
		assert_int_equal(restore_pick_init(&pick, one, none, &err), -1);
		restore_pick_done(&pick);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_pattern_is_matched_name_by_name),
		                            cmocka_unit_test(nothing_given_is_all),
		                            cmocka_unit_test(each_folder_is_listed_once),
		                            cmocka_unit_test(what_is_no_path_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
