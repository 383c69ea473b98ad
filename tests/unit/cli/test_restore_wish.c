/* A GIVE is what the receiver reads from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/restore_wish.h"
#include "tests/unit/wire/wire_pair.h"

static void wishes_arrive_as_they_were_put(void **state)
{
	char path[WIRE_PATH_MAX + 1];
	struct encoder e;
	struct frame frame;
	struct decoder d;
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	encoder_init(&e);
	for (int round = 0; round < 2; round++) { /* nothing is left of the last one */
		restore_wish_begin(&e);
		restore_wish_put(&e, "a/b", 0, UINT64_MAX);
		restore_wish_put(&e, "c", 7, 9);
		assert_int_equal(restore_wish_send(pair.client, &e, 2, NULL), 0);
		assert_int_equal(wire_flush(pair.client, NULL), 0);
		assert_int_equal(wire_receive(pair.receiver, &frame, NULL), 1);
		assert_int_equal(frame.type, FRAME_GIVE);
		decoder_init(&d, frame.payload, frame.len_bytes);
		assert_int_equal(get_u16(&d), 2);
		get_string(&d, path, sizeof(path));
		assert_string_equal(path, "a/b");
		assert_int_equal(get_u64(&d), 0);
		assert_true(get_u64(&d) == UINT64_MAX);
		get_string(&d, path, sizeof(path));
		assert_string_equal(path, "c");
		assert_int_equal(get_u64(&d), 7);
		assert_int_equal(get_u64(&d), 9);
		assert_int_equal(codec_done(&d, "GIVE", NULL), 0);
	}
	encoder_done(&e);
	close_pair(&pair);
}

static void the_largest_one_is_not_too_large(void **state)
{
	static char path[WIRE_PATH_MAX + 1];
	struct encoder e;
	unsigned n = 0;

	(void)state;
	memset(path, 'x', WIRE_PATH_MAX);
	encoder_init(&e);
	restore_wish_begin(&e);
	while (n < RESTORE_WISH_MOST && e.len_bytes < RESTORE_WISH_BYTES) {
		restore_wish_put(&e, path, 0, 1);
		n++;
	}
	assert_false(e.bad);
	assert_true(e.len_bytes <= frame_greatest(FRAME_GIVE));
	encoder_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(wishes_arrive_as_they_were_put),
		                            cmocka_unit_test(the_largest_one_is_not_too_large) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
