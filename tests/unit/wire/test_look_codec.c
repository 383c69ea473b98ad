/* What is told of generations comes out as it went in; whatever else comes is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/entry_codec.h"
#include "wire/look_codec.h"
#include "wire/wire.h"

static const struct entry file = { .path = "d/f",
	                           .type = ENTRY_FILE,
	                           .flags = ENTRY_DIGEST_ONLY,
	                           .mode = 0640,
	                           .size_bytes = 7,
	                           .mtime_s = -3,
	                           .links = 1,
	                           .target = "" };
static const struct entry way = {
	.path = "d/f", .type = ENTRY_SYMLINK, .flags = ENTRY_DIGEST_ONLY, .mode = 0777, .links = 1, .target = "../out"
};
static const struct entry other = { .path = "d/g", .type = ENTRY_FOLDER, .flags = ENTRY_DIGEST_ONLY, .target = "" };

static struct encoder e;
static struct look_codec_memory memory;

static int begin(void **state)
{
	(void)state;
	encoder_init(&e);
	look_codec_memory_init(&memory);
	return 0;
}

static int end(void **state)
{
	(void)state;
	encoder_done(&e);
	look_codec_memory_done(&memory);
	return 0;
}

static int take_found(size_t len_bytes, struct wire_found *got)
{
	struct decoder d;

	decoder_init(&d, e.data, len_bytes);
	get_found(&d, &memory.memory[0], got);
	return codec_done(&d, "FOUND", NULL);
}

static int take_difference(size_t len_bytes, struct wire_difference *got)
{
	struct decoder d;

	decoder_init(&d, e.data, len_bytes);
	get_difference(&d, &memory, got);
	return codec_done(&d, "DIFFERENCE", NULL);
}

static void what_was_found(void **state)
{
	struct wire_found found = { "2025-11-23T05-36-00Z", "2026-11-23T05-36-00Z", 300, file };
	static const char *const wrong[] = { "", "\x1b[2J", "2025-11-23T05-36-00Z ", "../x",
		                             "2025-11-23T05-36-00Z2025-11-23T05" };
	struct wire_found got;

	(void)state;
	put_found(&e, &found);
	assert_int_equal(take_found(e.len_bytes, &got), 0);
	assert_string_equal(got.first, found.first);
	assert_string_equal(got.last, found.last);
	assert_int_equal(got.generations, 300);
	assert_string_equal(got.entry.path, "d/f");
	assert_int_equal(got.entry.mtime_s, -3);
	for (size_t len = 0; len < e.len_bytes; len++)
		assert_int_equal(take_found(len, &got), -1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		encoder_reset(&e);
		put_string(&e, wrong[i]);
		put_string(&e, found.last);
		put_u32(&e, 1);
		put_entry(&e, &file);
		assert_int_equal(take_found(e.len_bytes, &got), -1);
	}
}

static void what_differs(void **state)
{
	static const struct wire_difference rows[] = {
		{ &file, NULL, true }, { NULL, &way, true }, { &file, &way, true }, { &file, &file, false }
	};
	struct wire_difference got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		encoder_reset(&e);
		put_difference(&e, &rows[i]);
		assert_int_equal(take_difference(e.len_bytes, &got), 0);
		assert_int_equal(got.before != NULL, rows[i].before != NULL);
		assert_int_equal(got.after != NULL, rows[i].after != NULL);
		assert_int_equal(got.content, rows[i].content);
		if (got.before != NULL)
			assert_int_equal(got.before->type, rows[i].before->type);
		if (got.after != NULL)
			assert_string_equal(got.after->target, rows[i].after->target);
		for (size_t len = 0; len < e.len_bytes; len++)
			assert_int_equal(take_difference(len, &got), -1);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct wire_difference two_paths = { &file, &other, true };
	struct wire_difference got;

	(void)state;
	put_difference(&e, &two_paths);
	assert_int_equal(take_difference(e.len_bytes, &got), -1);
	for (unsigned flags = 0; flags < 256; flags++) {
		encoder_reset(&e);
		put_u8(&e, (uint8_t)flags);
		put_entry(&e, &file);
		assert_int_equal(take_difference(e.len_bytes, &got),
		                 flags == 1 || flags == 2 || flags == 5 || flags == 6 ? 0 : -1);
	}
}

/* The longest path and target that there are. */
static void the_largest_fits_into_a_frame(void **state)
{
	static char longest[WIRE_PATH_MAX + 1];
	struct entry large = way;
	struct wire_difference difference = { &large, &large, true };

	(void)state;
	memset(longest, 'x', WIRE_PATH_MAX);
	large.path = large.target = longest;
	put_difference(&e, &difference);
	assert_false(e.bad);
	assert_true(e.len_bytes <= frame_greatest(FRAME_DIFFERENCE) && e.len_bytes <= frame_greatest(FRAME_FOUND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_found, begin, end),
		cmocka_unit_test_setup_teardown(what_differs, begin, end),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(the_largest_fits_into_a_frame, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
