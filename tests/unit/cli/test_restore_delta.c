#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_delta.h"

/* Neither more sums than memory is meant for, nor blocks that are not worth a hash; and as the wire wants them. */
static void sums_are_bounded(void **state)
{
	static const uint64_t sizes[] = { 0,
		                          1,
		                          65536,
		                          131072,
		                          UINT64_C(8) << 30,
		                          UINT64_C(16) << 30,
		                          (UINT64_C(16) << 30) + 1,
		                          UINT64_C(1) << 40,
		                          UINT64_C(1) << 45 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t block = restore_delta_block_bytes(sizes[i]);

		assert_true(block >= 65536 && block >= WIRE_SUM_BLOCK_LEAST);
		assert_int_equal(block & (block - 1), 0);
		assert_true(sizes[i] / block * WIRE_SUM_BYTES <= UINT64_C(4) << 20);
	}
	assert_int_equal(restore_delta_block_bytes(UINT64_C(8) << 30), 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sums_are_bounded) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
