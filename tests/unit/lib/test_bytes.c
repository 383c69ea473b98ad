/* Rates say whether they are bits or bytes, or are refused; amounts are written with three digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"

static void rates_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes_per_s;
	} right[] = {
		{ "unlimited", 0 },        { "1.6 Mbit/s", 200000 },  { "200 kB/s", 200000 },
		{ "2Mbit/s", 250000 },     { "8 bit/s", 1 },          { "1 B/s", 1 },
		{ "1 KiB/s", 1024 },       { "0.5 MiB/s", 524288 },   { "1 GiB/s", 1073741824 },
		{ "1 Gbit/s", 125000000 }, { "1.125 MB/s", 1125000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct error err = { 0 };
		uint64_t rate = 1;

		if (bytes_rate_parse(right[i].text, &rate, &err) != 0 || rate != right[i].bytes_per_s)
			fail_msg("%s: %llu %s", right[i].text, (unsigned long long)rate, err.text);
	}
}

static void doubtful_rates_are_refused_with_the_remedy(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} wrong[] = {
		{ "2 Mb/s", "write Mbit/s or MB/s" },
		{ "2 Mbps", "write Mbit/s or MB/s" },
		{ "2 mbit/s", "write Mbit/s" },
		{ "2 kb", "write kbit/s or kB/s" },
		{ "2", "has no unit" },
		{ "0 kB/s", "would send nothing" },
		{ "7 bit/s", "would send nothing" },
		{ "-1 kB/s", "is no rate" },
		{ "fast", "is no rate" },
		{ "", "is no rate" },
		{ "2 kB/s.", "unknown unit" },
		{ "999999999999 GiB/s", "more than can" },
		{ "Unlimited", "or unlimited" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error err = { 0 };
		uint64_t rate = 0;

		assert_int_equal(bytes_rate_parse(wrong[i].text, &rate, &err), -1);
		assert_int_equal(err.class, ERR_INPUT);
		if (strstr(err.text, wrong[i].said) == NULL)
			fail_msg("%s: %s", wrong[i].text, err.text);
	}
}

static void amounts_are_written_with_three_digits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.00 kB" },
		{ 1600, "1.60 kB" },
		{ 23456, "23.4 kB" },
		{ 999999, "999 kB" },
		{ 1000000, "1.00 MB" },
		{ 987654321, "987 MB" },
		{ 1600000000, "1.60 GB" },
		{ 1099511627776, "1.09 TB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	char out[BYTES_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(bytes_text(cases[i].bytes, out, sizeof(out)), cases[i].text);
	assert_string_equal(bytes_rate_text(200000, out, sizeof(out)), "200 kB/s");
	assert_string_equal(bytes_rate_text(0, out, sizeof(out)), "unlimited");
}

static void amounts_are_read(void **state)
{
	static const char *const wrong[] = { "", "7", "7 mb", "MB", "7%", "-1 MB", "1000000000000 TiB" };
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(bytes_parse("64 MiB", &bytes, NULL), 0);
	assert_int_equal(bytes, 67108864);
	assert_int_equal(bytes_parse("1.5kB", &bytes, NULL), 0);
	assert_int_equal(bytes, 1500);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bytes_parse(wrong[i], &bytes, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(doubtful_rates_are_refused_with_the_remedy),
		cmocka_unit_test(amounts_are_written_with_three_digits),
		cmocka_unit_test(amounts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
