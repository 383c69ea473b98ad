/* What is told of damage comes out as it went in; whatever else comes is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/verify_codec.h"

static char generations[2][VERIFY_CODEC_GENERATION_SIZE] = { "2026-11-22T05-31-12Z", "2026-11-23T05-36-00Z" };

static char path[] = "a/\xff b";
static char newest_path[] = "moved";

static struct wire_damage damage(void)
{
	struct wire_damage d = { .kind = WIRE_DAMAGE_CONTENT,
		                 .given_up = true,
		                 .reason = "nobody has it",
		                 .generation = "2026-11-22T05-31-12Z",
		                 .path = path,
		                 .newest_path = newest_path,
		                 .size_bytes = UINT64_C(1) << 40,
		                 .sha256 = { 9, 8, 7 },
		                 .found_at_s = -3,
		                 .n_generations = 2,
		                 .generations = generations };

	return d;
}

static int take(const struct encoder *e, size_t len_bytes, struct wire_damage *got)
{
	struct decoder d;

	decoder_init(&d, e->data, len_bytes);
	get_damage(&d, got);
	return codec_done(&d, "DAMAGE", NULL);
}

static void damage_comes_out_as_it_went_in(void **state)
{
	struct wire_damage in = damage();
	struct wire_damage got;
	struct encoder e;

	(void)state;
	encoder_init(&e);
	put_damage(&e, &in);
	assert_int_equal(take(&e, e.len_bytes, &got), 0);
	assert_string_equal(got.path, in.path);
	assert_string_equal(got.newest_path, in.newest_path);
	assert_string_equal(got.reason, in.reason);
	assert_string_equal(got.generations[1], generations[1]);
	assert_memory_equal(got.sha256, in.sha256, sizeof(in.sha256));
	assert_true(got.size_bytes == in.size_bytes && got.found_at_s == -3 && got.given_up && got.n_generations == 2);
	verify_codec_damage_done(&got);
	/* Cut at each byte. */
	for (size_t n = 0; n < e.len_bytes; n++) {
		assert_int_equal(take(&e, n, &got), -1);
		verify_codec_damage_done(&got);
	}
	encoder_done(&e);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static char hostile[1][VERIFY_CODEC_GENERATION_SIZE] = { "../../etc" };
	struct wire_damage rows[3] = { damage(), damage(), damage() };

	(void)state;
	rows[0].kind = WIRE_DAMAGE_KINDS;
	(void)snprintf(rows[1].generation, sizeof(rows[1].generation), "a/b");
	rows[2].generations = hostile;
	rows[2].n_generations = 1;
	for (size_t i = 0; i < 3; i++) {
		struct wire_damage got;
		struct encoder e;

		encoder_init(&e);
		put_damage(&e, &rows[i]);
		assert_int_equal(take(&e, e.len_bytes, &got), -1);
		verify_codec_damage_done(&got);
		encoder_done(&e);
	}
}

/* To a client that does not know it, it is something that is missing. */
static void a_generation_that_differs_goes_as_missing(void **state)
{
	static const enum wire_damage_kind kinds[] = { WIRE_DAMAGE_DIFFERS, WIRE_DAMAGE_MISSING };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wire_damage in = damage();
		struct wire_damage got;
		struct encoder e;

		in.kind = kinds[i];
		in.path = (char[]){ "" };
		if (in.kind == WIRE_DAMAGE_MISSING)
			memset(in.sha256, 0, sizeof(in.sha256));
		encoder_init(&e);
		put_damage(&e, &in);
		assert_int_equal(e.data[0], WIRE_DAMAGE_MISSING);
		assert_int_equal(take(&e, e.len_bytes, &got), 0);
		assert_int_equal(got.kind, kinds[i]);
		verify_codec_damage_done(&got);
		e.data[0] = WIRE_DAMAGE_DIFFERS;
		assert_int_equal(take(&e, e.len_bytes, &got), -1);
		verify_codec_damage_done(&got);
		encoder_done(&e);
	}
}

static void how_it_went_comes_out_as_it_went_in(void **state)
{
	const struct wire_verified in = { 1, 2, 3, 4, true, 5, 6, 7, 8 };
	struct wire_verified got;
	struct decoder d;
	struct encoder e;

	(void)state;
	encoder_init(&e);
	put_verified(&e, &in);
	for (size_t n = 0; n <= e.len_bytes; n++) {
		decoder_init(&d, e.data, n);
		get_verified(&d, &got);
		assert_int_equal(codec_done(&d, "VERIFIED", NULL), n == e.len_bytes ? 0 : -1);
	}
	assert_true(got.files == 1 && got.bytes == 2 && got.unhashed == 3 && got.damaged == 4 && got.round_ended);
	assert_true(got.round_began_s == 5 && got.round_bytes == 6 && got.round_total == 7 && got.last_round_s == 8);
	encoder_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(damage_comes_out_as_it_went_in),
		                            cmocka_unit_test(what_makes_no_sense_is_refused),
		                            cmocka_unit_test(a_generation_that_differs_goes_as_missing),
		                            cmocka_unit_test(how_it_went_comes_out_as_it_went_in) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
