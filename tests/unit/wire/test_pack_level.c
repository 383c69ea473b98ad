/* What does not shrink is stored, what does is found again soon, and the level follows link and CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/pack_level.h"

#define CHUNK 65536u

static void took(struct pack_level *level, unsigned n, unsigned percent, bool waited)
{
	for (unsigned i = 0; i < n; i++)
		pack_level_took(level, CHUNK, level->stored ? CHUNK : (size_t)CHUNK * percent / 100, waited);
}

static void what_does_not_shrink_is_stored_after_two_chunks(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	took(&level, 1, 100, false);
	assert_false(level.stored);
	took(&level, 1, 100, false);
	assert_true(level.stored);
}

static void one_dull_chunk_between_others_changes_nothing(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	for (int i = 0; i < 50; i++) {
		took(&level, 1, 100, false);
		took(&level, 1, 50, false);
		assert_false(level.stored);
	}
}

static void a_look_comes_within_4_MiB_and_costs_at_most_a_fiftieth(void **state)
{
	struct pack_level level;
	unsigned looks = 0;
	unsigned since = 0;

	(void)state;
	pack_level_init(&level);
	took(&level, 2, 100, false);
	for (unsigned i = 0; i < 16384; i++) { /* 1 GiB */
		since = level.stored ? since + 1 : 0;
		looks += !level.stored;
		assert_true(since <= 64);
		took(&level, 1, 100, false);
	}
	assert_in_range(looks, 1, 16384 / 50);
}

static void what_shrinks_again_is_compressed_from_the_look_on(void **state)
{
	struct pack_level level;
	unsigned stored = 0;

	(void)state;
	pack_level_init(&level);
	took(&level, 10000, 100, false);
	while (level.stored) {
		took(&level, 1, 30, false);
		assert_true(++stored <= 64);
	}
	took(&level, 1000, 30, false);
	assert_false(level.stored);
	/* and the next dull stretch needs two chunks again, and is looked at early */
	took(&level, 1, 100, false);
	assert_false(level.stored);
	took(&level, 1, 100, false);
	assert_true(level.stored);
	took(&level, 8, 100, false);
	assert_false(level.stored);
}

static void small_chunks_say_nothing(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	for (int i = 0; i < 1000; i++)
		pack_level_took(&level, 200, 210, true);
	assert_false(level.stored);
	assert_int_equal(level.level, PACK_LEVEL_FIRST);
}

static void the_level_rises_while_the_link_is_waited_for(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	took(&level, 16, 50, true);
	assert_int_equal(level.level, PACK_LEVEL_FIRST + 1);
	took(&level, 1000, 50, true);
	assert_int_equal(level.level, PACK_LEVEL_MOST);
}

static void the_level_falls_while_the_link_takes_all_and_is_never_0(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	for (int i = 0; i < 1000; i++) {
		took(&level, 1, 50, false);
		assert_int_not_equal(level.level, 0);
	}
	assert_int_equal(level.level, PACK_LEVEL_LEAST);
	took(&level, 16, 50, true);
	assert_int_equal(level.level, 1);
}

static void between_both_the_level_stays(void **state)
{
	struct pack_level level;

	(void)state;
	pack_level_init(&level);
	for (int i = 0; i < 1000; i++)
		took(&level, 1, 50, i % 4 == 0);
	assert_int_equal(level.level, PACK_LEVEL_FIRST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_shrink_is_stored_after_two_chunks),
		cmocka_unit_test(one_dull_chunk_between_others_changes_nothing),
		cmocka_unit_test(a_look_comes_within_4_MiB_and_costs_at_most_a_fiftieth),
		cmocka_unit_test(what_shrinks_again_is_compressed_from_the_look_on),
		cmocka_unit_test(small_chunks_say_nothing),
		cmocka_unit_test(the_level_rises_while_the_link_is_waited_for),
		cmocka_unit_test(the_level_falls_while_the_link_takes_all_and_is_never_0),
		cmocka_unit_test(between_both_the_level_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
