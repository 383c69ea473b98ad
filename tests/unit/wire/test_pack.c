/* Whatever is sent, in whatever chunks, any decoder of zstd gives it back; and noise costs next to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "wire/pack.h"

#define ROOM_BYTES (64u << 20)

struct link {
	uint8_t *bytes;
	size_t n;
	bool waits;
	const uint8_t *plain; /* where the chunks lie */
	size_t borrowed;      /* bytes that were handed over from there, not from a copy */
};

static int take(void *context, struct iovec *pieces, int n, struct error *err)
{
	struct link *link = context;

	(void)err;
	for (int i = 0; i < n; i++) {
		const uint8_t *from = pieces[i].iov_base;

		assert_true(link->n + pieces[i].iov_len <= ROOM_BYTES);
		if (from >= link->plain && from < link->plain + ROOM_BYTES)
			link->borrowed += pieces[i].iov_len;
		memcpy(link->bytes + link->n, from, pieces[i].iov_len);
		link->n += pieces[i].iov_len;
	}
	return link->waits;
}

struct lab {
	struct link link;
	struct pack_writer writer;
	struct pack *pack;
	uint8_t *plain;
	uint8_t *back;
	size_t n;
	unsigned dice;
};

static void open_lab(struct lab *lab)
{
	*lab = (struct lab){ .dice = 1 };
	lab->link.bytes = malloc(ROOM_BYTES);
	lab->plain = malloc(ROOM_BYTES);
	lab->back = malloc(ROOM_BYTES);
	lab->link.plain = lab->plain;
	assert_non_null(lab->link.bytes);
	assert_non_null(lab->plain);
	assert_non_null(lab->back);
	lab->writer = (struct pack_writer){ take, &lab->link };
	assert_int_equal(pack_new(&lab->pack, NULL), 0);
}

static void close_lab(struct lab *lab)
{
	pack_destroy(&lab->pack);
	assert_null(lab->pack);
	free(lab->link.bytes);
	free(lab->plain);
	free(lab->back);
}

static unsigned roll(struct lab *lab, unsigned sides)
{
	/* xorshift: a congruential one repeats its low bits so soon that zstd finds them. */
	lab->dice ^= lab->dice << 13;
	lab->dice ^= lab->dice >> 17;
	lab->dice ^= lab->dice << 5;
	return lab->dice % sides;
}

static void send_chunk(struct lab *lab, size_t len, bool noise)
{
	size_t first = roll(lab, 2) != 0 ? len : roll(lab, (unsigned)len + 1);
	uint8_t *at = lab->plain + lab->n;
	struct iovec pieces[] = { { at, first }, { at + first, len - first } };

	for (size_t i = 0; i < len; i++)
		at[i] = noise ? (uint8_t)roll(lab, 256) : (uint8_t) "backup "[i % 7];
	assert_int_equal(pack_write(lab->pack, pieces, first == len ? 1 : 2, &lab->writer, NULL), 0);
	lab->n += len;
}

/* With a decoder that knows nothing of ours but the greatest window. */
static void assert_all_comes_back(struct lab *lab)
{
	ZSTD_DCtx *decoder = ZSTD_createDCtx();
	ZSTD_inBuffer in = { lab->link.bytes, lab->link.n, 0 };
	ZSTD_outBuffer out = { lab->back, ROOM_BYTES, 0 };
	size_t before;

	assert_non_null(decoder);
	assert_false(ZSTD_isError(ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, 20)));
	do {
		size_t left = ZSTD_decompressStream(decoder, &out, &in);

		if (ZSTD_isError(left))
			fail_msg("at %zu of %zu: %s", in.pos, in.size, ZSTD_getErrorName(left));
		before = out.pos;
	} while (in.pos != in.size || out.pos != before);
	assert_int_equal(out.pos, lab->n);
	assert_memory_equal(lab->back, lab->plain, lab->n);
	(void)ZSTD_freeDCtx(decoder);
}

static void chunks_of_every_kind_and_size_come_back(void **state)
{
	static const size_t sizes[] = { 1, 300, 65541, 131072, 131073, 262149, 1113000, PACK_CHUNK_MAX };
	struct lab lab;

	(void)state;
	open_lab(&lab);
	for (unsigned i = 0; i < 400 && lab.n < ROOM_BYTES - 2 * PACK_CHUNK_MAX; i++) {
		lab.link.waits = i / 40 % 2 != 0;
		send_chunk(&lab, sizes[roll(&lab, 8) / (i % 3 + 1)], i / 10 % 2 != 0);
	}
	assert_all_comes_back(&lab);
	close_lab(&lab);
}

/* Not only at the end: the other side may be waited for after any chunk. */
static void each_chunk_can_be_read_as_soon_as_it_left(void **state)
{
	struct lab lab;
	size_t at = 0;
	size_t n = 0;

	(void)state;
	open_lab(&lab);
	for (unsigned i = 0; i < 300; i++) {
		size_t before;

		send_chunk(&lab, 1 + roll(&lab, 70000), i / 30 % 2 != 0);
		do {
			before = n;
			assert_int_equal(
			        pack_read(lab.pack, lab.link.bytes, &at, lab.link.n, lab.back, &n, ROOM_BYTES, NULL),
			        0);
		} while (n != before || at != lab.link.n);
		assert_int_equal(n, lab.n);
	}
	assert_memory_equal(lab.back, lab.plain, lab.n);
	close_lab(&lab);
}

static void noise_grows_by_less_than_a_thousandth_and_is_not_copied(void **state)
{
	struct lab lab;

	(void)state;
	open_lab(&lab);
	for (unsigned i = 0; i < 400; i++)
		send_chunk(&lab, 65541, true);
	assert_true(lab.link.n < lab.n + lab.n / 1000);
	assert_true(lab.link.borrowed > lab.n / 10 * 9);
	assert_all_comes_back(&lab);
	close_lab(&lab);
}

static void what_shrinks_is_small_even_behind_noise(void **state)
{
	struct lab lab;
	size_t before;

	(void)state;
	open_lab(&lab);
	for (unsigned i = 0; i < 300; i++)
		send_chunk(&lab, 65541, true);
	before = lab.link.n;
	for (unsigned i = 0; i < 300; i++)
		send_chunk(&lab, 65541, false);
	assert_true(lab.link.n - before < 5u << 20);
	assert_all_comes_back(&lab);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_of_every_kind_and_size_come_back),
		cmocka_unit_test(each_chunk_can_be_read_as_soon_as_it_left),
		cmocka_unit_test(noise_grows_by_less_than_a_thousandth_and_is_not_copied),
		cmocka_unit_test(what_shrinks_is_small_even_behind_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
