#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_above.h"

static void pass(struct restore_above *above, const char *path)
{
	assert_int_equal(restore_above_pass(above, path, (const uint8_t *)path, strlen(path), NULL), 0);
}

/* The folders that lead to path, each with a space behind. */
static void assert_led(struct restore_above *above, const char *path, const char *expected)
{
	const uint8_t *payload;
	char led[200] = "";
	size_t n;

	while (restore_above_next(above, path, &payload, &n)) {
		size_t used = strlen(led);

		(void)snprintf(led + used, sizeof(led) - used, "%.*s ", (int)n, (const char *)payload);
	}
	assert_string_equal(led, expected);
}

static void each_folder_leads_once_and_from_above(void **state)
{
	struct restore_above above;

	(void)state;
	restore_above_init(&above);
	pass(&above, "");
	pass(&above, "a");
	pass(&above, "a/b");
	assert_led(&above, "a/b/c", "a a/b ");
	assert_led(&above, "a/b/d", "");
	pass(&above, "a/e");
	assert_led(&above, "a/e/f/g", "a/e ");
	restore_above_done(&above);
}

static void what_leads_nowhere_is_forgotten(void **state)
{
	struct restore_above above;

	(void)state;
	restore_above_init(&above);
	pass(&above, "a");
	pass(&above, "a/b");
	pass(&above, "ab"); /* not below a */
	assert_led(&above, "ab/c", "ab ");
	assert_led(&above, "a/b/c", "");
	assert_led(&above, "a", "");
	restore_above_done(&above);
}

static void told_again_for_the_next_part_they_do_not_lead_again(void **state)
{
	struct restore_above above;

	(void)state;
	restore_above_init(&above);
	pass(&above, "");
	pass(&above, "a");
	assert_led(&above, "a/1", "a ");
	pass(&above, "");
	pass(&above, "a");
	assert_led(&above, "a/2", "");
	restore_above_done(&above);
}

static void they_are_bounded(void **state)
{
	static uint8_t much[1 << 20];
	struct restore_above above;
	struct error err = { .class = ERR_NONE };
	char path[200] = "";
	int rc = 0;
	int n = 0;

	(void)state;
	restore_above_init(&above);
	for (; n < 60 && rc == 0; n++) {
		size_t used = strlen(path);

		(void)snprintf(path + used, sizeof(path) - used, "%sd", used != 0 ? "/" : "");
		rc = restore_above_pass(&above, path, much, sizeof(much), &err);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.class, ERR_INPUT);
	assert_true(n > 16);
	restore_above_done(&above);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_folder_leads_once_and_from_above),
		cmocka_unit_test(what_leads_nowhere_is_forgotten),
		cmocka_unit_test(told_again_for_the_next_part_they_do_not_lead_again),
		cmocka_unit_test(they_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
