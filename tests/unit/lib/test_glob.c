#include "lib/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void patterns_match_as_in_a_shell(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "photo.jpg", "photo.jpg", true },
		{ "photo.jpg", "photo.jpg2", false },
		{ "photo.jpg2", "photo.jpg", false },
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "anything\nat all", true },
		{ "?", "", false },
		{ "*.jpg", "IMG_1.jpg", true },
		{ "*.jpg", "IMG_1.jpg.part", false },
		{ "*.JPG", "IMG_1.jpg", false },
		{ "IMG*1*", "IMG_0021.jpg", true },
		{ "*a*b*c*", "xxaxxbxxcxx", true },
		{ "*a*b*c*", "xxaxxcxxbxx", false },
		{ "a**b", "ab", true },
		{ "?????", "short", true },
		{ "????", "short", false },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[^a-c]x", "bx", false },
		{ "[]]", "]", true },
		{ "[!]]", "]", false },
		{ "[a-]", "-", true },
		{ "[a\\]b]", "]", true },
		{ "[", "[", true },
		{ "[a", "[a", true },
		{ "*[0-9]", "page 7", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "\\[a]", "[a]", true },
		{ "end\\", "end\\", true },
		{ "*", ".hidden", true },  /* nobody asks for a name without its hidden ones */
		{ "?", "\xc3\xa4", true }, /* ä */
		{ "??", "\xc3\xa4", false },
		{ "[\xc3\xa4\xc3\xb6]", "\xc3\xb6", true },
		{ "[a-\xc3\xbc]", "\xc3\xa4", true },
		{ "?", "\xff", true }, /* no UTF-8 */
		{ "??", "\xff\xfe", true },
		{ "*\xff*",
		  "a\xff"
		  "b",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (glob_match(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].name);
}

/* With fnmatch(3) this one would not end. */
static void no_pattern_takes_for_ever(void **state)
{
	char pattern[512];
	char name[256];
	size_t n = 0;

	(void)state;
	while (n + 3 < sizeof(pattern)) {
		pattern[n++] = '*';
		pattern[n++] = 'a';
	}
	pattern[n++] = 'b';
	pattern[n] = '\0';
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(glob_match(pattern, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(patterns_match_as_in_a_shell),
		                            cmocka_unit_test(no_pattern_takes_for_ever) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
