/* A misspelt word finds the right one; a word that is something else finds none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/suggest.h"

static void distance_counts_single_mistakes(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },
		{ "abc", "", 3 },
		{ "", "abc", 3 },
		{ "abc", "abc", 0 },
		{ "abc", "abd", 1 },
		{ "abc", "ab", 1 },
		{ "abc", "abxc", 1 },
		{ "abc", "acb", 1 },
		{ "ca", "abc", 3 },
		{ "ABC", "abc", 0 },
		{ "kitten", "sitting", 3 },
		{ "source", "sorce", 1 },
		{ "source", "soucre", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void the_nearest_word_is_found_if_it_is_near(void **state)
{
	static const char *const words[] = { "source", "vault", "watch", "stages", "on" };
	static const struct {
		const char *word;
		const char *nearest;
	} cases[] = {
		{ "sorce", "source" }, { "Source", "source" },  { "vautl", "vault" }, { "stage", "stages" },
		{ "x", NULL },         { "destination", NULL }, { "", NULL },         { "onn", "on" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *nearest = suggest_nearest(cases[i].word, words, sizeof(words) / sizeof(words[0]));

		if (cases[i].nearest == NULL)
			assert_null(nearest);
		else
			assert_string_equal(nearest, cases[i].nearest);
	}
	assert_null(suggest_nearest("a", words, 0));
}

static void very_long_words_are_near_to_nothing(void **state)
{
	char word[1000];
	const char *words[1];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	words[0] = word;
	assert_true(suggest_distance(word, word) == SIZE_MAX);
	assert_null(suggest_nearest(word, words, 1));
	assert_int_equal(suggest_distance(word + sizeof(word) - 1 - SUGGEST_WORD_MAX, ""), SUGGEST_WORD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_single_mistakes),
		cmocka_unit_test(the_nearest_word_is_found_if_it_is_near),
		cmocka_unit_test(very_long_words_are_near_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
