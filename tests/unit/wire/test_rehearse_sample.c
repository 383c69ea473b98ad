/* The sample is the same for the same seed, whatever order the files come in, another for another, within its bounds, and of each class there is a file if there is any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/rehearse_sample.h"

#define MIB ((uint64_t)1 << 20)

static struct rehearse_sample *new_sample(uint64_t seed, uint64_t most)
{
	struct rehearse_sample *sample = NULL;
	struct error err = { 0 };

	assert_int_equal(rehearse_sample_new(seed, most, &sample, &err), 0);
	return sample;
}

static void offer(struct rehearse_sample *sample, unsigned i, uint64_t bytes)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "photos/%03u.jpg", i);
	assert_int_equal(rehearse_sample_offer(sample, path, bytes, NULL), 0);
}

/* The paths one behind the other. */
static size_t take(const struct rehearse_sample *sample, enum rehearse_class class, char *out, size_t size)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	uint64_t bytes;
	size_t n = rehearse_sample_take(sample, class, paths, &bytes);

	*out = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + strlen(out), size - strlen(out), "%s ", paths[i]);
	assert_null(paths[n]);
	return n;
}

static void the_seed_draws_and_not_the_order(void **state)
{
	static char one[8000];
	static char other[8000];
	struct rehearse_sample *a = new_sample(7, 64 * MIB);
	struct rehearse_sample *b = new_sample(7, 64 * MIB);
	struct rehearse_sample *c = new_sample(8, 64 * MIB);

	(void)state;
	for (unsigned i = 0; i < 900; i++) {
		offer(a, i, 1000);
		offer(b, 899 - i, 1000);
		offer(c, i, 1000);
	}
	assert_int_equal(take(a, REHEARSE_SMALL, one, sizeof(one)), REHEARSE_SAMPLE_FILES_MAX);
	assert_int_equal(take(b, REHEARSE_SMALL, other, sizeof(other)), REHEARSE_SAMPLE_FILES_MAX);
	assert_string_equal(one, other);
	assert_int_equal(take(c, REHEARSE_SMALL, other, sizeof(other)), REHEARSE_SAMPLE_FILES_MAX);
	assert_string_not_equal(one, other);
	assert_int_equal(take(a, REHEARSE_LARGE, other, sizeof(other)), 0);
	rehearse_sample_destroy(&a);
	rehearse_sample_destroy(&b);
	rehearse_sample_destroy(&c);
}

static void each_file_may_be_drawn(void **state)
{
	bool drawn[300] = { false };

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
		struct rehearse_sample *sample = new_sample(seed, 64 * MIB);
		uint64_t bytes;
		size_t n;

		for (unsigned i = 0; i < 300; i++)
			offer(sample, i, 1000);
		n = rehearse_sample_take(sample, REHEARSE_SMALL, paths, &bytes);
		for (size_t k = 0; k < n; k++) {
			unsigned i = 0;

			assert_int_equal(sscanf(paths[k], "photos/%u.jpg", &i), 1);
			drawn[i] = true;
		}
		rehearse_sample_destroy(&sample);
	}
	for (size_t i = 0; i < 300; i++)
		assert_true(drawn[i]);
}

static void its_bounds_are_kept(void **state)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	struct rehearse_sample *sample = new_sample(1, 64 * MIB);
	uint64_t bytes;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		offer(sample, i, 5 * MIB + i);
	offer(sample, 100, 49 * MIB); /* more than all of the large ones may have */
	assert_int_equal(rehearse_sample_take(sample, REHEARSE_LARGE, paths, &bytes), 9);
	assert_true(bytes > 45 * MIB && bytes <= 48 * MIB);
	rehearse_sample_destroy(&sample);
}

static void of_what_does_not_fit_the_smallest_is_taken(void **state)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	struct rehearse_sample *sample = new_sample(1, 1000);
	uint64_t bytes;

	(void)state;
	offer(sample, 1, 90 * MIB);
	offer(sample, 2, 70 * MIB);
	offer(sample, 3, 80 * MIB);
	offer(sample, 4, 400);
	assert_int_equal(rehearse_sample_take(sample, REHEARSE_LARGE, paths, &bytes), 1);
	assert_string_equal(paths[0], "photos/002.jpg");
	assert_int_equal(bytes, 70 * MIB);
	assert_int_equal(rehearse_sample_take(sample, REHEARSE_SMALL, paths, &bytes), 1);
	assert_string_equal(paths[0], "photos/004.jpg");
	rehearse_sample_destroy(&sample);
}

