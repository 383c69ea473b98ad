/* When a vault has caught up, that it never will, when disks will be full; and that what is not known makes no warning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/forecast.h"

#define NOW 1700000000
#define HOUR 3600
#define DAY 86400
#define GB 1000000000ull
#define MB 1000000ull
#define KB 1000ull

static const struct config_rate night[] = { { 6 * 60, 22 * 60, 1 * KB }, { 22 * 60, 6 * 60, 0 } };
static const struct config_rate always[] = { { 0, 0, 200 * KB } };

static const struct row {
	const char *name;
	struct forecast_input in;
	unsigned warnings;
	int64_t caught_up_in_s; /* 0: none */
	int64_t slack_s;
	const char *reason; /* a part of it */
} rows[] = {
	{ "nothing known",
	  { .now_s = NOW, .behind = true },
	  0,
	  0,
	  0,
	  "no transfer has shown yet how fast the link is, it is not known" },
	{ "nothing waits",
	  { .now_s = NOW, .change_bytes = 3 * GB, .change_span_s = 10 * DAY, .link_bytes_per_s = 200 * KB },
	  0,
	  0,
	  0,
	  "" },
	{ "an hour's worth, nothing added",
	  { .now_s = NOW,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 3600 * MB },
	  0,
	  HOUR,
	  60,
	  "" },
	{ "as much again is added meanwhile",
	  { .now_s = NOW,
	    .change_bytes = 43200 * MB,
	    .change_span_s = DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 3600 * MB },
	  0,
	  2 * HOUR,
	  120,
	  "" },
	{ "ten days' worth of a link that change fills by half",
	  { .now_s = NOW,
	    .change_bytes = 432 * GB,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 432 * GB },
	  0,
	  10 * DAY,
	  HOUR,
	  "" },
	{ "others share the link",
	  { .now_s = NOW,
	    .change_span_s = 10 * DAY,
	    .others_bytes_per_day = 43200 * MB,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 3600 * MB },
	  0,
	  2 * HOUR,
	  120,
	  "" },
	{ "the rate counts, not what the link could",
	  { .now_s = NOW,
	    .rates = always,
	    .n_rates = 1,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 100 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 720 * MB },
	  0,
	  HOUR,
	  60,
	  "" },
	{ "the night's window opens in an hour",
	  { .now_s = NOW,
	    .minute = 21 * 60,
	    .rates = night,
	    .n_rates = 2,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 3600 * MB },
	  0,
	  2 * HOUR,
	  120,
	  "" },
	{ "the night has just closed: tomorrow",
	  { .now_s = NOW,
	    .minute = 6 * 60,
	    .rates = night,
	    .n_rates = 2,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 3600 * MB },
	  0,
	  17 * HOUR,
	  300,
	  "" },
	{ "more changes than can cross",
	  { .now_s = NOW,
	    .rates = always,
	    .n_rates = 1,
	    .change_bytes = 200 * GB,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 100 * MB,
	    .behind = true },
	  FORECAST_NEVER,
	  0,
	  0,
	  "20.0 GB change a day, but only 17.2 GB can cross" },
	{ "… which others' changes make too",
	  { .now_s = NOW,
	    .change_bytes = 10 * GB,
	    .change_span_s = 10 * DAY,
	    .others_bytes_per_day = 90 * GB,
	    .link_bytes_per_s = 1 * MB },
	  FORECAST_NEVER,
	  0,
	  0,
	  "91.0 GB change a day" },
	{ "… but a busy day is no trend",
	  { .now_s = NOW,
	    .change_bytes = 200 * GB,
	    .change_span_s = DAY,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = GB },
	  0,
	  0,
	  0,
	  "" },
	{ "a first copy is timed without knowing what changes",
	  { .now_s = NOW,
	    .link_bytes_per_s = 1 * MB,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 36000 * MB },
	  0,
	  10 * HOUR,
	  60,
	  "it is not known yet how much changes" },
	{ "what is decades away is not told",
	  { .now_s = NOW,
	    .change_span_s = 10 * DAY,
	    .link_bytes_per_s = 1,
	    .behind = true,
	    .backlog_known = true,
	    .backlog_bytes = 1000 * GB },
	  0,
	  0,
	  0,
	  "" },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		int64_t expected = row->caught_up_in_s != 0 ? NOW + row->caught_up_in_s : 0;
		struct forecast out;

		forecast_make(&row->in, &out);
		if (out.warnings != row->warnings || out.never != (row->warnings == FORECAST_NEVER))
			fail_msg("%s: warnings %#x", row->name, out.warnings);
		if (out.caught_up_at < expected - row->slack_s || out.caught_up_at > expected + row->slack_s)
			fail_msg("%s: caught up in %lld s", row->name, (long long)(out.caught_up_at - NOW));
		if (strstr(out.reason, row->reason) == NULL || (row->reason[0] == '\0' && out.reason[0] != '\0'))
			fail_msg("%s: \"%s\"", row->name, out.reason);
	}
}

