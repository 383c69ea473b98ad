/* What may wait on a source's disk, what takes its place, and what is given up first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/hold_policy.h"

#define GIB (UINT64_C(1) << 30)

static void a_transfer_is_under_way_by_a_tenth_or_a_gigabyte(void **state)
{
	(void)state;
	assert_false(hold_policy_under_way(false, 0, 0));
	assert_false(hold_policy_under_way(false, 0, 5)); /* a tenth of little is nothing */
	assert_false(hold_policy_under_way(false, 99, 1000));
	assert_true(hold_policy_under_way(false, 100, 1000));
	assert_false(hold_policy_under_way(false, GIB - 1, 0)); /* total not known */
	assert_true(hold_policy_under_way(false, GIB, 0));
	assert_true(hold_policy_under_way(false, GIB, 1000 * GIB));
	assert_false(hold_policy_under_way(false, GIB - 1, 1000 * GIB));
	assert_true(hold_policy_under_way(false, UINT64_MAX, UINT64_MAX));
}

static void a_first_copy_is_under_way_with_its_first_byte(void **state)
{
	(void)state;
	assert_false(hold_policy_under_way(true, 0, 1000 * GIB));
	assert_true(hold_policy_under_way(true, 1, 1000 * GIB));
	assert_true(hold_policy_under_way(true, 1, 0));
}

static struct hold hold_of(enum hold_kind kind, int64_t since, uint64_t free_bytes, uint8_t disk)
{
	struct hold hold = { .kind = kind, .since = since, .min_bytes = 100 };

	hold.room.total_bytes = 1000;
	hold.room.free_bytes = free_bytes;
	hold.room.filesystem[0] = disk;
	return hold;
}

static void nothing_is_given_up_while_there_is_room(void **state)
{
	const struct hold holds[] = { hold_of(HOLD_LEFTOVER, 0, 100, 1), hold_of(HOLD_RUN, 1, 100, 1),
		                      hold_of(HOLD_ANCHOR, 1, 500, 2) };

	(void)state;
	assert_int_equal(hold_policy_give_up(holds, 3), 3);
	assert_int_equal(hold_policy_give_up(holds, 0), 0);
}

static void leftovers_go_first_then_the_oldest_run_and_anchors_last(void **state)
{
	struct hold holds[] = { hold_of(HOLD_ANCHOR, 1, 99, 1), hold_of(HOLD_RUN, 30, 99, 1),
		                hold_of(HOLD_RUN, 20, 99, 1),   hold_of(HOLD_LEFTOVER, 0, 99, 1),
		                hold_of(HOLD_ANCHOR, 0, 99, 1), hold_of(HOLD_RUN, 5, 100, 2) };
	static const size_t order[] = { 3, 2, 1, 4, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_int_equal(hold_policy_give_up(holds, 6), order[i]);
		holds[order[i]].min_bytes = 0; /* it is gone */
	}
	assert_int_equal(hold_policy_give_up(holds, 6), 6);
}

static void nothing_more_is_given_up_while_room_is_being_made(void **state)
{
	struct hold holds[] = { hold_of(HOLD_RUN, 1, 99, 1), hold_of(HOLD_RUN, 2, 99, 2) };

	(void)state;
	holds[0].busy = true;
	assert_int_equal(hold_policy_give_up(holds, 2), 1);
	holds[1].busy = true;
	assert_int_equal(hold_policy_give_up(holds, 2), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transfer_is_under_way_by_a_tenth_or_a_gigabyte),
		cmocka_unit_test(a_first_copy_is_under_way_with_its_first_byte),
		cmocka_unit_test(nothing_is_given_up_while_there_is_room),
		cmocka_unit_test(leftovers_go_first_then_the_oldest_run_and_anchors_last),
		cmocka_unit_test(nothing_more_is_given_up_while_room_is_being_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
