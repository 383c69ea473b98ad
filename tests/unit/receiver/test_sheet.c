/* Whatever a sheet is given is escaped for its place; numbers and dates are those of the language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "receiver/sheet.h"

static char *text;
static size_t len_bytes;

static struct sheet begin(const struct words *words, bool html)
{
	struct sheet sheet = { .out = open_memstream(&text, &len_bytes), .words = words, .html = html };

	assert_non_null(sheet.out);
	return sheet;
}

static void is(const struct sheet *sheet, const char *want)
{
	assert_int_equal(fclose(sheet->out), 0);
	assert_string_equal(text, want);
	free(text);
}

static void names_are_text_and_nothing_else(void **state)
{
	static const struct {
		const char *name, *html, *plain, *url;
	} rows[] = {
		{ "a b", "a b", "a b", "a%20b" },
		{ "<i>&\"'", "&#60;i&#62;&#38;&#34;&#39;", "<i>&\"'", "%3Ci%3E%26%22%27" },
		{ "100%#1?.jpg", "100%#1?.jpg", "100%#1?.jpg", "100%25%231%3F.jpg" },
		{ "\xff\n\x1b", "\\xff\\x0a\\x1b", "\\xff\\x0a\\x1b", "%FF%0A%1B" },
		{ "\xc3\xbc/-._~", "\xc3\xbc/-._~", "\xc3\xbc/-._~", "%C3%BC/-._~" },
		{ "javascript:x", "javascript:x", "javascript:x", "javascript%3Ax" },
		{ "{0}`", "{0}`", "{0}`", "%7B0%7D%60" },
	};
	struct sheet sheet;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sheet = begin(&words_en, true);
		sheet_text(&sheet, rows[i].name);
		is(&sheet, rows[i].html);
		sheet = begin(&words_en, false);
		sheet_text(&sheet, rows[i].name);
		is(&sheet, rows[i].plain);
		sheet = begin(&words_en, true);
		sheet_url(&sheet, rows[i].name);
		is(&sheet, rows[i].url);
	}
	sheet = begin(&words_en, true);
	sheet_say(&sheet, "a `{0}` & {1}{2}", SHEET_VALUES("<`{1}", "two"));
	is(&sheet, "a <code>&#60;`{1}</code> &#38; two");
}

static void plain_text_is_wrapped_between_words(void **state)
{
	static const char *const steps[] = { "one `two`",
		                             "xxxxxxxxx xxxxxxxxx xxxxxxxxx xxxxxxxxx xxxxxxxxx xxxxxxxxx "
		                             "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 "
		                             "xxxxx xx",
		                             NULL };
	struct sheet sheet = begin(&words_de, false);

	(void)state;
	sheet_heading(&sheet, "id", "M\xc3\xa4rz");
	sheet_steps(&sheet, steps);
	is(&sheet, "\nM\xc3\xa4rz\n====\n\n 1. one `two`\n 2. xxxxxxxxx xxxxxxxxx xxxxxxxxx xxxxxxxxx xxxxxxxxx "
	           "xxxxxxxxx \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 xxxxx\n    xx\n\n");
}

static void numbers_and_dates_are_those_of_the_language(void **state)
{
	const struct sheet en = { .words = &words_en };
	const struct sheet de = { .words = &words_de };
	char out[SHEET_VALUE_SIZE];

	(void)state;
	assert_string_equal(sheet_number(&en, 0, out), "0");
	assert_string_equal(sheet_number(&en, 999, out), "999");
	assert_string_equal(sheet_number(&en, 1234567, out), "1,234,567");
	assert_string_equal(sheet_number(&de, 123456, out), "123.456");
	assert_string_equal(sheet_number(&de, UINT64_MAX, out), "18.446.744.073.709.551.615");
	assert_string_equal(sheet_size(&en, 1600000000, out), "1.60 GB");
	assert_string_equal(sheet_size(&de, 1600000000, out), "1,60 GB");
	assert_string_equal(sheet_date(&en, 2026, 3, 1, out), "1 March 2026");
	assert_string_equal(sheet_date(&de, 2026, 3, 1, out), "1. M\xc3\xa4rz 2026");
	assert_string_equal(sheet_time(&words_en, 1763876160, out), "23 November 2025, 05:36 UTC");
	assert_string_equal(sheet_time(&words_de, 1763876160, out), "23. November 2025, 05:36 Uhr UTC");
	assert_string_equal(sheet_time(&words_de, -1, out), "31. Dezember 1969, 23:59 Uhr UTC");
	(void)sheet_time(&words_de, INT64_MAX, out);
	(void)sheet_time(&words_de, INT64_MIN, out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_text_and_nothing_else),
		cmocka_unit_test(plain_text_is_wrapped_between_words),
		cmocka_unit_test(numbers_and_dates_are_those_of_the_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
