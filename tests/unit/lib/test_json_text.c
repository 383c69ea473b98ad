/* Any bytes become a JSON string, and what is text stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/json_text.h"

static void any_bytes_are_a_text(void **state)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{ "", "" },
		{ "photos/снимок.jpg\n", "photos/снимок.jpg\n" },
		{ "фот\xd0", "фот\\xd0" },
		{ "a\xff\nb", "a\\xff\\x0ab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *json = json_text(rows[i].bytes);

		assert_non_null(json);
		assert_string_equal(json_string_value(json), rows[i].text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(any_bytes_are_a_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
