/* Every language says everything, with the same values, and markup of none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "receiver/words/words.h"

#define N_TEXTS (sizeof(struct words) / sizeof(const char *))

static const struct words *const all[] = {
#define LANGUAGE(code) &words_##code,
#include "lib/languages.def"
#undef LANGUAGE
};
#define N_LANGUAGES (sizeof(all) / sizeof(all[0]))

/* The table has nothing but texts. */
static const char *text_of(const struct words *words, size_t at)
{
	const char *text;

	memcpy(&text, (const char *)words + at * sizeof(text), sizeof(text));
	return text;
}

static unsigned values_in(const char *text)
{
	unsigned found = 0;

	for (unsigned i = 0; i < 3; i++) {
		const char value[] = { '{', (char)('0' + i), '}', '\0' };

		found |= strstr(text, value) != NULL ? 1u << i : 0;
	}
	return found;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void every_language_says_everything(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_LANGUAGES; i++) {
		for (size_t j = 0; j < N_TEXTS; j++) {
			const char *first = text_of(all[0], j);
			const char *text = text_of(all[i], j);

			if ((first == NULL) != (text == NULL) || (text != NULL && *text == '\0'))
				fail_msg("%s: text %zu, where the first has \"%s\"", all[i]->language, j, first);
			if (text == NULL)
				continue;
			if (values_in(first) != values_in(text))
				fail_msg("%s: \"%s\" has other values", all[i]->language, text);
			if (count(text, '`') % 2 != 0 || count(text, '<') != 0 || count(text, '{') != count(text, '}'))
				fail_msg("%s: \"%s\"", all[i]->language, text);
		}
	}
}

static void a_language_is_found_by_its_code_and_the_first_for_others(void **state)
{
	(void)state;
	assert_string_equal(words_of("de")->language, "de");
	assert_string_equal(words_of("en")->language, "en");
	assert_string_equal(words_of("")->language, "en");
	assert_string_equal(words_of("tlh")->language, "en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_language_says_everything),
		cmocka_unit_test(a_language_is_found_by_its_code_and_the_first_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
