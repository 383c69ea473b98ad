#include "cli/looking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_path_is_taken_as_people_write_it(void **state)
{
	static const struct {
		const char *written, *told; /* NULL: refused */
	} rows[] = {
		{ NULL, "" },          { "", "" },
		{ ".", "" },           { "./", "" },
		{ "/", "" },           { "a", "a" },
		{ "/a/b/", "a/b" },    { "./a", "a" },
		{ "a//", "a" },        { ".hidden", ".hidden" },
		{ "..a", "..a" },      { "a/.b", "a/.b" },
		{ "..", NULL },        { "a/../b", NULL },
		{ "a//b", NULL },      { "a/./b", NULL },
		{ "././/a\n", "a\n" }, { "/..", NULL },
		{ "12345678", NULL }, /* no room */
	};
	char room[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = rows[i].written;
		int rc = looking_path(&path, room, sizeof(room), NULL);

		assert_int_equal(rc, rows[i].told != NULL ? 0 : -1);
		if (rc == 0)
			assert_string_equal(path, rows[i].told);
	}
}

static void what_is_missing_says_where_to_look(void **state)
{
	struct looking looking = { .verb = "ls", .pipeline = "photos" };
	struct error err = { .class = ERR_NONE };

	(void)state;
	(void)error_set(&err, ERR_NOT_FOUND, "gone");
	assert_int_equal(looking_missing(&looking, "a/\x1b", &err), -1);
	assert_string_equal(err.text, "gone; `aob find photos 'a/\\x1b'` shows which generations have it");
	(void)error_set(&err, ERR_LINK, "away");
	assert_int_equal(looking_missing(&looking, "a", &err), -1);
	assert_string_equal(err.text, "away");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_path_is_taken_as_people_write_it),
		                            cmocka_unit_test(what_is_missing_says_where_to_look) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
