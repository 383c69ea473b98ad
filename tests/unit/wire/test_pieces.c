/* However the bytes are cut and however few are taken at a time, they leave in order and once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/pieces.h"

#define N_PIECES 100 /* more than one writev takes */

static void all_bytes_leave_in_order_whatever_is_taken_at_a_time(void **state)
{
	static const size_t mosts[] = { 1, 2, 7, 64, 1000, 100000 };
	char data[N_PIECES * 5];
	char came[sizeof(data) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31);
	for (size_t m = 0; m < sizeof(mosts) / sizeof(mosts[0]); m++) {
		struct iovec list[N_PIECES];
		struct iovec *pieces = list;
		int n = N_PIECES;
		size_t at = 0;
		int fds[2];

		/* pieces of 0 to 10 bytes; some hold nothing */
		for (int i = 0; i < N_PIECES; i++) {
			size_t len = i + 1 == N_PIECES ? sizeof(data) - at : (size_t)i * 7 % 11;

			if (at + len > sizeof(data))
				len = sizeof(data) - at;
			list[i] = (struct iovec){ data + at, len };
			at += len;
		}
		assert_int_equal(pipe(fds), 0);
		for (size_t left = sizeof(data); left != 0;) {
			ssize_t took = pieces_write(fds[1], pieces, n, mosts[m]);

			assert_in_range(took, 1, mosts[m]);
			pieces_drop(&pieces, &n, (size_t)took);
			left -= (size_t)took;
		}
		assert_int_equal(read(fds[0], came, sizeof(came)), sizeof(data));
		assert_memory_equal(came, data, sizeof(data));
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(close(fds[1]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bytes_leave_in_order_whatever_is_taken_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
