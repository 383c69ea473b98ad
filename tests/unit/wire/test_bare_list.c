/* A record, and a name, of a far end that may be hostile: whole, or not taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/generation_name.h"
#include "wire/bare_list.h"

#define NAME "2026-11-23T05-36-00Z"
#define RECORD                                                                                                         \
	"{\"generation\": \"" NAME                                                                                     \
	"\", \"run\": \"r1\", \"state\": \"quiet\", \"snapshot_uuid\": \"u\", \"view\": \"v\", "                       \
	"\"ctransid\": 7, \"taken_at\": 1, \"published_at\": 2, \"files\": 3, \"bytes\": 4"

static void test_names(void **state)
{
	(void)state;
	assert_true(generation_name_valid(NAME));
	assert_false(generation_name_valid(""));
	assert_false(generation_name_valid("2026-11-23T05-36-00"));
	assert_false(generation_name_valid("2026-11-23T05-36-00Z/"));
	assert_false(generation_name_valid("2026-11-23T05-36-0/Z"));
	assert_false(generation_name_valid("../../../../etc/pass"));
}

static void test_records(void **state)
{
	struct generation_info g;
	struct bare_list_extra extra;

	(void)state;
	assert_true(bare_list_record(
	        NAME,
	        RECORD ", \"entries\": 9, \"top\": \"t\", \"linked_groups\": 5, \"linked_names\": 6, \"frozen\": true}",
	        &g, &extra));
	assert_true(extra.frozen);
	assert_string_equal(g.run, "r1");
	assert_int_equal(g.files, 3);
	assert_int_equal(g.bytes, 4);
	assert_int_equal(g.ctransid, 7);
	assert_int_equal(extra.entries, 9);
	assert_int_equal(extra.linked_names, 6);
	assert_int_equal(extra.linked_groups, 5);
	assert_string_equal(extra.view, "v");
	/* One of the receiver's. */
	assert_true(bare_list_record(NAME, RECORD ", \"root\": \"ab\", \"new_bytes\": -1}", &g, &extra));
	assert_string_equal(g.root, "");
	assert_int_equal(g.new_bytes, 0);
	assert_int_equal(extra.entries, 0);
	assert_false(extra.frozen);
	assert_false(bare_list_record("2026-11-23T05-36-01Z", RECORD "}", &g, &extra));
	for (size_t n = 0; n < strlen(RECORD); n++) {
		char cut[512];

		(void)snprintf(cut, sizeof(cut), "%.*s", (int)n, RECORD "}");
		assert_false(bare_list_record(NAME, cut, &g, &extra));
	}
	assert_false(bare_list_record(NAME, "[]", &g, &extra));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_records) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
