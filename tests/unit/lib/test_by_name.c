#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/by_name.h"

#define NAMES 500

static void of_an_empty_one_nothing_is_found(void **state)
{
	struct by_name names = { .n = 0 };

	(void)state;
	assert_null(by_name_get(&names, "a"));
	by_name_drop(&names, "a");
	by_name_done(&names);
	by_name_done(&names);
}

static void the_newest_thing_has_the_name(void **state)
{
	struct by_name names = { .n = 0 };
	int first;
	int second;

	(void)state;
	assert_int_equal(by_name_put(&names, "a", &first), 0);
	assert_int_equal(by_name_put(&names, "", &second), 0);
	assert_ptr_equal(by_name_get(&names, "a"), &first);
	assert_ptr_equal(by_name_get(&names, ""), &second);
	assert_int_equal(by_name_put(&names, "a", &second), 0);
	assert_ptr_equal(by_name_get(&names, "a"), &second);
	assert_int_equal(names.n, 2);
	by_name_drop(&names, "b");
	by_name_drop(&names, "a");
	assert_null(by_name_get(&names, "a"));
	assert_int_equal(names.n, 1);
	by_name_done(&names);
}

/* Held against a list, whatever comes and goes. */
static void what_is_put_is_found_until_it_is_dropped(void **state)
{
	static char text[NAMES][16];
	struct by_name names = { .n = 0 };
	bool there[NAMES] = { false };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < NAMES; i++)
		(void)snprintf(text[i], sizeof(text[i]), "p%zu", i);
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		size_t i = (size_t)random() % NAMES;

		if (there[i])
			by_name_drop(&names, text[i]);
		else
			assert_int_equal(by_name_put(&names, text[i], &text[i]), 0);
		n += there[i] ? (size_t)-1 : 1;
		there[i] = !there[i];
		assert_int_equal(names.n, n);
		for (size_t k = round % 50 == 0 ? 0 : i; k < (round % 50 == 0 ? NAMES : i + 1); k++)
			assert_ptr_equal(by_name_get(&names, text[k]), there[k] ? &text[k] : NULL);
	}
	by_name_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_empty_one_nothing_is_found),
		cmocka_unit_test(the_newest_thing_has_the_name),
		cmocka_unit_test(what_is_put_is_found_until_it_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
