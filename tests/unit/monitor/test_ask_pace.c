/* Soon after something happened, seldom else, and never for more than a small share of the time. */
#include "monitor/ask_pace.h"
#include "tests/unit/monitor/monitor_lab.h"

static void next(void **state)
{
	static const struct {
		struct ask_pace pace;
		int64_t next_ms;
	} rows[] = {
		{ { .asked_ms = 1000, .answered = true }, 11000 },
		{ { .asked_ms = 1000, .answered = true, .busy = true }, 3000 },
		{ { .asked_ms = 1000, .answered = true, .event_ms = 1500 }, 1700 },
		{ { .asked_ms = 1000, .answered = true, .busy = true, .event_ms = 2900 }, 3000 },
		{ { .asked_ms = 1000, .answered = true, .event_ms = 1500, .took_ms = 100 },
		  2000 }, /* ten times as long */
		{ { .asked_ms = 1000, .answered = true, .busy = true, .took_ms = 400 }, 5000 },
		{ { .asked_ms = 1000, .answered = false, .event_ms = 1500, .took_ms = 3000 },
		  3000 }, /* nobody was there to be spared */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(ask_pace_next_ms(&rows[i].pace), rows[i].next_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(next) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
