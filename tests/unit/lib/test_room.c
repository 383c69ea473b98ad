/* min_free as it is written, and the room of a real file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/room.h"

static void amounts_and_shares_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t of_thousand_gib; /* as MiB */
	} good[] = { { "5%", 51200 }, { "2.5 %", 25600 }, { "20 GiB", 20480 },  { "512MiB", 512 }, { "0", 0 },
		     { "0%", 0 },     { "0.04%", 1024 },  { "1 TiB", 1048576 }, { "90%", 921600 }, { NULL, 20480 } };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct room_min min;
		struct error err = { .class = ERR_NONE };

		if (room_min_parse(good[i].text, &min, &err) != 0)
			fail_msg("%s: %s", good[i].text, err.text);
		if (room_min_bytes(&min, UINT64_C(1000) << 30) >> 20 != good[i].of_thousand_gib)
			fail_msg("%s: %llu MiB", good[i].text,
			         (unsigned long long)(room_min_bytes(&min, UINT64_C(1000) << 30) >> 20));
	}
}

static void the_default_is_the_smaller_of_a_share_and_an_amount(void **state)
{
	struct room_min min;

	(void)state;
	assert_int_equal(room_min_parse(NULL, &min, NULL), 0);
	assert_int_equal(room_min_bytes(&min, 2000000000), 100000000);
	assert_int_equal(room_min_bytes(&min, UINT64_C(10) << 40), UINT64_C(20) << 30);
	assert_int_equal(room_min_bytes(&min, 0), 0);
}

static void what_is_unclear_is_refused_with_a_remedy(void **state)
{
	static const char *const bad[] = { "",
		                           "5",
		                           "GiB",
		                           "-5%",
		                           "91%",
		                           "5 %%",
		                           "20 gib",
		                           "20 Gb",
		                           "5.0001%",
		                           "99999999999999 GiB",
		                           "1000000000000 TiB",
		                           "%",
		                           "5%x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct room_min min;
		struct error err = { .class = ERR_NONE };

		if (room_min_parse(bad[i], &min, &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.class, ERR_INPUT);
	}
}

static void a_file_system_tells_its_room(void **state)
{
	struct room tmp;
	struct room proc;
	struct error err;

	(void)state;
	assert_int_equal(room_read("/tmp", &tmp, NULL), 0);
	assert_true(tmp.total_bytes > 0);
	assert_true(tmp.free_bytes <= tmp.total_bytes);
	assert_true(room_same(&tmp, &tmp));
	assert_int_equal(room_read("/nowhere", &proc, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_and_shares_are_read),
		cmocka_unit_test(the_default_is_the_smaller_of_a_share_and_an_amount),
		cmocka_unit_test(what_is_unclear_is_refused_with_a_remedy),
		cmocka_unit_test(a_file_system_tells_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
