/* The Macs of a generation come out as they went in; whatever else comes is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/macs_codec.h"
#include "wire/wire.h"

static struct wire_macs two = { .n = 2,
	                        .list = { { "Anna's MacBook", "finished", 1795600800, false },
	                                  { "B\xc3\xbcro", "unfinished", 0, true } } };

static void they_come_out_as_they_went_in(void **state)
{
	static struct wire_macs got;
	struct encoder e;
	struct decoder d;
	struct error err = { .class = ERR_NONE };

	(void)state;
	encoder_init(&e);
	put_macs(&e, &two);
	decoder_init(&d, e.data, e.len_bytes);
	get_macs(&d, &got);
	assert_int_equal(codec_done(&d, "MACS", &err), 0);
	assert_int_equal(got.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(got.list[i].name, two.list[i].name);
		assert_string_equal(got.list[i].state, two.list[i].state);
		assert_int_equal(got.list[i].completed_at_s, two.list[i].completed_at_s);
		assert_int_equal(got.list[i].verification_failed, two.list[i].verification_failed);
	}
	/* Cut at any byte. */
	for (size_t len = 0; len < e.len_bytes; len++) {
		decoder_init(&d, e.data, len);
		get_macs(&d, &got);
		assert_int_equal(codec_done(&d, "MACS", &err), -1);
		assert_int_equal(got.n, 0);
	}
	encoder_done(&e);
}

static void as_many_as_there_may_be_fit_into_a_frame(void **state)
{
	static struct wire_macs many = { .n = MACS_CODEC_MAX };
	struct encoder e;

	(void)state;
	for (size_t i = 0; i < many.n; i++)
		memset(many.list[i].name, 'x', sizeof(many.list[i].name) - 1);
	encoder_init(&e);
	put_macs(&e, &many);
	assert_true(e.len_bytes <= 16384); /* frames.def */
	encoder_done(&e);
}

static void what_makes_no_sense_is_refused(void **state)
{
	/* The last of two: name, state, date, flags. */
	static const struct {
		size_t from_end;
		uint8_t byte;
	} rows[] = { { 10, 3 }, { 10, 255 }, { 9, 0x80 } };
	static struct wire_macs got;
	struct error err = { .class = ERR_NONE };
	struct encoder e;
	struct decoder d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		encoder_init(&e);
		put_macs(&e, &two);
		e.data[e.len_bytes - rows[i].from_end] = rows[i].byte;
		decoder_init(&d, e.data, e.len_bytes);
		get_macs(&d, &got);
		assert_int_equal(codec_done(&d, "MACS", &err), -1);
		e.data[0] = MACS_CODEC_MAX + 1;
		decoder_init(&d, e.data, e.len_bytes);
		get_macs(&d, &got);
		assert_int_equal(codec_done(&d, "MACS", &err), -1);
		encoder_done(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_out_as_they_went_in),
		cmocka_unit_test(as_many_as_there_may_be_fit_into_a_frame),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
