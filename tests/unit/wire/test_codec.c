/* Payloads come out as they went in; a reader never reads beyond its end, and a fault is told once, at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/codec.h"
#include "wire/wire.h"

static const uint8_t all_bytes[] = {
	0xfe,                                           /* u8 */
	0x01, 0x02,                                     /* u16 */
	0xff, 0xfe, 0xfd, 0xfc,                         /* u32 */
	0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, /* u64 */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, /* i64: -2 */
	0x00, 0x00, 0x00, 0x03, 'a',  0x00, 'b',        /* bytes */
	0x00, 0x00, 0x00, 0x04, 'n',  'a',  'm',  'e',  /* string */
	'r',  'a',  'w',
};

static void put_all(struct encoder *e)
{
	put_u8(e, 0xfe);
	put_u16(e, 0x0102);
	put_u32(e, 0xfffefdfc);
	put_u64(e, 0x8001020304050607);
	put_i64(e, -2);
	put_bytes(e, "a\0b", 3);
	put_string(e, "name");
	put_raw(e, "raw", 3);
}

static int get_all(const uint8_t *data, size_t len_bytes)
{
	struct decoder d;
	char name[8];
	size_t n;
	const uint8_t *at;

	decoder_init(&d, data, len_bytes);
	(void)get_u8(&d);
	(void)get_u16(&d);
	(void)get_u32(&d);
	(void)get_u64(&d);
	(void)get_i64(&d);
	at = get_bytes(&d, 10, &n);
	assert_true(at != NULL || n == 0);
	get_string(&d, name, sizeof(name));
	assert_non_null(memchr(name, '\0', sizeof(name)));
	at = get_raw(&d, 3);
	assert_true((at == NULL) == d.bad);
	return codec_done(&d, "HELLO", NULL);
}

static void numbers_are_big_endian_and_texts_have_their_length(void **state)
{
	struct encoder e;

	(void)state;
	encoder_init(&e);
	put_all(&e);
	assert_false(e.bad);
	assert_int_equal(e.len_bytes, sizeof(all_bytes));
	assert_memory_equal(e.data, all_bytes, sizeof(all_bytes));
	encoder_done(&e);
}

static void what_was_put_is_got(void **state)
{
	struct decoder d;
	struct error err = { 0 };
	char name[5];
	size_t n;
	const uint8_t *at;

	(void)state;
	decoder_init(&d, all_bytes, sizeof(all_bytes));
	assert_int_equal(get_u8(&d), 0xfe);
	assert_int_equal(get_u16(&d), 0x0102);
	assert_int_equal(get_u32(&d), 0xfffefdfc);
	assert_true(get_u64(&d) == 0x8001020304050607);
	assert_true(get_i64(&d) == -2);
	at = get_bytes(&d, 3, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(at, "a\0b", 3);
	get_string(&d, name, sizeof(name)); /* fits exactly */
	assert_string_equal(name, "name");
	assert_memory_equal(get_raw(&d, 3), "raw", 3);
	assert_int_equal(codec_done(&d, "HELLO", &err), 0);
}

static void a_payload_cut_anywhere_is_malformed(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(all_bytes); n++) {
		/* A block of its own, so that a sanitizer sees a byte too far. */
		uint8_t *cut = malloc(n + (n == 0));

		assert_non_null(cut);
		memcpy(cut, all_bytes, n);
		assert_int_equal(get_all(cut, n), -1);
		free(cut);
	}
	assert_int_equal(get_all(all_bytes, sizeof(all_bytes)), 0);
}

