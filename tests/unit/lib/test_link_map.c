#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/link_map.h"
#include "lib/scratch.h"

static void what_is_put_is_found_the_last_one_wins(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct link_map *map;
	char out[16];
	size_t n;

	(void)state;
	assert_int_equal(link_map_new(&map, &err), 0);
	assert_int_equal(link_map_get(map, 1, out, sizeof(out), &n, &err), 0);
	assert_int_equal(link_map_put(map, 1, "one", 3, &err), 0);
	assert_int_equal(link_map_put(map, UINT64_MAX, "most", 4, &err), 0);
	assert_int_equal(link_map_put(map, 1, "uno", 3, &err), 0);
	assert_int_equal(link_map_get(map, 1, out, sizeof(out), &n, &err), 1);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "uno", 3);
	assert_int_equal(link_map_get(map, UINT64_MAX, out, sizeof(out), &n, &err), 1);
	assert_memory_equal(out, "most", 4);
	assert_int_equal(link_map_get(map, UINT64_MAX, out, 3, &n, &err), -1); /* no room */
	link_map_destroy(&map);
	assert_null(map);
	link_map_destroy(&map);
}

static void a_replaced_one_may_be_of_any_length(void **state)
{
	static const char *const values[] = { "", "a", "longer", "short", "", "the longest", "longer" };
	struct error err = { .class = ERR_NONE };
	struct link_map *map;
	char out[16];
	size_t n;

	(void)state;
	assert_int_equal(link_map_new(&map, &err), 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(link_map_put(map, 7, values[i], strlen(values[i]), &err), 0);
		assert_int_equal(link_map_put(map, 8, "beside", 6, &err), 0);
		assert_int_equal(link_map_get(map, 7, out, sizeof(out), &n, &err), 1);
		assert_int_equal(n, strlen(values[i]));
		assert_memory_equal(out, values[i], n);
		assert_int_equal(link_map_get(map, 8, out, sizeof(out), &n, &err), 1);
		assert_memory_equal(out, "beside", 6);
	}
	link_map_destroy(&map);
}

static void half_a_million_fit(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct link_map *map;
	uint64_t value;
	size_t n;

	(void)state;
	assert_int_equal(link_map_new(&map, &err), 0);
	for (uint64_t i = 0; i < 500000; i++)
		assert_int_equal(link_map_put(map, i * 7919, &i, sizeof(i), &err), 0);
	for (uint64_t i = 0; i < 500000; i++) {
		assert_int_equal(link_map_get(map, i * 7919, &value, sizeof(value), &n, &err), 1);
		assert_true(value == i);
		assert_int_equal(link_map_get(map, i * 7919 + 1, &value, sizeof(value), &n, &err), 0);
	}
	link_map_destroy(&map);
}

static void a_scratch_file_holds_what_is_written(void **state)
{
	struct error err = { .class = ERR_NONE };
	FILE *file = scratch_file(&err);
	char text[8] = "";

	(void)state;
	assert_non_null(file);
	assert_int_equal(fputs("scratch", file) >= 0, 1);
	rewind(file);
	assert_int_equal(fread(text, 1, 7, file), 7);
	assert_string_equal(text, "scratch");
	assert_int_equal(fclose(file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found_the_last_one_wins),
		cmocka_unit_test(a_replaced_one_may_be_of_any_length),
		cmocka_unit_test(half_a_million_fit),
		cmocka_unit_test(a_scratch_file_holds_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
