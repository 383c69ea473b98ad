/* The calendar has each day at its place, links every generation, and is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "lib/generation_name.h"
#include "receiver/page_calendar.h"

static char *text;
static size_t len_bytes;

static size_t make(const char (*names)[32], size_t n)
{
	struct sheet sheet = { .out = open_memstream(&text, &len_bytes), .words = &words_de, .html = true };
	size_t shown;

	assert_non_null(sheet.out);
	shown = page_calendar_put(&sheet, names, n);
	assert_int_equal(fclose(sheet.out), 0);
	return shown;
}

static size_t count(const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		n++;
	return n;
}

static void days_stand_under_their_weekdays_and_gaps_are_seen(void **state)
{
	static const char names[][32] = { "2026-03-01T10-00-00Z", "2026-01-31T23-59-59Z", "2026-01-31T05-00-00Z",
		                          "2025-12-24T01-02-03Z" };

	(void)state;
	assert_int_equal(make(names, 4), 4);
	/* 1 March 2026 was a Sunday; February, between two months that have some, has 28 days. */
	assert_non_null(strstr(text, "<caption>M\xc3\xa4rz 2026</caption>"));
	assert_non_null(strstr(text, "<tbody><tr><td></td><td></td><td></td><td></td><td></td><td></td><td><a "
	                             "href=\"generations/2026-03-01T10-00-00Z/\" aria-label=\"1. M\xc3\xa4rz "
	                             "2026\">1</a></td></tr>"));
	assert_non_null(strstr(text, "Februar 2026"));
	assert_non_null(strstr(text, "<td>28</td><td></td></tr></tbody>"));
	/* Two on one day: the day leads to the later, and both are told. */
	assert_non_null(strstr(text, "<td><a href=\"generations/2026-01-31T23-59-59Z/\" aria-label"));
	assert_non_null(strstr(text, "<p>Am 31. Januar 2026: <a "
	                             "href=\"generations/2026-01-31T05-00-00Z/\">05:00</a> <a "
	                             "href=\"generations/2026-01-31T23-59-59Z/\">23:59</a></p>"));
	assert_int_equal(count("<caption>"), 4);
	assert_int_equal(count("<h3>"), 2);
	assert_true(strstr(text, "2026</h3>") < strstr(text, "2025</h3>"));
	free(text);
}

static void every_day_of_four_years_is_where_the_c_library_has_it(void **state)
{
	static char names[1461][32];
	size_t n = sizeof(names) / sizeof(names[0]);
	time_t first = 1704067200; /* 2024, a leap year */

	(void)state;
	for (size_t i = 0; i < n; i++)
		generation_name_make(first + (time_t)(n - 1 - i) * 86400, NULL, names[i]);
	assert_int_equal(make((const char(*)[32])names, n), n);
	assert_int_equal(count("<a href"), n);
	assert_int_equal(count("<caption>"), 48);
	for (size_t i = 0; i < n; i++) {
		time_t at = first + (time_t)(n - 1 - i) * 86400;
		const char *link = strstr(text, names[i]);
		int column = 0;
		struct tm utc;

		assert_non_null(link);
		for (link -= strlen("<td><a href=\"generations/"); strncmp(link, "<tr>", 4) != 0; link--)
			column += strncmp(link, "<td>", 4) == 0;
		assert_non_null(gmtime_r(&at, &utc));
		assert_int_equal((column + 6) % 7, (utc.tm_wday + 6) % 7);
	}
	free(text);
}

static void whatever_there_is_it_stays_small(void **state)
{
	enum { MANY = 100000 };
	char(*names)[32] = calloc(MANY, sizeof(*names));
	static const struct {
		int64_t apart_s;
		size_t least, most;
	} rows[] = { { 600, PAGE_CALENDAR_LINKS, PAGE_CALENDAR_LINKS },
		     { 86400, PAGE_CALENDAR_LINKS, PAGE_CALENDAR_LINKS },
		     { 40 * INT64_C(86400), 80, PAGE_CALENDAR_MONTHS },
		     { 370 * INT64_C(86400), PAGE_CALENDAR_MONTHS, PAGE_CALENDAR_MONTHS } };

	(void)state;
	assert_non_null(names);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = rows[i].apart_s < 1000 ? MANY : 3000;
		size_t shown;

		for (size_t j = 0; j < n; j++)
			generation_name_make((int64_t)(n - j) * rows[i].apart_s, NULL, names[j]);
		shown = make((const char(*)[32])names, n);
		assert_in_range(shown, rows[i].least, rows[i].most);
		assert_true(count("<caption>") <= PAGE_CALENDAR_MONTHS);
		assert_true(len_bytes < 400000);
		free(text);
	}
	free(names);
	assert_int_equal(make(NULL, 0), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_stand_under_their_weekdays_and_gaps_are_seen),
		cmocka_unit_test(every_day_of_four_years_is_where_the_c_library_has_it),
		cmocka_unit_test(whatever_there_is_it_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
