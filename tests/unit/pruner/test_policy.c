/* What may go is decided by rules that count what is there; whatever must not go stays, however the clock was set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "pruner/policy.h"

#define MOST 64

/* A list of generations as text, oldest first: "2026-01-31T23:59:59" and, behind it, letters: c clean, i in-flight, n incomplete
 * (quiet otherwise), C the current one, p pinned,
 * h held by the brake. */
static size_t read_list(const char *text, struct generation_info *list)
{
	size_t n = 0;

	while (*text != '\0') {
		struct tm tm = { 0 };
		const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

		if (rest == NULL)
			fail_msg("bad list at %s", text);
		assert_true(n < MOST);
		memset(&list[n], 0, sizeof(list[n]));
		list[n].taken_at_s = timegm(&tm);
		(void)snprintf(list[n].state, sizeof(list[n].state), "quiet");
		for (; *rest != '\0' && *rest != ' '; rest++) {
			if (strchr("cin", *rest) != NULL)
				(void)snprintf(list[n].state, sizeof(list[n].state), "%s",
				               *rest == 'c'   ? "clean"
				               : *rest == 'i' ? "in-flight"
				                              : "incomplete");
			list[n].current = list[n].current || *rest == 'C';
			list[n].pinned = list[n].pinned || *rest == 'p';
			list[n].held = list[n].held || *rest == 'h';
		}
		n++;
		text = rest + strspn(rest, " ");
	}
	return n;
}

