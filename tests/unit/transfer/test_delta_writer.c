#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <librsync.h>

#include "transfer/delta_writer.h"

#define OLD_BYTES ((size_t)5 << 20)

static struct delta_writer writer;
static uint8_t old[OLD_BYTES];
static uint8_t want[2 * OLD_BYTES], have[2 * OLD_BYTES + 1], delta[3 * OLD_BYTES];
static size_t n_want, n_delta;

static rs_result read_old(void *context, rs_long_t at, size_t *n, void **buffer)
{
	(void)context;
	if ((size_t)at + *n > OLD_BYTES)
		return RS_INPUT_ENDED;
	*buffer = old + at;
	return RS_DONE;
}

/* Everything that is on the wire, put together as the delta that it is. */
static void collect(struct wire *sender, struct wire *receiver, struct error *err)
{
	struct frame frame;

	assert_int_equal(wire_send(sender, FRAME_BYE, NULL, 0, err), 0);
	assert_int_equal(wire_flush(sender, err), 0);
	n_delta = 0;
	while (wire_receive(receiver, &frame, err) == 1 && frame.type == FRAME_FILE_DELTA) {
		memcpy(delta + n_delta, frame.payload, frame.len_bytes);
		n_delta += frame.len_bytes;
	}
}

static void what_is_written_librsync_applies(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct wire *sender;
	struct wire *receiver;
	rs_buffers_t b = { 0 };
	rs_job_t *job;
	int fds[2];

	(void)state;
	srandom(5);
	for (size_t i = 0; i < OLD_BYTES; i++)
		old[i] = (uint8_t)random();
	for (int round = 0; round < 40; round++) {
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(wire_new(fds[0], fds[1], 'C', NULL, &sender, &err), 0);
		assert_int_equal(wire_new(fds[0], fds[1], 'R', NULL, &receiver, &err), 0);
		delta_writer_begin(&writer, sender);
		n_want = 0;
		/* Little enough for the pipe to hold it. */
		for (long steps = random() % 12; steps > 0; steps--) {
			size_t at = (size_t)random() % OLD_BYTES;
			size_t most = random() % 2 == 0 ? 300 : OLD_BYTES / 8;
			size_t n = (size_t)random() % most;

			n = n < OLD_BYTES - at ? n : OLD_BYTES - at;
			if (random() % 2 == 0) {
				n %= 3000;
				assert_int_equal(delta_writer_literal(&writer, old + at, n, &err), 0);
			} else {
				assert_int_equal(delta_writer_copy(&writer, at, n, &err), 0);
			}
			memcpy(want + n_want, old + at, n);
			n_want += n;
		}
		assert_int_equal(delta_writer_end(&writer, &err), 0);
		collect(sender, receiver, &err);
		job = rs_patch_begin(read_old, NULL);
		b = (rs_buffers_t){ .next_in = (char *)delta,
			            .avail_in = n_delta,
			            .eof_in = 1,
			            .next_out = (char *)have,
			            .avail_out = sizeof(have) };
		assert_int_equal(rs_job_iter(job, &b), RS_DONE);
		(void)rs_job_free(job);
		assert_int_equal(sizeof(have) - b.avail_out, n_want);
		assert_memory_equal(have, want, n_want);
		wire_destroy(&sender);
		wire_destroy(&receiver);
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(close(fds[1]), 0);
	}
}

static void copies_that_follow_each_other_are_one_command(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct wire *sender;
	struct wire *receiver;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(wire_new(fds[0], fds[1], 'C', NULL, &sender, &err), 0);
	assert_int_equal(wire_new(fds[0], fds[1], 'R', NULL, &receiver, &err), 0);
	delta_writer_begin(&writer, sender);
	for (uint64_t at = 0; at < 1 << 20; at += 4096)
		assert_int_equal(delta_writer_copy(&writer, at, 4096, &err), 0);
	assert_int_equal(delta_writer_end(&writer, &err), 0);
	collect(sender, receiver, &err);
	assert_int_equal(n_delta,
	                 4 + 1 + 1 + 4 +
	                         1); /* the magic, a copy from one byte's position, of four bytes' length, the end */
	wire_destroy(&sender);
	wire_destroy(&receiver);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_librsync_applies),
		cmocka_unit_test(copies_that_follow_each_other_are_one_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
