#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "receiver/brake.h"

#define MIB (UINT64_C(1) << 20)
#define GB UINT64_C(1000000000)

static void what_trips(void **state)
{
	static const struct {
		const char *what;
		struct brake_question q; /* percent, files, bytes, lost files, lost bytes */
		bool trips;
	} rows[] = {
		{ "nothing", { 50, 1000, 3 * GB, 0, 0 }, false },
		{ "the share was emptied", { 50, 1000, 3 * GB, 1000, 3 * GB }, true },
		{ "half is not more than half", { 50, 1000, 3 * GB, 500, 3 * GB / 2 }, false },
		{ "one file more than half", { 50, 1000, 3 * GB, 501, 0 }, true },
		{ "one byte more than half", { 50, 1000, 3 * GB, 1, 3 * GB / 2 + 1 }, true },
		{ "many small ones, hardly any bytes", { 50, 150000, 900 * GB, 80000, MIB }, true },
		{ "the large one of many", { 50, 1000, 3 * GB, 1, 2 * GB }, true },
		{ "off", { 0, 1000, 3 * GB, 1000, 3 * GB }, false },
		{ "a stricter one", { 10, 1000, 3 * GB, 101, 0 }, true },
		{ "a looser one", { 90, 1000, 3 * GB, 900, 3 * GB / 10 * 9 }, false },
		{ "99 %, and all", { 99, 1000, 3 * GB, 1000, 0 }, true },
		{ "a small generation: a file of three", { 50, 3, 10000, 2, 9000 }, false },
		{ "a small generation: all of 19", { 50, 19, 16 * MIB - 1, 19, 16 * MIB - 1 }, false },
		{ "20 files are enough", { 50, 20, 100, 11, 60 }, true },
		{ "16 MiB are enough", { 50, 1, 16 * MIB, 1, 8 * MIB + 1 }, true },
		{ "the bytes of few small files do not count", { 50, 20, 15 * MIB, 1, 14 * MIB }, false },
		{ "nothing was there", { 50, 0, 0, 0, 0 }, false },
		{ "no overflow", { 99, UINT64_MAX, UINT64_MAX, UINT64_MAX / 100 * 99, UINT64_MAX / 100 * 99 }, false },
		{ "no overflow, all", { 99, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0 }, true },
		/* 33 % of 101 files are 33.33: 33 are not more, 34 are. */
		{ "exactly", { 33, 101, 0, 33, 0 }, false },
		{ "exactly", { 33, 101, 0, 34, 0 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (brake_trips(&rows[i].q) != rows[i].trips)
			fail_msg("%s", rows[i].what);
}

static void when_a_file_counts_as_rewritten(void **state)
{
	static const struct {
		uint64_t old_bytes, kept_bytes;
		bool lost;
	} rows[] = {
		{ 1000, 0, true },
		{ 1000, 1000, false }, /* appended to, or only touched */
		{ 1000, 2000, false },
		{ 3 * MIB, 3 * MIB - 4096, true }, /* its beginning was encrypted */
		{ 16 * MIB, 16 * MIB - 1, true },
		{ 16 * MIB + 1, 16 * MIB, false }, /* a disk image, written in a place */
		{ 1000 * MIB, 900 * MIB, false },
		{ 1000 * MIB, 900 * MIB - 1, true },
		{ 1000 * MIB, 0, true },
		{ 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(brake_file_lost(rows[i].old_bytes, rows[i].kept_bytes), rows[i].lost);
}

static void it_says_the_shares(void **state)
{
	struct brake_question q = { 50, 1000, 3 * GB, 970, 2910000000 };
	char text[BRAKE_REASON_SIZE];

	(void)state;
	assert_string_equal(brake_says(&q, text),
	                    "970 of 1000 files (97 %) and 2.91 GB of 3.00 GB (97 %) were removed or rewritten");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_trips),
		                            cmocka_unit_test(when_a_file_counts_as_rewritten),
		                            cmocka_unit_test(it_says_the_shares) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
