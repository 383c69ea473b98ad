/* Compressed, everything crosses as it does plain; a stream that is none, or claims too much, is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <zstd.h>

#include <cmocka.h>

#include "tests/unit/wire/wire_pair.h"

/* As HELLO and WELCOME do: compressed from the frame behind on, even if it came in the same read. */
static void compressed_frames_cross_both_ways(void **state)
{
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_send(pair.client, FRAME_HELLO, "hello", 5, NULL), 0);
	assert_int_equal(wire_flush(pair.client, NULL), 0);
	assert_frame(pair.receiver, FRAME_HELLO, "hello", 5);
	assert_int_equal(wire_send(pair.receiver, FRAME_WELCOME, "welcome", 7, NULL), 0);
	assert_int_equal(wire_compress(pair.receiver, NULL), 0);
	assert_int_equal(wire_send(pair.receiver, FRAME_NOTE, "early", 5, NULL), 0);
	assert_int_equal(wire_flush(pair.receiver, NULL), 0);
	assert_frame(pair.client, FRAME_WELCOME, "welcome", 7);
	assert_int_equal(wire_compress(pair.client, NULL), 0);
	assert_frame(pair.client, FRAME_NOTE, "early", 5);
	cross_both_ways(&pair);
	cross_both_ways(&pair);
	close_pair(&pair);
}

#define LOAD_FRAMES 300u

/* A child sends frames of every size up to the greatest, more than any buffer holds. */
static void many_large_frames_cross(bool compressed, bool noise)
{
	struct pair pair;
	uint8_t *payload = malloc(1048576);
	struct error err = { 0 };
	struct frame frame;
	pid_t pid;
	int status;

	assert_non_null(payload);
	for (size_t i = 0; i < 1048576; i++)
		payload[i] = noise ? (uint8_t)(i * i * 2654435761u >> 13) : 'x';
	open_pair(&pair, NULL);
	if (compressed) {
		assert_int_equal(wire_compress(pair.client, NULL), 0);
		assert_int_equal(wire_compress(pair.receiver, NULL), 0);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int rc = 0;

		for (size_t i = 0; i < LOAD_FRAMES && rc == 0; i++)
			rc = wire_send(pair.client, FRAME_MAKE, payload, i * 3497 % 1048577, NULL);
		_exit(rc == 0 && wire_flush(pair.client, NULL) == 0 ? 0 : 1);
	}
	close_end(&pair, 0);
	for (size_t i = 0; i < LOAD_FRAMES; i++) {
		if (wire_receive(pair.receiver, &frame, &err) != 1)
			fail_msg("frame %zu: %s", i, err.text);
		assert_int_equal(frame.len_bytes, i * 3497 % 1048577);
		assert_memory_equal(frame.payload, payload, frame.len_bytes);
	}
	assert_int_equal(wire_receive(pair.receiver, &frame, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	if (compressed && !noise)
		assert_true(wire_bytes_in(pair.receiver) < 1000000);
	close_pair(&pair);
	free(payload);
}

static void loads_cross_plain_and_compressed(void **state)
{
	(void)state;
	many_large_frames_cross(false, true);
	many_large_frames_cross(true, true);
	many_large_frames_cross(true, false);
}

static void garbage_in_the_compressed_stream_is_told(void **state)
{
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_compress(pair.client, NULL), 0);
	say(&pair, "this is no zstd stream", 22);
	assert_int_equal(wire_receive(pair.client, &frame, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "the compressed stream is broken"));
	close_pair(&pair);
}

/* 64 MiB as a few KiB: the frames in it are refused by their headers, nothing is unpacked ahead. */
static void a_bomb_takes_no_memory(void **state)
{
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };
	size_t large = 64u << 20;
	char *zeros = calloc(1, large);
	size_t room = ZSTD_compressBound(large);
	char *packed = malloc(room);
	size_t n;

	(void)state;
	assert_non_null(zeros);
	assert_non_null(packed);
	memset(zeros, 0xff, large);
	n = ZSTD_compress(packed, room, zeros, large, 1);
	assert_true(n < 65536);
	open_pair(&pair, NULL);
	assert_int_equal(wire_compress(pair.client, NULL), 0);
	say(&pair, packed, n);
	assert_int_equal(wire_receive(pair.client, &frame, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	close_pair(&pair);
	free(packed);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compressed_frames_cross_both_ways),
		cmocka_unit_test(loads_cross_plain_and_compressed),
		cmocka_unit_test(garbage_in_the_compressed_stream_is_told),
		cmocka_unit_test(a_bomb_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
