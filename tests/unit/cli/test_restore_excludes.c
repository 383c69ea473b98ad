/* What a pipeline leaves out of its backups, a restore over its source leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/restore_excludes.h"

static void it_is_that_of_all_its_transfers(void **state)
{
	static struct config_stage stages[] = {
		{ .service = "snapshot", .with_json = "{\"exclude\":[\"no\"]}" },
		{ .service = "transfer", .with_json = "{\"exclude\":[\"*.tmp\",\"a/b\"]}" },
		{ .service = "transfer", .with_json = "{}" },
		{ .service = "transfer", .with_json = "{\"exclude\":[\"@eaDir\", 7]}" },
	};
	const struct config_pipeline pipeline = { .stages = stages, .n_stages = 4 };
	struct restore_excludes excludes;

	(void)state;
	assert_int_equal(restore_excludes_init(&excludes, &pipeline, NULL), 0);
	assert_string_equal(excludes.patterns[0], "*.tmp");
	assert_string_equal(excludes.patterns[1], "a/b");
	assert_string_equal(excludes.patterns[2], "@eaDir");
	assert_null(excludes.patterns[3]);
	restore_excludes_done(&excludes);
}

static void without_a_configuration_it_is_nothing(void **state)
{
	struct restore_excludes excludes;

	(void)state;
	assert_int_equal(restore_excludes_init(&excludes, NULL, NULL), 0);
	assert_null(excludes.patterns[0]);
	restore_excludes_done(&excludes);
	restore_excludes_done(&excludes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_that_of_all_its_transfers),
		                            cmocka_unit_test(without_a_configuration_it_is_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
