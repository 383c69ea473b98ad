/* By which names a generation stands where not all names can be held: none meets another one, and the same tree gets the same names. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_names.h"

static struct restore_holds holds_of(bool cases, bool characters)
{
	struct restore_holds holds;

	restore_holds_guess(-1, &holds);
	holds.cases = cases;
	holds.any_character = holds.any_end = holds.any_bytes = characters;
	return holds;
}

static const struct {
	const char *name, *fits;
} names[] = {
	{ "plain.jpg", "plain.jpg" },
	{ "äöü 1", "äöü 1" },
	{ "a:b?.txt", "a%3Ab%3F.txt" },
	{ "\"*<>|\\", "%22%2A%3C%3E%7C%5C" },
	{ "\x01\x1f\x7f", "%01%1F%7F" },
	{ "no\xffutf8", "no%FFutf8" },
	{ "half \xe2\x82", "half %E2%82" },
	{ "end.", "end%2E" },
	{ "end..", "end.%2E" },
	{ "end ", "end%20" },
	{ " .hidden", " .hidden" },
	{ "100%", "100%" },
};

static void one_name_is_made_fit(void **state)
{
	const struct restore_holds holds = holds_of(true, false);
	const struct restore_holds all = holds_of(true, true);
	char out[RESTORE_NAMES_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(restore_names_fit(&holds, names[i].name, out), names[i].fits);
		assert_string_equal(restore_names_fit(&all, names[i].name, out), names[i].name);
	}
}

/* FAT, mounted with an iocharset that is not UTF-8. */
static void characters_that_are_not_known_there_are_told_by_their_bytes(void **state)
{
	struct restore_holds holds = holds_of(true, false);
	char out[RESTORE_NAMES_SIZE];

	(void)state;
	holds.point_most = 0xffff;
	assert_string_equal(restore_names_fit(&holds, "ä日📷.jpg", out), "ä日%F0%9F%93%B7.jpg");
	holds.point_most = 0x7f;
	assert_string_equal(restore_names_fit(&holds, "ä日.jpg", out), "%C3%A4%E6%97%A5.jpg");
	holds.any_bytes = true;
	assert_string_equal(restore_names_fit(&holds, "ä\xff", out), "%C3%A4\xff");
	holds = holds_of(true, true);
	assert_true(restore_holds_names(&holds));
	holds.point_most = 0xffff;
	assert_false(restore_holds_names(&holds));
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	struct restore_holds holds = holds_of(true, true);
	char name[256];
	char out[RESTORE_NAMES_SIZE];

	(void)state;
	memset(name, 'x', 255);
	memcpy(name + 251, ".jpg", 5);
	assert_string_equal(restore_names_fit(&holds, name, out), name);
	holds.name_most = 143; /* as eCryptfs has it */
	assert_int_equal(strlen(restore_names_fit(&holds, name, out)), 143);
	assert_string_equal(out + 143 - 6, "~1.jpg");
	for (size_t i = 0; i < 254; i += 2)
		memcpy(name + i, "ä", 2);
	name[254] = '\0';
	assert_true(strlen(restore_names_fit(&holds, name, out)) <= 143);
	assert_memory_equal(out + strlen(out) - 4, "ä~1", 4);
	memset(name, ':', 255);
	name[255] = '\0';
	holds.any_character = false;
	assert_int_equal(strlen(restore_names_fit(&holds, name, out)), 143);
}

static void a_number_stands_before_the_ending(void **state)
{
	char out[RESTORE_NAMES_SIZE];

	(void)state;
	assert_string_equal(restore_names_nth("photo.jpg", 2, 255, out), "photo~2.jpg");
	assert_string_equal(restore_names_nth("photo", 10, 255, out), "photo~10");
	assert_string_equal(restore_names_nth(".profile", 2, 255, out), ".profile~2");
	assert_string_equal(restore_names_nth("a.what is no ending", 2, 255, out), "a.what is no ending~2");
	assert_string_equal(restore_names_nth("abcdefghijk.jpg", 2, 8, out), "abcdef~2");
}

static void assert_place(struct restore_names *n, const char *path, const char *wanted)
{
	const char *place;

	assert_int_equal(restore_names_place(n, path, &place, NULL), 0);
	assert_string_equal(place, wanted);
	if (strcmp(path, wanted) == 0)
		assert_ptr_equal(place, path);
}

static void what_is_the_same_there_is_parted(void **state)
{
	const struct restore_holds holds = holds_of(false, false);

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct restore_names *n;

		assert_int_equal(restore_names_new(&holds, &n, NULL), 0);
		for (int again = 0; again < 2; again++) {
			assert_place(n, "", "");
			assert_place(n, "A", "A");
			assert_place(n, "A/x", "A/x");
			assert_place(n, "A/y:", "A/y%3A");
			assert_place(n, "A/y%3a", "A/y%3a~2");
			assert_place(n, "a", "a~2");
			assert_place(n, "a/X", "a~2/X");
			assert_place(n, "a/x", "a~2/x~2");
			assert_place(n, "a~2", "a~2~2");
			assert_place(n, "c?/not/seen/before", "c%3F/not/seen/before");
			assert_place(n, "c?/not/there", "c%3F/not/there");
			assert_place(n, "ÄÖ.jpg", "ÄÖ.jpg");
			assert_place(n, "äö.jpg", "äö~2.jpg");
		}
		restore_names_destroy(&n);
	}
}

static void where_letters_are_told_apart_they_stay(void **state)
{
	const struct restore_holds holds = holds_of(true, false);
	struct restore_names *n;

	(void)state;
	assert_int_equal(restore_names_new(&holds, &n, NULL), 0);
	assert_place(n, "A:", "A%3A");
	assert_place(n, "a:", "a%3A");
	assert_place(n, "a%3A", "a%3A~2");
	restore_names_destroy(&n);
}

static void only_the_last_name_tells_of_a_change(void **state)
{
	(void)state;
	assert_false(restore_names_changed("a:/b", "a%3A/b"));
	assert_true(restore_names_changed("a/b:", "a/b%3A"));
	assert_true(restore_names_changed("b:", "b%3A"));
	assert_false(restore_names_changed("", ""));
}

static void a_path_that_becomes_too_long_is_refused(void **state)
{
	const struct restore_holds holds = holds_of(true, false);
	struct error err = { .class = ERR_NONE };
	struct restore_names *n;
	const char *place;
	static char path[WIRE_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < WIRE_PATH_MAX; i++)
		path[i] = i % 2 == 0 ? ':' : '/';
	assert_int_equal(restore_names_new(&holds, &n, NULL), 0);
	assert_int_equal(restore_names_place(n, path, &place, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	restore_names_destroy(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_name_is_made_fit),
		                            cmocka_unit_test(
		                                    characters_that_are_not_known_there_are_told_by_their_bytes),
		                            cmocka_unit_test(a_name_that_is_too_long_is_cut),
		                            cmocka_unit_test(a_number_stands_before_the_ending),
		                            cmocka_unit_test(what_is_the_same_there_is_parted),
		                            cmocka_unit_test(where_letters_are_told_apart_they_stay),
		                            cmocka_unit_test(only_the_last_name_tells_of_a_change),
		                            cmocka_unit_test(a_path_that_becomes_too_long_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