static void what_is_preferred_comes_first(void **state)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	uint64_t bytes;

	(void)state;
	for (unsigned k = 0; k < 200; k++) {
		struct rehearse_sample *sample = new_sample(3, 64 * MIB);
		char path[64];

		for (unsigned i = 0; i < 200; i++)
			offer(sample, i, 5 * MIB);
		(void)snprintf(path, sizeof(path), "photos/%03u.jpg", k);
		assert_int_equal(rehearse_sample_prefer(sample, path, 5 * MIB, NULL), 0);
		assert_int_equal(rehearse_sample_prefer(sample, "too/large", 50 * MIB, NULL), 0);
		assert_int_equal(rehearse_sample_take(sample, REHEARSE_LARGE, paths, &bytes), 9);
		assert_string_equal(paths[0], path);
		for (size_t i = 1; i < 9; i++)
			assert_string_not_equal(paths[i], path);
		rehearse_sample_destroy(&sample);
	}
}

static void what_lies_too_far_down_is_not_taken(void **state)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	struct rehearse_sample *sample = new_sample(3, 64 * MIB);
	static char deep[2 * REHEARSE_SAMPLE_PATH_MAX];
	uint64_t bytes;

	(void)state;
	memset(deep, 'x', REHEARSE_SAMPLE_PATH_MAX);
	assert_int_equal(rehearse_sample_offer(sample, deep, 1, NULL), 0);
	for (size_t i = 0; i < REHEARSE_SAMPLE_DEPTH_MAX; i++)
		memcpy(deep + 2 * i, "d/", 3);
	(void)strcat(deep, "f");
	assert_int_equal(rehearse_sample_offer(sample, deep, 1, NULL), 0);
	assert_int_equal(rehearse_sample_take(sample, REHEARSE_SMALL, paths, &bytes), 0);
	assert_int_equal(rehearse_sample_offer(sample, deep + 2, 1, NULL), 0);
	assert_int_equal(rehearse_sample_take(sample, REHEARSE_SMALL, paths, &bytes), 1);
	rehearse_sample_destroy(&sample);
	rehearse_sample_destroy(&sample);
}

static void what_was_wrong_is_drawn_again(void **state)
{
	static char out[16000];
	const uint64_t marks[] = { rehearse_sample_mark("photos/017.jpg"), rehearse_sample_mark("photos/900.jpg"),
		                   rehearse_sample_mark("gone") };

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct rehearse_sample *sample = new_sample(seed, 64 * MIB);

		rehearse_sample_again(sample, marks, 3);
		for (unsigned i = 0; i < 900; i++)
			offer(sample, i, 1000);
		offer(sample, 900, 200 * MIB); /* larger than the sample may be */
		offer(sample, 901, MIB);
		assert_int_equal(rehearse_sample_prefer(sample, "photos/017.jpg", 1000, NULL), 0);
		assert_int_equal(take(sample, REHEARSE_SMALL, out, sizeof(out)), REHEARSE_SAMPLE_FILES_MAX);
		assert_int_equal(strncmp(out, "photos/017.jpg ", 15), 0);
		assert_null(strstr(out + 1, "photos/017.jpg"));
		assert_int_equal(take(sample, REHEARSE_LARGE, out, sizeof(out)), 1);
		assert_string_equal(out, "photos/900.jpg ");
		rehearse_sample_destroy(&sample);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_draws_and_not_the_order),
		cmocka_unit_test(each_file_may_be_drawn),
		cmocka_unit_test(its_bounds_are_kept),
		cmocka_unit_test(of_what_does_not_fit_the_smallest_is_taken),
		cmocka_unit_test(what_is_preferred_comes_first),
		cmocka_unit_test(what_was_wrong_is_drawn_again),
		cmocka_unit_test(what_lies_too_far_down_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