static const struct {
	const char *promise;
	struct policy policy; /* last, hourly, daily, weekly, monthly, yearly */
	const char *list;
	const char *kept; /* K or . for each, oldest first */
} cases[] = {
	{ "nothing there, nothing to do", { { 3 } }, "", "" },
	{ "the only one is never removed", { { 0, 0, 0, 0, 0, 1 } }, "1970-01-01T00:00:00", "K" },
	{ "without rules everything is kept",
	  { { 0 } },
	  "2020-01-01T00:00:00 2021-01-01T00:00:00 2022-01-01T00:00:00C",
	  "KKK" },
	{ "last counts in the vault's order",
	  { { 2 } },
	  "2026-01-01T00:00:00 2026-01-02T00:00:00 2026-01-03T00:00:00",
	  ".KK" },
	{ "last may be more than there are", { { 9 } }, "2026-01-01T00:00:00 2026-01-02T00:00:00", "KK" },
	{ "what the brake holds stays",
	  { { 1 } },
	  "2026-01-01T00:00:00h 2026-01-02T00:00:00h 2026-01-03T00:00:00 2026-01-04T00:00:00C",
	  "KK.K" },
	{ "last trusts the order, not the dates",
	  { { 2 } },
	  "2026-01-03T00:00:00 2099-01-01T00:00:00 1970-01-01T00:00:00 1970-01-02T00:00:00",
	  "..KK" },
	{ "one second, many generations: each is its own",
	  { { 2 } },
	  "2026-01-01T00:00:00 2026-01-01T00:00:00 2026-01-01T00:00:00",
	  ".KK" },
	{ "one second, many generations: one an hour",
	  { { 0, 9 } },
	  "2026-01-01T00:00:00 2026-01-01T00:00:00 2026-01-01T00:00:00",
	  "..K" },
	{ "hours end on the hour",
	  { { 0, 9 } },
	  "2026-01-01T09:59:59 2026-01-01T10:00:00 2026-01-01T10:59:59 2026-01-01T11:00:00",
	  "K.KK" },
	{ "of a day the newest stays",
	  { { 0, 0, 9 } },
	  "2026-01-01T01:00:00 2026-01-01T23:59:59 2026-01-02T00:00:00",
	  ".KK" },
	{ "days without a generation are not counted",
	  { { 0, 0, 2 } },
	  "2020-01-01T00:00:00 2021-06-01T00:00:00 2026-01-02T00:00:00",
	  ".KK" },
	{ "weeks begin on Monday",
	  { { 0, 0, 0, 9 } },
	  "2026-11-22T23:59:59 2026-11-23T00:00:00 2026-11-29T23:59:59 2026-11-30T00:00:00",
	  "K.KK" },
	{ "a week across two years is one", { { 0, 0, 0, 9 } }, "2025-12-29T00:00:00 2026-01-04T23:59:59", ".K" },
	{ "months end with their last day",
	  { { 0, 0, 0, 0, 9 } },
	  "2026-01-31T23:59:59 2026-02-01T00:00:00 2026-02-28T23:59:59 2026-03-01T00:00:00",
	  "K.KK" },
	{ "a leap year has its day",
	  { { 0, 0, 0, 0, 9 } },
	  "2024-02-29T12:00:00 2024-03-01T00:00:00 2100-02-28T23:59:59 2100-03-01T00:00:00",
	  "KKKK" },
	{ "years end at New Year's Eve",
	  { { 0, 0, 0, 0, 0, 9 } },
	  "2024-12-31T23:59:59 2025-01-01T00:00:00 2025-12-31T23:59:59 2026-01-01T00:00:00",
	  "K.KK" },
	{ "before 1970 time goes on",
	  { { 0, 0, 9 } },
	  "1969-12-30T23:59:59 1969-12-31T00:00:00 1969-12-31T23:59:59 1970-01-01T00:00:00",
	  "K.KK" },
	{ "rules add up",
	  { { 1, 0, 2, 0, 2 } },
	  "2026-01-10T00:00:00 2026-02-01T00:00:00 2026-02-20T00:00:00 2026-03-01T00:00:00 2026-03-02T01:00:00 "
	  "2026-03-02T02:00:00",
	  "..KK.K" },
	{ "summer and winter time make no difference: the 25 hours of a day in Berlin are 25 hours",
	  { { 0, 48 } },
	  "2026-10-24T23:30:00 2026-10-25T00:30:00 2026-10-25T01:30:00 2026-10-25T02:30:00",
	  "KKKK" },
	{ "summer and winter time make no difference: no day is counted twice",
	  { { 0, 0, 2 } },
	  "2026-03-28T22:30:00 2026-03-28T23:30:00 2026-03-29T00:30:00 2026-03-29T01:30:00 2026-03-29T22:30:00",
	  ".K..K" },

	{ "the current one stays though it is not the newest",
	  { { 1 } },
	  "2026-01-01T00:00:00C 2026-01-02T00:00:00 2026-01-03T00:00:00",
	  "K.K" },
	{ "pinned ones stay", { { 1 } }, "2026-01-01T00:00:00p 2026-01-02T00:00:00 2026-01-03T00:00:00C", "K.K" },
	{ "the last clean one stays until there is a newer one",
	  { { 1 } },
	  "2026-01-01T00:00:00c 2026-01-02T00:00:00c 2026-01-03T00:00:00i 2026-01-04T00:00:00i",
	  ".K.K" },
	{ "and goes then", { { 1 } }, "2026-01-01T00:00:00c 2026-01-02T00:00:00i 2026-01-03T00:00:00cC", "..K" },
	{ "the last whole one stays beside an older clean one",
	  { { 1 } },
	  "2026-01-01T00:00:00c 2026-01-02T00:00:00 2026-01-03T00:00:00 2026-01-04T00:00:00n",
	  "K.KK" },
	{ "within a day a whole one is worth more than a newer one in flight",
	  { { 0, 0, 3 } },
	  "2026-01-01T01:00:00 2026-01-01T02:00:00 2026-01-01T03:00:00i 2026-01-02T00:00:00 2026-01-03T00:00:00",
	  ".K.KK" },

	{ "a clock at 1970 for once takes nothing away",
	  { { 0, 0, 3 } },
	  "2026-01-01T00:00:00 2026-01-02T00:00:00 1970-01-01T00:00:10 2026-01-03T00:00:00 2026-01-04T00:00:00",
	  ".KKKK" },
	{ "a clock in 2099 for once takes nothing away",
	  { { 0, 0, 3 } },
	  "2026-01-01T00:00:00 2026-01-02T00:00:00 2099-01-01T00:00:00 2026-01-03T00:00:00 2026-01-04T00:00:00",
	  ".KKKK" },
	{ "of two dates that can't both be right the far one in the past is not counted",
	  { { 0, 0, 3 } },
	  "2026-01-02T00:00:00 1970-01-01T00:00:10 2026-01-03T00:00:00 2026-01-04T00:00:00",
	  "KKKK" },
	{ "nor the far one in the future",
	  { { 0, 0, 2 } },
	  "2026-01-01T00:00:00 2026-01-02T00:00:00 2099-01-01T00:00:00 2026-01-03T00:00:00",
	  ".KKK" },
	{ "a clock in 2099 for good makes nothing old at once",
	  { { 0, 0, 3 } },
	  "2026-01-01T00:00:00 2026-01-02T00:00:00 2099-01-01T00:00:00C",
	  "KKK" },
	{ "after a wrong clock the counts are soon right again",
	  { { 0, 0, 2 } },
	  "2026-01-01T00:00:00 2099-01-01T00:00:00 2026-01-02T00:00:00 2026-01-03T00:00:00",
	  "..KK" },
	{ "a day with a wrong clock in its middle is counted once",
	  { { 0, 0, 2 } },
	  "2026-01-01T00:00:00 2026-01-02T01:00:00 2099-01-01T00:00:00 2026-01-02T03:00:00",
	  "K.KK" },
};

