/* What names a language, and each that is spoken is named so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/language.h"

static void a_code_is_small_letters(void **state)
{
	(void)state;
	assert_true(language_is_code("de"));
	assert_true(language_is_code("pt-br"));
	assert_true(language_is_code(""));
	assert_true(language_is_code("abcdefghijklmno"));
	assert_false(language_is_code("abcdefghijklmnop"));
	assert_false(language_is_code("DE"));
	assert_false(language_is_code("de_DE"));
	assert_false(language_is_code("../de"));
}

static void each_that_is_spoken_has_one(void **state)
{
	static const char *const codes[] = {
#define LANGUAGE(code) #code,
#include "lib/languages.def"
#undef LANGUAGE
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_true(language_is_code(codes[i]) && codes[i][0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_small_letters),
		cmocka_unit_test(each_that_is_spoken_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
