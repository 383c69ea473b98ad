/* Hexadecimal digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"

static void every_byte_is_two_digits_and_an_end_follows(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x09, 0x0a, 0x7f, 0x80, 0xff };
	char text[16];

	(void)state;
	memset(text, 'x', sizeof(text));
	hex_text(bytes, sizeof(bytes), text);
	assert_string_equal(text, "00090a7f80ff");
	assert_int_equal(text[13], 'x');
	hex_text(bytes, 0, text);
	assert_string_equal(text, "");
}

static void so_many_bytes_are_so_many_digits_and_nothing_else(void **state)
{
	(void)state;
	assert_true(hex_is("00ff", 2));
	assert_true(hex_is("", 0));
	assert_false(hex_is("", 2));
	assert_false(hex_is("00f", 2));
	assert_false(hex_is("00ff0", 2));
	assert_false(hex_is("00fF", 2));
	assert_false(hex_is("00fg", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_two_digits_and_an_end_follows),
		cmocka_unit_test(so_many_bytes_are_so_many_digits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
