/* A rate is exact over any ten seconds, whatever the size of the chunks, and across the change of a window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rate.h"

static void without_windows_nothing_waits(void **state)
{
	struct rate rate;
	uint64_t wait_us = 1;

	(void)state;
	rate_init(&rate, NULL, 0, 1000);
	assert_int_equal(rate_take(&rate, 1 << 30, 1000, 0, &wait_us), 1 << 30);
	assert_int_equal(wait_us, 0);
	assert_int_equal(rate_now(&rate, 77), 0);
}

#define SPAN_US INT64_C(10000000)
#define NAP_US 200000
#define SENDS_MAX 400000u

struct sends {
	int64_t at_us[SENDS_MAX];
	size_t bytes[SENDS_MAX];
	size_t n;
};

/* Sends chunks of that size as fast as the rate lets it, each nap too long by up to late_us. */
static void run(struct sends *sends, struct rate *rate, size_t chunk, int64_t from_us, int64_t to_us, int64_t late_us,
                unsigned minute)
{
	size_t left = chunk;
	unsigned dice = 1;

	for (int64_t now_us = from_us; now_us < to_us;) {
		uint64_t wait_us;
		size_t n = rate_take(rate, left, now_us, minute, &wait_us);

		dice = dice * 1103515245u + 12345u;
		if (n == 0) {
			assert_true(wait_us > 0);
			now_us += (int64_t)(wait_us < NAP_US ? wait_us : NAP_US);
			now_us += late_us != 0 ? (int64_t)(dice >> 8) % late_us : 0;
			continue;
		}
		assert_true(n <= left && sends->n < SENDS_MAX);
		sends->at_us[sends->n] = now_us;
		sends->bytes[sends->n++] = n;
		left = left == n ? chunk : left - n;
		now_us += 3; /* the write itself */
	}
}

static double promised(int64_t from_us, int64_t to_us, int64_t change_us, double before, double after)
{
	int64_t middle_us = change_us < from_us ? from_us : change_us > to_us ? to_us : change_us;

	return ((double)(middle_us - from_us) * before + (double)(to_us - middle_us) * after) / 1e6;
}

/* In each 10 s that begin with a send: what left is within 2 % of what the rates promise. Across a change, bytes leave by pieces of
 * the faster rate. */
static void assert_kept(const struct sends *sends, int64_t start_us, int64_t end_us, int64_t change_us, double before,
                        double after)
{
	size_t last = 0;
	double sum = 0;

	for (size_t i = 0; i < sends->n && sends->at_us[i] + SPAN_US <= end_us; i++) {
		int64_t to_us = sends->at_us[i] + SPAN_US;
		double due = promised(sends->at_us[i], to_us, change_us, before, after);
		double off = due * 0.02;

		if (sends->at_us[i] < change_us && to_us > change_us)
			off += 0.05 * (before > after ? before : after);
		for (; last < sends->n && sends->at_us[last] < to_us; last++)
			sum += (double)sends->bytes[last];
		if (sends->at_us[i] >= start_us && (sum < due - off || sum > due + off))
			fail_msg("%.0f bytes in the 10 s from %lld us; due are %.0f", sum, (long long)sends->at_us[i],
			         due);
		sum -= (double)sends->bytes[i];
	}
}

static void any_ten_seconds_carry_the_rate(void **state)
{
	static const uint64_t rates[] = { 16000, 20000, 200000, 250000, 1000000, 12500000, 100000000 };
	static const size_t chunks[] = { 700, 65541, 1048576 };
	static const int64_t lates_us[] = { 0, 100, 20000, 80000 };
	static struct sends sends;

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
		for (size_t c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++)
			for (size_t l = 0; l < sizeof(lates_us) / sizeof(lates_us[0]); l++) {
				const struct config_rate window = { 0, 0, rates[r] };
				struct rate rate;

				if (chunks[c] == 700 && rates[r] > 1000000)
					continue;
				sends.n = 0;
				rate_init(&rate, &window, 1, 0);
				run(&sends, &rate, chunks[c], 0, 4 * SPAN_US, lates_us[l], 0);
				assert_kept(&sends, 0, 4 * SPAN_US, 0, 0, (double)rates[r]);
			}
}

