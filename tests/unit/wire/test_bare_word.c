/* Words for a shell, for rsync, and patterns: what they are read as is what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bare_word.h"

static void test_shell(void **state)
{
	static const char *const words[] = { "", "a b", "it's", "'", "$(touch x)`id`\"\\!*?", "new\nline", "--" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *quoted = bare_word_shell(words[i]);
		char command[256];
		char said[256] = "";
		FILE *out;
		size_t n;

		(void)snprintf(command, sizeof(command), "printf %%s %s", quoted);
		out = popen(command, "r"); /* NOLINT(cert-env33-c): this is what is tested */
		n = fread(said, 1, sizeof(said) - 1, out);
		said[n] = '\0';
		assert_int_equal(pclose(out), 0);
		assert_string_equal(said, words[i]);
		free(quoted);
	}
}

static void test_rsh(void **state)
{
	char text[32] = "";
	char small[4] = "";

	(void)state;
	assert_true(bare_word_rsh(text, sizeof(text), "ssh"));
	assert_true(bare_word_rsh(text, sizeof(text), "a 'b'"));
	assert_string_equal(text, "'ssh' 'a ''b'''");
	assert_false(bare_word_rsh(text, sizeof(text), "a word that is too long for what is left"));
	assert_false(bare_word_rsh(small, sizeof(small), "ssh"));
}

static void test_plain(void **state)
{
	(void)state;
	assert_true(bare_word_plain("aZ09", ""));
	assert_true(bare_word_plain("generations/2026-11-23T05-36-00Z", "./-"));
	assert_false(bare_word_plain("a b", "./-"));
	assert_false(bare_word_plain("a'b", "./-"));
	assert_false(bare_word_plain("a\nb", "./-"));
}

static void test_pattern(void **state)
{
	static const struct {
		const char *pattern, *rule;
		int leaves;
	} cases[] = {
		{ "@eaDir", "@eaDir", 1 },
		{ "#recycle", "#recycle", 1 },
		{ "*.jpg", "*.jpg", 1 },
		{ "a/b", "/a/b", 1 },
		{ "a/**/b", "/a/*/b", 1 },
		{ "a**", "a*", 1 },
		{ "\\**", "\\**", 1 },
		{ "a\\b", "ab", 1 },
		{ "a\\*b", "a\\*b", 1 },
		{ "[ab]", "[ab]", 1 },
		{ "[]a]", "[]a]", 1 },
		{ "[!]]", "[!]]", 1 },
		{ "[[:alpha:]]", "[[:alpha:]]", 1 },
		/* What is not closed fnmatch(3) takes as it is, and rsync for nothing. */
		{ "draft[", "draft\\[", 1 },
		{ "a[x/y", "/a\\[x/y", 1 },
		{ "[", "\\[", 1 },
		{ "[]", "\\[]", 1 },
		{ "[a\\]", "\\[a\\]", 1 },
		{ "[[:alpha:]", "\\[[:alpha:]", 1 },
		{ "[a]*[", "[a]*\\[", 1 },
		/* A range that the pattern's end cuts off leaves nothing out; and these rsync does not know. */
		{ "[a-", "", 0 },
		{ "x[!a-", "", 0 },
		{ "[-", "\\[-", 1 },
		{ "[a-]", "[a-]", 1 },
		{ "[[=a=]]", "", -1 },
		{ "x[b[.-.]]", "", -1 },
		{ "\\[[=a]", "\\[[=a]", 1 },
		{ "/a", "", 0 },
		{ "a/", "", 0 },
		{ "", "", 0 },
		{ "a\\", "", 0 },
		{ "- a", "- a", 1 },
		{ "!", "!", 1 },
	};
	char rule[64];
	char small[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(bare_word_pattern(cases[i].pattern, rule, sizeof(rule)), cases[i].leaves);
		if (cases[i].leaves == 1)
			assert_string_equal(rule, cases[i].rule);
	}
	assert_int_equal(bare_word_pattern("abcd", small, sizeof(small)), -1);
}

static void test_path(void **state)
{
	char rule[16];
	char small[4];

	(void)state;
	assert_true(bare_word_path("a/b\\c", rule, sizeof(rule)));
	assert_string_equal(rule, "/a/b\\c");
	assert_true(bare_word_path("a*[\\", rule, sizeof(rule)));
	assert_string_equal(rule, "/a\\*\\[\\\\");
	assert_false(bare_word_path("abc", small, sizeof(small)));
}

static void test_numbers(void **state)
{
	uint64_t n[3];

	(void)state;
	assert_string_equal(bare_word_numbers("  1 22   333%", ' ', n, 3), "%");
	assert_int_equal(n[0] + n[1] + n[2], 356);
	assert_null(bare_word_numbers("1 2", ' ', n, 3));
	assert_null(bare_word_numbers("1 -2 3", ' ', n, 3));
	assert_null(bare_word_numbers("99999999999999999999", ' ', n, 1));
	assert_string_equal(bare_word_numbers("3.2.7pre1", '.', n, 3), "pre1");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_shell), cmocka_unit_test(test_rsh),
		                            cmocka_unit_test(test_plain), cmocka_unit_test(test_pattern),
		                            cmocka_unit_test(test_path),  cmocka_unit_test(test_numbers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
