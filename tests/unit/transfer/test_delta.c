#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transfer/delta.h"

static void block_lengths_are_multiples_of_4096_near_the_square_root(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t block;
	} rows[] = { { 1, 4096 },
		     { 8 << 20, 4096 },
		     { UINT64_C(16) << 20, 4096 },
		     { (UINT64_C(16) << 20) + 1, 8192 },
		     { UINT64_C(256) << 20, 16384 },
		     { UINT64_C(1) << 40, 4 << 20 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct delta_lengths lengths = delta_lengths(rows[i].size, false);

		assert_int_equal(lengths.block, rows[i].block);
		assert_in_range(lengths.strong, 8, 32);
	}
}

static void a_signature_stays_small_whatever_the_size(void **state)
{
	(void)state;
	for (uint64_t size = 1; size < UINT64_C(1) << 44; size *= 7) {
		struct delta_lengths lengths = delta_lengths(size, true);

		assert_int_equal(lengths.strong, 32);
		if (lengths.block < 16u << 20)
			assert_true(lengths.signature_bytes <= 12 + ((UINT64_C(1) << 18) + 1) * 36);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_lengths_are_multiples_of_4096_near_the_square_root),
		cmocka_unit_test(a_signature_stays_small_whatever_the_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
