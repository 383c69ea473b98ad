#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/brake_percent.h"

static void a_percentage_or_off(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned percent;
		const char *says;
	} rows[] = {
		{ "50%", 0, 50, "" },
		{ "1%", 0, 1, "" },
		{ "99 %", 0, 99, "" },
		{ "off", 0, BRAKE_PERCENT_OFF, "" },
		{ "0%", -1, 0, "1% to 99%" },
		{ "100%", -1, 0, "1% to 99%" },
		{ "12.5%", -1, 0, "without places" },
		{ "50", -1, 0, "such as 50%, or off" },
		{ "never", -1, 0, "such as 50%, or off" },
		{ "-5%", -1, 0, "such as 50%" },
		{ "", -1, 0, "such as 50%" },
		{ "50%%", -1, 0, "such as 50%" },
		{ "99999999999999999%", -1, 0, "such as 50%" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		unsigned percent = 7;

		assert_int_equal(brake_percent_parse(rows[i].text, &percent, &err), rows[i].rc);
		assert_int_equal(percent, rows[i].percent);
		assert_true((rows[i].rc == 0) == (err.class == ERR_NONE));
		assert_true(rows[i].rc == 0 || strstr(err.text, rows[i].says) != NULL);
	}
}

static void of_two_the_one_that_trips_sooner(void **state)
{
	static const unsigned rows[][3] = { { 50, 50, 50 }, { 50, 30, 30 }, { 30, 50, 30 }, { 0, 50, 50 },
		                            { 50, 0, 50 },  { 0, 0, 0 },    { 99, 1, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(brake_percent_stricter(rows[i][0], rows[i][1]), rows[i][2]);
	assert_true(brake_percent_valid(0) && brake_percent_valid(99) && !brake_percent_valid(100));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_percentage_or_off),
		                            cmocka_unit_test(of_two_the_one_that_trips_sooner) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
