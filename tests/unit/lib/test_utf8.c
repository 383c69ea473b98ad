/* The well-formed sequences of RFC 3629, and none else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/utf8.h"

static const struct {
	const char *text;
	unsigned bytes;
	uint32_t point;
} rows[] = {
	{ "a", 1, 'a' },
	{ "\x7f", 1, 0x7f },
	{ "\xc2\x80", 2, 0x80 },
	{ "ä", 2, 0xe4 },
	{ "\xdf\xbf", 2, 0x7ff },
	{ "\xe0\xa0\x80", 3, 0x800 },
	{ "\xed\x9f\xbf", 3, 0xd7ff },
	{ "\xee\x80\x80", 3, 0xe000 },
	{ "\xf0\x90\x80\x80", 4, 0x10000 },
	{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	{ "", 0, 0 },
	{ "\x80", 0, 0 },
	{ "\xc0\x80", 0, 0 },
	{ "\xc1\xbf", 0, 0 },
	{ "\xe0\x9f\xbf", 0, 0 },
	{ "\xed\xa0\x80", 0, 0 },
	{ "\xed\xbf\xbf", 0, 0 },
	{ "\xf0\x8f\xbf\xbf", 0, 0 },
	{ "\xf4\x90\x80\x80", 0, 0 },
	{ "\xf5\x80\x80\x80", 0, 0 },
	{ "\xff", 0, 0 },
	{ "\xc3", 0, 0 },
	{ "\xe2\x82", 0, 0 },
	{ "\xc3(", 0, 0 },
};

static void each_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t point = 0;
		unsigned bytes = utf8_at(rows[i].text, &point);

		if (bytes != rows[i].bytes || point != rows[i].point)
			fail_msg("row %zu: %u bytes, %x", i, bytes, point);
	}
	assert_int_equal(utf8_at("ä", NULL), 2);
}

static void what_is_put_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[UTF8_BYTES_MAX];

		if (rows[i].bytes == 0)
			continue;
		assert_int_equal(utf8_put(rows[i].point, out), rows[i].bytes);
		assert_memory_equal(out, rows[i].text, rows[i].bytes);
	}
}

static void half_a_character_is_cut_off(void **state)
{
	static const struct {
		const char *text, *cut;
	} ends[] = {
		{ "", "" },
		{ "abc", "abc" },
		{ "ab\xc3", "ab" },
		{ "ab\xc3\xa4", "ab\xc3\xa4" },
		{ "ab\xe2\x82", "ab" },
		{ "\xf0\x9f\x98", "" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		/* No cut leaves these. */
		{ "ab\xff", "ab\xff" },
		{ "ab\x82", "ab\x82" },
		{ "\x82\x82\x82\x82", "\x82\x82\x82\x82" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%s", ends[i].text);
		utf8_cut(text);
		assert_string_equal(text, ends[i].cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_known), cmocka_unit_test(what_is_put_is_there),
		                            cmocka_unit_test(half_a_character_is_cut_off) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