static void a_change_of_the_window_holds_at_once(void **state)
{
	static const uint64_t rates[][2] = { { 16000, 1000000 }, { 1000000, 16000 }, { 100000000, 200000 } };
	static struct sends sends;

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		const struct config_rate windows[] = { { 0, 1, rates[r][0] }, { 1, 0, rates[r][1] } };
		struct rate rate;

		sends.n = 0;
		rate_init(&rate, windows, 2, 0);
		run(&sends, &rate, 65541, 0, 2 * SPAN_US, 100, 0);
		run(&sends, &rate, 65541, 2 * SPAN_US, 4 * SPAN_US, 100, 1);
		assert_kept(&sends, 0, 4 * SPAN_US, 2 * SPAN_US, (double)rates[r][0], (double)rates[r][1]);
	}
}

static void a_slow_link_is_not_silent_for_long(void **state)
{
	const struct config_rate window = { 0, 0, 16000 };
	static struct sends sends;
	struct rate rate;

	(void)state;
	sends.n = 0;
	rate_init(&rate, &window, 1, 0);
	run(&sends, &rate, 262149, 0, 2 * SPAN_US, 0, 0);
	for (size_t i = 1; i < sends.n; i++)
		assert_in_range(sends.at_us[i] - sends.at_us[i - 1], 0, 100000);
}

static void even_a_byte_a_second_goes_on(void **state)
{
	const struct config_rate window = { 0, 0, 1 };
	struct rate rate;
	uint64_t wait_us;

	(void)state;
	rate_init(&rate, &window, 1, 0);
	assert_int_equal(rate_take(&rate, 65536, 0, 0, &wait_us), 0);
	assert_in_range(wait_us, 9999999, 10000001);
	assert_int_equal(rate_take(&rate, 65536, (int64_t)wait_us, 0, &wait_us), 10);
}

static void a_pause_is_not_made_up_for(void **state)
{
	const struct config_rate window = { 0, 0, 1000000 };
	struct rate rate;
	uint64_t wait_us;
	size_t sum = 0;
	size_t n;

	(void)state;
	rate_init(&rate, &window, 1, 0);
	while ((n = rate_take(&rate, 65536, 3600000000, 0, &wait_us)) != 0)
		sum += n;
	assert_in_range(sum, 100000, 150000);
}

static void what_was_unlimited_leaves_no_debt_and_no_credit(void **state)
{
	const struct config_rate windows[] = { { 0, 1, 0 }, { 1, 2, 1000000 } };
	struct rate rate;
	uint64_t wait_us;

	(void)state;
	rate_init(&rate, windows, 2, 0);
	assert_int_equal(rate_take(&rate, 1 << 30, 59000000, 0, &wait_us), 1 << 30);
	assert_int_equal(rate_take(&rate, 50000, 59000000, 1, &wait_us), 0);
	assert_in_range(wait_us, 50000, 50001);
}

static void the_first_window_that_holds_the_minute_counts(void **state)
{
	const struct config_rate windows[] = { { 22 * 60, 6 * 60, 0 }, { 8 * 60, 18 * 60, 100 }, { 0, 0, 500 } };
	static const struct {
		unsigned minute;
		uint64_t bytes_per_s;
	} rows[] = { { 23 * 60, 0 }, { 0, 0 }, { 359, 0 }, { 360, 500 }, { 480, 100 }, { 1079, 100 }, { 1080, 500 } };
	struct rate rate;

	(void)state;
	rate_init(&rate, windows, 3, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rate_now(&rate, rows[i].minute), rows[i].bytes_per_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_windows_nothing_waits),
		cmocka_unit_test(any_ten_seconds_carry_the_rate),
		cmocka_unit_test(a_change_of_the_window_holds_at_once),
		cmocka_unit_test(a_slow_link_is_not_silent_for_long),
		cmocka_unit_test(even_a_byte_a_second_goes_on),
		cmocka_unit_test(a_pause_is_not_made_up_for),
		cmocka_unit_test(what_was_unlimited_leaves_no_debt_and_no_credit),
		cmocka_unit_test(the_first_window_that_holds_the_minute_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
