#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/macs_json.h"

static void what_is_written_is_read(void **state)
{
	static const struct wire_macs told = {
		.n = 2,
		.list = { { .name = "Anna's MacBook",
		            .state = "finished",
		            .completed_at_s = 7,
		            .verification_failed = true },
		          { .name = "Old iMac", .state = "in-flight" } },
	};
	struct wire_macs read = { .n = 9 };
	json_t *record = json_pack("{s:o}", "macs", macs_json(&told));

	(void)state;
	assert_non_null(record);
	macs_json_read(record, &read);
	assert_int_equal(read.n, 2);
	assert_string_equal(read.list[0].name, "Anna's MacBook");
	assert_string_equal(read.list[0].state, "finished");
	assert_int_equal(read.list[0].completed_at_s, 7);
	assert_true(read.list[0].verification_failed);
	assert_string_equal(read.list[1].name, "Old iMac");
	assert_false(read.list[1].verification_failed);
	json_decref(record);
}

/* Whoever wrote the record: nothing in it reaches a terminal as it is, and it fills no more than there is room for. */
static void what_makes_no_sense_ends_it(void **state)
{
	struct wire_macs read = { .n = 9 };
	json_t *record =
	        json_loads("{\"macs\": [{\"name\": \"a\\u001b[2J\", \"state\": \"finished\", \"completed_at\": -1},"
	                   " {\"name\": 3}, {\"name\": \"c\", \"state\": \"finished\"}]}",
	                   0, NULL);
	json_t *many = json_array();

	(void)state;
	macs_json_read(NULL, &read);
	assert_int_equal(read.n, 0);
	macs_json_read(record, &read);
	assert_int_equal(read.n, 1);
	assert_null(strchr(read.list[0].name, '\x1b'));
	assert_int_equal(read.list[0].completed_at_s, 0);
	json_decref(record);
	for (int i = 0; i < 2 * MACS_CODEC_MAX; i++)
		assert_int_equal(json_array_append_new(many, json_pack("{s:s, s:s}", "name", "a", "state", "finished")),
		                 0);
	record = json_pack("{s:o}", "macs", many);
	macs_json_read(record, &read);
	assert_int_equal(read.n, MACS_CODEC_MAX);
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_makes_no_sense_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
