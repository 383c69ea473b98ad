/* However many generations there are, the list of a prune fits into a reply; what goes has its row, and what stays at least its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "pruner/told.h"

static void name_of(size_t i, char name[32])
{
	(void)snprintf(name, 32, "2026-11-27T%02zu-%02zu-%02zuZ", i / 3600, i / 60 % 60, i % 60);
}

/* n of them are told with this reason; out: how many have a row. Returns the result's bytes as JSON. */
static size_t tell(size_t n, const char *reason, struct told *told, size_t *rows, size_t *names)
{
	struct stage_result *result = stage_result_new();
	size_t names_bytes = 0;
	char name[32];
	char *text = NULL;
	size_t bytes;

	assert_non_null(result);
	for (size_t i = 0; i < n; i++) {
		name_of(i, name);
		names_bytes += told_name(name);
	}
	told_begin(told, result, "generations", "generation", TOLD_GENERATIONS_BYTES, names_bytes);
	for (size_t i = 0; i < n; i++) {
		name_of(i, name);
		told_row(told, name, "keep", reason);
	}
	*rows = json_array_size(json_object_get(stage_result_json(result), "generations"));
	*names = json_array_size(json_object_get(stage_result_json(result), "unlisted"));
	text = json_dumps(stage_result_json(result), JSON_COMPACT);
	assert_non_null(text);
	bytes = strlen(text);
	free(text);
	stage_result_destroy(&result);
	return bytes;
}

static void a_short_list_has_all_rows(void **state)
{
	struct told told;
	size_t rows;
	size_t names;

	(void)state;
	(void)tell(700, "last 3 of 700", &told, &rows, &names);
	assert_int_equal(rows, 700);
	assert_int_equal(names, 0);
	assert_int_equal(told.n_cut, 0);
}

static void a_long_one_names_those_without_a_row_and_fits(void **state)
{
	struct told told;
	size_t rows;
	size_t names;

	(void)state;
	for (size_t n = 1000; n <= 8000; n += 1000) {
		assert_in_range(tell(n, "refused: \x01\"\xc3\xbc too young", &told, &rows, &names), 1,
		                TOLD_GENERATIONS_BYTES + 100);
		assert_int_equal(rows + names, n);
		assert_int_equal(told.n_cut, names);
		assert_int_equal(told.n_lost, 0);
	}
	assert_true(rows > 0 && names > 0);
}

static void of_more_than_can_be_named_it_says_so_and_fits(void **state)
{
	struct told told;
	size_t rows;
	size_t names;

	(void)state;
	assert_in_range(tell(20000, "last", &told, &rows, &names), 1, TOLD_GENERATIONS_BYTES + 100);
	assert_int_equal(names, 0);
	assert_true(rows > 1000);
	assert_int_equal(told.n_lost, 20000 - rows);
}

static void what_goes_finds_out_before_whether_it_can_be_told(void **state)
{
	struct stage_result *result = stage_result_new();
	struct told told;
	size_t goes = 0;
	size_t rows;
	char name[32];

	(void)state;
	assert_non_null(result);
	told_begin(&told, result, "generations", "generation", 4000, 50 * told_name("2026-11-27T00-00-00Z"));
	for (size_t i = 0; i < 50; i++) {
		name_of(i, name);
		goes += told_has_room(&told, name, "too old");
		told_row(&told, name, told_has_room(&told, name, "too old") ? "remove" : "keep", "too old");
	}
	rows = json_array_size(json_object_get(stage_result_json(result), "generations"));
	assert_int_equal(rows, goes);
	assert_in_range(goes, 1, 49);
	assert_int_equal(json_array_size(json_object_get(stage_result_json(result), "unlisted")), 50 - goes);
	stage_result_destroy(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_list_has_all_rows),
		cmocka_unit_test(a_long_one_names_those_without_a_row_and_fits),
		cmocka_unit_test(of_more_than_can_be_named_it_says_so_and_fits),
		cmocka_unit_test(what_goes_finds_out_before_whether_it_can_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