/* n samples, one a day, the last now: from, then so much less each day. */
static struct forecast_space falling(size_t n, uint64_t last, int64_t daily, int64_t noise)
{
	struct forecast_space space = { .n = n };

	for (size_t i = 0; i < n; i++) {
		int64_t age = (int64_t)(n - 1 - i);

		space.samples[i].at_s = NOW - age * DAY;
		space.samples[i].free_bytes = (uint64_t)((int64_t)last + age * daily + (i % 2 == 0 ? noise : -noise));
	}
	return space;
}

static const struct {
	const char *name;
	size_t n;
	uint64_t last;
	int64_t daily, noise;
	int64_t full_in_days; /* -1: never */
	bool warned;
} disks[] = {
	{ "ten a day of hundred", 10, 100 * GB, 10 * (int64_t)GB, 0, 10, true },
	{ "… with ups and downs", 30, 100 * GB, 10 * (int64_t)GB, 3 * (int64_t)GB, 10, true },
	{ "next year", 30, 3650 * GB, 10 * (int64_t)GB, 0, 365, false },
	{ "next month", 30, 310 * GB, 10 * (int64_t)GB, 0, 31, false },
	{ "it gets emptier", 30, 1000 * GB, -10 * (int64_t)GB + 1, 0, -1, false },
	{ "nothing moves", 30, 100 * GB, 0, 0, -1, false },
	{ "full already", 30, 0, 10 * (int64_t)GB, 0, 0, true },
	{ "three days say enough", 4, 30 * GB, 10 * (int64_t)GB, 0, 3, true },
	{ "two days do not", 3, 30 * GB, 10 * (int64_t)GB, 0, -1, false },
	{ "one measurement", 1, 0, 0, 0, -1, false },
	{ "none", 0, 0, 0, 0, -1, false },
};

static void disks_fill_as_they_did(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct forecast_input in = { .now_s = NOW, .vault = { .n = 0 } };
		int64_t expected = disks[i].full_in_days < 0 ? 0 : NOW + disks[i].full_in_days * DAY;
		int64_t slack = disks[i].noise != 0 ? DAY : 60;
		struct forecast out;

		in.vault = in.source = falling(disks[i].n, disks[i].last, disks[i].daily, disks[i].noise);
		forecast_make(&in, &out);
		if (out.vault_full_at < expected - slack || out.vault_full_at > expected + slack ||
		    out.source_full_at != out.vault_full_at)
			fail_msg("%s: in %lld s", disks[i].name, (long long)(out.vault_full_at - NOW));
		assert_int_equal(out.warnings, disks[i].warned ? FORECAST_VAULT_FULL | FORECAST_SOURCE_FULL : 0);
		if (disks[i].warned)
			assert_non_null(strstr(out.reason, "the vault's disk will be full in "));
	}
}

static void warnings_have_words(void **state)
{
	(void)state;
	assert_string_equal(forecast_word(0), "never-caught-up");
	assert_string_equal(forecast_word(2), "source-full");
	assert_null(forecast_word(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(disks_fill_as_they_did),
		cmocka_unit_test(warnings_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
