/* Spans of time are read with their unit or refused with the remedy, and written so that people can read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duration.h"

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} right[] = {
		{ "500ms", 500 },         { "90s", 90000 },      { "10m", 600000 },    { "10 min", 600000 },
		{ "24h", 86400000 },      { "30d", 2592000000 }, { "2w", 1209600000 }, { "1h30m", 5400000 },
		{ "1h 30m 5s", 5405000 }, { "1.5h", 5400000 },   { "0.25s", 250 },     { "0s", 0 },
		{ "1d12h", 129600000 },   { "0.001s", 1 },       { "1m500ms", 60500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct error err = { 0 };
		uint64_t ms = 1;

		if (duration_parse(right[i].text, &ms, &err) != 0 || ms != right[i].ms)
			fail_msg("%s: %llu %s", right[i].text, (unsigned long long)ms, err.text);
	}
}

static void what_is_no_duration_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} wrong[] = {
		{ "10", "'10' has no unit; write 10s, 10m or 10h" },
		{ "", "is no duration; write a number and a unit" },
		{ "m", "is no duration" },
		{ "-5m", "is no duration" },
		{ "+5m", "is no duration" },
		{ " 5m", "is no duration" },
		{ "5x", "is no duration" },
		{ "5M", "is no duration" },
		{ "30m1h", "is no duration" },
		{ "1h1h", "is no duration" },
		{ "1h30", "is no duration" },
		{ "1.h", "is no duration" },
		{ "1.2345s", "is no duration" },
		{ "1,5h", "is no duration" },
		{ "999999999999w", "is longer than can be counted" },
		{ "99999999999999999999s", "is no duration" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error err = { 0 };
		uint64_t ms = 0;

		assert_int_equal(duration_parse(wrong[i].text, &ms, &err), -1);
		assert_int_equal(err.class, ERR_INPUT);
		if (strstr(err.text, wrong[i].said) == NULL)
			fail_msg("%s: %s", wrong[i].text, err.text);
	}
}

static void times_of_the_day_are_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		int minute; /* -1: refused */
	} times[] = {
		{ "00:00", 0 },  { "06:30", 390 }, { "23:59", 1439 }, { "24:00", 1440 },
		{ "24:01", -1 }, { "6:30", -1 },   { "12:60", -1 },   { "1230", -1 },
		{ "12:3x", -1 }, { "", -1 },       { "-1:00", -1 },   { "12:300", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint16_t minute = 0;
		int rc = duration_minute_parse(times[i].text, &minute, NULL);

		if (times[i].minute < 0 ? rc == 0 : rc != 0 || minute != times[i].minute)
			fail_msg("%s: %d %u", times[i].text, rc, minute);
	}
}

static void durations_are_written_with_two_units(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0 s" },
		{ 250, "250 ms" },
		{ 999, "999 ms" },
		{ 1000, "1 s" },
		{ 59999, "59 s" },
		{ 60000, "1 min" },
		{ 61000, "1 min 1 s" },
		{ 3600000, "1 h" },
		{ 3605000, "1 h" },
		{ 5400000, "1 h 30 min" },
		{ 86400000, "1 d" },
		{ 2592000000, "30 d" },
		{ 90061000, "1 d 1 h" },
		{ UINT64_MAX, "213503982334 d 14 h" },
	};
	char out[DURATION_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(duration_text(cases[i].ms, out, sizeof(out)), cases[i].text);
}

static void what_is_estimated_is_rounded_up(void **state)
{
	static const struct {
		uint64_t s;
		const char *text;
	} cases[] = {
		{ 0, "less than a minute" },     { 59, "less than a minute" }, { 60, "about 1 min" },
		{ 61, "about 2 min" },           { 600, "about 10 min" },      { 601, "about 15 min" },
		{ 3300, "about 55 min" },        { 3301, "about 1 h" },        { 3601, "about 1 h 10 min" },
		{ 11700, "about 3 h 20 min" },   { 36000, "about 10 h" },      { 36001, "about 11 h" },
		{ 190000, "about 2 d 5 h" },     { 864000, "about 10 d" },     { 864001, "about 11 d" },
		{ 3000000000, "about 34723 d" },
	};
	char out[DURATION_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(duration_about(cases[i].s * 1000, out, sizeof(out)), cases[i].text);
	(void)duration_about(UINT64_MAX, out, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(times_of_the_day_are_read_or_refused),
		cmocka_unit_test(durations_are_written_with_two_units),
		cmocka_unit_test(what_is_estimated_is_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
