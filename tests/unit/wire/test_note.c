/* A NOTE is read whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/note.h"

static void it_is_read_and_each_cut_is_refused(void **state)
{
	struct frame frame = { .type = FRAME_NOTE };
	struct error err = { .class = ERR_NONE };
	struct encoder e;
	struct note note;

	(void)state;
	encoder_init(&e);
	put_u64(&e, 7);
	put_u64(&e, UINT64_MAX);
	put_string(&e, "syncing");
	frame.payload = e.data;
	frame.len_bytes = e.len_bytes;
	assert_int_equal(note_read(&frame, &note, &err), 0);
	assert_int_equal(note.done, 7);
	assert_true(note.total == UINT64_MAX);
	assert_string_equal(note.text, "syncing");
	while (frame.len_bytes-- > 0) {
		assert_int_equal(note_read(&frame, &note, &err), -1);
		assert_int_equal(err.class, ERR_PROTOCOL);
	}
	encoder_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_read_and_each_cut_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