static void the_rules_keep_what_they_promise(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct generation_info list[MOST];
		struct policy_verdict verdicts[MOST];
		size_t n = read_list(cases[i].list, list);
		char kept[MOST + 1] = "";

		assert_int_equal(policy_generations(&cases[i].policy, list, n, verdicts, NULL), 0);
		for (size_t j = 0; j < n; j++) {
			kept[j] = verdicts[j].keep ? 'K' : '.';
			assert_true(verdicts[j].reason[0] != '\0');
		}
		if (strcmp(kept, cases[i].kept) != 0)
			fail_msg("%s: %s, not %s", cases[i].promise, kept, cases[i].kept);
	}
}

/* Removing what may go and asking again changes nothing: a second run finds nothing to do. */
static void asked_again_there_is_nothing_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct generation_info list[MOST];
		struct policy_verdict verdicts[MOST];
		size_t n = read_list(cases[i].list, list);
		size_t left = 0;

		assert_int_equal(policy_generations(&cases[i].policy, list, n, verdicts, NULL), 0);
		for (size_t j = 0; j < n; j++)
			if (verdicts[j].keep)
				list[left++] = list[j];
		assert_int_equal(policy_generations(&cases[i].policy, list, left, verdicts, NULL), 0);
		for (size_t j = 0; j < left; j++)
			if (!verdicts[j].keep)
				fail_msg("%s: the second time number %zu goes", cases[i].promise, j);
	}
}

/* Clocks at random: whatever they say, a rule of N leaves N of the newest periods, if there are as many. */
static void no_clock_makes_a_rule_keep_less(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		const struct policy policy = { { 0, 0, 1 + round % 7 } };
		struct generation_info list[MOST];
		struct policy_verdict verdicts[MOST];
		size_t days = 0;
		size_t kept = 0;
		size_t n = 1 + round % MOST;

		for (size_t i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			memset(&list[i], 0, sizeof(list[i]));
			list[i].taken_at_s = (int64_t)i * 43200 +
			                     (random >> 28 == 0 ? (int64_t)(random % 9000) * 86400 - 100000000 : 0);
			(void)snprintf(list[i].state, sizeof(list[i].state), "in-flight");
		}
		assert_int_equal(policy_generations(&policy, list, n, verdicts, NULL), 0);
		for (size_t i = n; i-- > 0;) {
			bool new_day = true;

			for (size_t j = i + 1; j < n; j++)
				new_day = new_day && list[j].taken_at_s / 86400 != list[i].taken_at_s / 86400;
			days += new_day;
			kept += verdicts[i].keep;
		}
		assert_true(kept >= (days < policy.keep[POLICY_DAILY] ? days : policy.keep[POLICY_DAILY]));
	}
}

static void the_time_zone_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "Pacific/Kiritimati", 1), 0);
	tzset();
	the_rules_keep_what_they_promise(NULL);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void every_keeping_has_its_reasons(void **state)
{
	const struct policy policy = { { 2, 0, 2 } };
	struct generation_info list[MOST];
	struct policy_verdict verdicts[MOST];
	size_t n = read_list("2026-01-01T00:00:00 2026-01-02T00:00:00 2026-01-03T00:00:00pc 2026-01-04T00:00:00 "
	                     "2026-01-04T01:00:00iC",
	                     list);

	(void)state;
	assert_int_equal(policy_generations(&policy, list, n, verdicts, NULL), 0);
	assert_string_equal(verdicts[0].reason, "no rule keeps it");
	assert_false(verdicts[1].keep);
	assert_string_equal(verdicts[2].reason, "pinned, newest clean one, daily 2 of 2");
	assert_string_equal(verdicts[3].reason, "newest whole one, last 2 of 2, daily 1 of 2");
	assert_string_equal(verdicts[4].reason, "current, last 1 of 2");
	assert_string_equal(policy_rule_name(POLICY_YEARLY), "yearly");
}

static void times_beyond_any_calendar_are_survived(void **state)
{
	const struct policy policy = { { 0, 9, 9, 9, 9, 9 } };
	struct generation_info list[3] = { { .taken_at_s = INT64_MIN },
		                           { .taken_at_s = 0 },
		                           { .taken_at_s = INT64_MAX } };
	struct policy_verdict verdicts[3];

	(void)state;
	assert_int_equal(policy_generations(&policy, list, 3, verdicts, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(verdicts[i].keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules_keep_what_they_promise),
		cmocka_unit_test(asked_again_there_is_nothing_to_do),
		cmocka_unit_test(no_clock_makes_a_rule_keep_less),
		cmocka_unit_test(the_time_zone_does_not_matter),
		cmocka_unit_test(every_keeping_has_its_reasons),
		cmocka_unit_test(times_beyond_any_calendar_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
