/* docs/wire.md and wire/frames.def tell the same. Run at the root of the sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

static const struct {
	const char *name;
	unsigned number;
	char direction;
	size_t greatest;
} frames[] = {
#define C 'C'
#define R 'R'
#define B 'B'
#define FRAME(name, number, direction, greatest) { #name, (number), (direction), (greatest) },
#include "wire/frames.def"
#undef FRAME
#undef B
#undef R
#undef C
};

#define N_FRAMES (sizeof(frames) / sizeof(frames[0]))

static char text[200000];

static int read_page(void **state)
{
	FILE *in = fopen("docs/wire.md", "r");
	size_t n;

	(void)state;
	if (in == NULL)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	return fclose(in);
}

static void every_frame_stands_in_the_table_with_its_number_way_and_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++) {
		const char *way = frames[i].direction == 'C' ? "C→R" : frames[i].direction == 'R' ? "R→C" : "both";
		char row[128];

		(void)snprintf(row, sizeof(row), "\n| %u | %s | %s | %zu |", frames[i].number, frames[i].name, way,
		               frames[i].greatest);
		if (strstr(text, row) == NULL)
			fail_msg("docs/wire.md has no row%s", row);
	}
}

static void the_table_has_no_other_frames(void **state)
{
	const char *at = strstr(text, "### Every frame");
	const char *end = at != NULL ? strstr(at, "### entry") : NULL;
	size_t rows = 0;

	(void)state;
	assert_non_null(end);
	for (at = strstr(at, "\n| "); at != NULL && at < end; at = strstr(at + 1, "\n| "))
		rows += at[3] >= '0' && at[3] <= '9';
	assert_int_equal(rows, N_FRAMES);
}

static void every_frame_has_a_place_in_the_grammar(void **state)
{
	const char *at = strstr(text, "    conversation =");
	const char *end = at != NULL ? strstr(at, "\n\n") : NULL;
	char grammar[4000];

	(void)state;
	assert_non_null(end);
	(void)snprintf(grammar, sizeof(grammar), "%.*s", (int)(end - at), at);
	for (size_t i = 0; i < N_FRAMES; i++)
		if (frames[i].number != FRAME_FAULT && strstr(grammar, frames[i].name) == NULL)
			fail_msg("%s is not in the grammar", frames[i].name);
}

static void names_numbers_and_directions_are_looked_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++) {
		assert_string_equal(frame_name(frames[i].number), frames[i].name);
		assert_true(frame_known(frames[i].number));
		assert_int_equal(frame_from(frames[i].number), frames[i].direction);
		assert_int_equal(frame_greatest(frames[i].number), frames[i].greatest);
		assert_in_range(frames[i].number, 1, 255);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(frames[i].number, frames[j].number);
	}
	assert_string_equal(frame_name(0), "?");
	assert_false(frame_known(255));
	assert_int_equal(frame_greatest(255), 0);
	assert_int_equal(frame_from(255), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_stands_in_the_table_with_its_number_way_and_size),
		cmocka_unit_test(the_table_has_no_other_frames),
		cmocka_unit_test(every_frame_has_a_place_in_the_grammar),
		cmocka_unit_test(names_numbers_and_directions_are_looked_up),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
