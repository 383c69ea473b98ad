#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/uuid.h"

static void it_has_the_form_of_version_4(void **state)
{
	static const char form[] = "hhhhhhhh-hhhh-4hhh-vhhh-hhhhhhhhhhhh";
	char text[UUID_TEXT_SIZE];
	char other[UUID_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(uuid_make(text, NULL), 0);
		assert_int_equal(strlen(text), strlen(form));
		for (size_t at = 0; form[at] != '\0'; at++) {
			const char *of = form[at] == 'h' ? "0123456789abcdef" : form[at] == 'v' ? "89ab" : NULL;

			assert_true(of != NULL ? strchr(of, text[at]) != NULL : text[at] == form[at]);
		}
		assert_int_equal(uuid_make(other, NULL), 0);
		assert_string_not_equal(text, other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_has_the_form_of_version_4) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