static void a_byte_too_many_is_told(void **state)
{
	struct decoder d;
	struct error err = { 0 };

	(void)state;
	decoder_init(&d, "\x01\x02\x03", 3);
	assert_int_equal(get_u8(&d), 1);
	assert_int_equal(codec_done(&d, "BEGUN", &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_string_equal(err.text, "BEGUN frame has 2 bytes too many");
}

static void after_a_fault_everything_is_zero(void **state)
{
	struct decoder d;
	struct error err = { 0 };
	char text[4] = "xxx";
	size_t n = 1;

	(void)state;
	decoder_init(&d, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	assert_null(get_bytes(&d, UINT32_MAX, &n)); /* announces more than there is */
	assert_int_equal(n, 0);
	assert_int_equal(get_u8(&d), 0);
	assert_int_equal(get_u64(&d), 0);
	assert_null(get_raw(&d, 0));
	get_string(&d, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(codec_done(&d, "FAULT", &err), -1);
	assert_string_equal(err.text, "malformed FAULT frame (12 bytes)");
}

static void strings_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *what;
		const char *payload;
		size_t len_bytes;
	} wrong[] = {
		{ "a NUL inside", "\0\0\0\3a\0b", 7 },
		{ "longer than there is room for", "\0\0\0\4abcd", 8 },
		{ "shorter than it says", "\0\0\0\3ab", 6 },
		{ "half a length", "\0\0\0", 3 },
		{ "a length of 2^32 - 1", "\xff\xff\xff\xff", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct decoder d;
		char text[4];

		decoder_init(&d, wrong[i].payload, wrong[i].len_bytes);
		get_string(&d, text, sizeof(text));
		if (codec_done(&d, "NOTE", NULL) == 0 || text[0] != '\0')
			fail_msg("%s was taken", wrong[i].what);
	}
}

static void a_limit_is_held(void **state)
{
	struct decoder d;
	size_t n;

	(void)state;
	decoder_init(&d, "\0\0\0\3abc", 7);
	assert_null(get_bytes(&d, 2, &n));
	assert_true(d.bad);
	decoder_init(&d, "\0\0\0\0", 4);
	assert_non_null(get_bytes(&d, 0, &n)); /* nothing is something else than bad */
	assert_int_equal(n, 0);
	assert_int_equal(codec_done(&d, "NOTE", NULL), 0);
}

static void what_is_too_long_is_not_put(void **state)
{
	struct encoder e;
	char *text = malloc(WIRE_STRING_MAX + 2);
	char *large = calloc(1, 5u << 20);

	(void)state;
	assert_non_null(text);
	assert_non_null(large);
	memset(text, 'a', WIRE_STRING_MAX + 1);
	text[WIRE_STRING_MAX + 1] = '\0';
	encoder_init(&e);
	put_string(&e, text);
	assert_true(e.bad);
	encoder_reset(&e);
	assert_false(e.bad);
	put_string(&e, text + 1);
	assert_false(e.bad);
	assert_int_equal(e.len_bytes, 4 + WIRE_STRING_MAX);
	put_raw(&e, large, 5u << 20);
	assert_true(e.bad);
	put_u8(&e, 1); /* harmless */
	assert_int_equal(e.len_bytes, 4 + WIRE_STRING_MAX);
	encoder_reset(&e);
	put_bytes(&e, large, 5u << 20);
	assert_true(e.bad);
	encoder_done(&e);
	assert_null(e.data);
	free(large);
	free(text);
}

static void an_encoder_grows_and_is_used_again(void **state)
{
	struct encoder e;
	const uint8_t *before;

	(void)state;
	encoder_init(&e);
	for (unsigned i = 0; i < 100000; i++)
		put_u32(&e, i);
	assert_false(e.bad);
	assert_int_equal(e.len_bytes, 400000);
	for (unsigned i = 0; i < 100000; i += 999)
		assert_int_equal(
		        (unsigned)e.data[4 * i + 1] << 16 | (unsigned)e.data[4 * i + 2] << 8 | e.data[4 * i + 3], i);
	before = e.data;
	encoder_reset(&e);
	put_u8(&e, 7);
	assert_ptr_equal(e.data, before);
	assert_int_equal(e.len_bytes, 1);
	encoder_done(&e);
	encoder_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian_and_texts_have_their_length),
		cmocka_unit_test(what_was_put_is_got),
		cmocka_unit_test(a_payload_cut_anywhere_is_malformed),
		cmocka_unit_test(a_byte_too_many_is_told),
		cmocka_unit_test(after_a_fault_everything_is_zero),
		cmocka_unit_test(strings_that_are_none_are_refused),
		cmocka_unit_test(a_limit_is_held),
		cmocka_unit_test(what_is_too_long_is_not_put),
		cmocka_unit_test(an_encoder_grows_and_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
