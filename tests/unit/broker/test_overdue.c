/* When the state in the vault is too old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/overdue.h"

static const struct {
	const char *name;
	struct overdue_input in;
	bool is;
	int64_t age_s;
} rows[] = {
	{ "fresh", { 1000, 0, 990, 100, 9999, true, false }, false, 10 },
	{ "exactly as old as it may be", { 1000, 0, 900, 100, 9999, true, false }, false, 100 },
	{ "a second older", { 1000, 0, 899, 100, 9999, true, false }, true, 101 },
	{ "any age may be", { 1000000, 0, 0, 0, 9999, true, true }, false, 1000000 },
	{ "nothing there, known for little", { 1000, 950, OVERDUE_NOTHING, 100, 9999, true, false }, false, 50 },
	{ "nothing there, known for long", { 1000, 800, OVERDUE_NOTHING, 100, 9999, true, false }, true, 200 },
	{ "of before the clock began", { 10, 0, -500, 100, 9999, true, false }, true, 510 },
	{ "from the future", { 1000, 0, 5000, 100, 9999, true, false }, false, 0 },
	{ "just started, the watcher silent", { 100000, 0, 0, 50000, 10, false, false }, false, 100000 },
	{ "the watcher still silent", { 100000, 0, 0, 50000, 300, false, false }, true, 100000 },
	{ "just started, and the watcher said it", { 100000, 0, 0, 50000, 10, true, false }, true, 100000 },
	{ "just started, but overdue before", { 100000, 0, 0, 50000, 0, false, true }, true, 100000 },
	{ "patience is a quarter of max_age at most", { 1000, 0, 0, 40, 9, false, false }, false, 1000 },
	{ "… and no more", { 1000, 0, 0, 40, 10, false, false }, true, 1000 },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct overdue now = overdue_decide(&rows[i].in);

		if (now.is != rows[i].is || now.age_s != rows[i].age_s)
			fail_msg("%s: overdue %d, age %lld", rows[i].name, now.is, (long long)now.age_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_table_holds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
