/* Two ends over socketpairs: what one sends the other gets; whatever else comes is told for what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire/wire_pair.h"
#include "wire/codec.h"

static void frames_cross_both_ways(void **state)
{
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	cross_both_ways(&pair);
	assert_int_equal(wire_bytes_out(pair.client), 5 + 4 + 5);
	assert_int_equal(wire_bytes_in(pair.receiver), 5 + 4 + 5);
	assert_int_equal(wire_bytes_in(pair.client), 5 + 3 + 5 + 8);
	close_pair(&pair);
}

static void the_header_is_length_and_type(void **state)
{
	struct pair pair;
	char bytes[16];

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_send(pair.client, FRAME_PRUNE, "name", 4, NULL), 0);
	assert_int_equal(wire_flush(pair.client, NULL), 0);
	assert_int_equal(read(pair.fds[1], bytes, sizeof(bytes)), 9);
	assert_memory_equal(bytes, "\0\0\0\4\65name", 9);
	close_pair(&pair);
}

static void what_is_too_large_is_not_sent(void **state)
{
	struct pair pair;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_send(pair.client, FRAME_LIST, "x", 1, &err), -1);
	assert_int_equal(err.class, ERR_INTERNAL);
	assert_int_equal(wire_send(pair.client, 200, "", 0, &err), -1);
	assert_int_equal(wire_flush(pair.client, NULL), 0);
	assert_int_equal(wire_bytes_out(pair.client), 0);
	close_pair(&pair);
}

static const struct {
	const char *what;
	const char *bytes;
	size_t n;
	enum error_class class;
	const char *text;
} wrong[] = {
	{ "a frame larger than allowed", "\0\0\0\11\16xxxxxxxxx", 14, ERR_PROTOCOL,
	  "a LIST_END frame of 9 bytes; at most 8 are allowed" },
	{ "one of 4 GiB is refused by its header", "\xff\xff\xff\xff\15", 5, ERR_PROTOCOL,
	  "a ENTRY frame of 4294967295 bytes; at most 1048576 are allowed" },
	{ "a frame that only the client sends", "\0\0\0\0\14", 5, ERR_PROTOCOL,
	  "a frame of type 12, which the other end may not send" },
	{ "an unknown frame", "\0\0\0\0\xfa", 5, ERR_PROTOCOL,
	  "a frame of type 250, which the other end may not send" },
	{ "cut inside a header", "\0\0\0", 3, ERR_LINK, "the connection was lost inside a frame" },
	{ "cut inside a payload", "\0\0\0\10\16abc", 8, ERR_LINK, "the connection was lost inside a LIST_END frame" },
	{ "a FAULT that is none", "\0\0\0\1\3x", 6, ERR_PROTOCOL, "malformed FAULT frame (1 bytes)" },
};

static void what_is_no_right_frame_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pair pair;
		struct frame frame;
		struct error err = { 0 };
		char bytes[64] = "\0\0\0\0\15"; /* a right one before: this is no banner */

		memcpy(bytes + 5, wrong[i].bytes, wrong[i].n);
		open_pair(&pair, NULL);
		say(&pair, bytes, 5 + wrong[i].n);
		assert_frame(pair.client, FRAME_ENTRY, "", 0);
		if (wire_receive(pair.client, &frame, &err) != -1)
			fail_msg("%s was taken", wrong[i].what);
		if (err.class != wrong[i].class || strcmp(err.text, wrong[i].text) != 0)
			fail_msg("%s: %s", wrong[i].what, err.text);
		close_pair(&pair);
	}
}

static void the_client_may_not_send_what_the_receiver_sends(void **state)
{
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_send(pair.client, FRAME_LIST, NULL, 0, NULL), 0);
	assert_int_equal(wire_send(pair.client, FRAME_WELCOME, "x", 1, NULL), 0);
	assert_int_equal(wire_flush(pair.client, NULL), 0);
	assert_frame(pair.receiver, FRAME_LIST, "", 0);
	assert_int_equal(wire_receive(pair.receiver, &frame, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	close_pair(&pair);
}

static void a_banner_is_shown_as_what_it_is(void **state)
{
	static const char *const banners[] = {
		"Welcome to \x1b[31mNAS\x1b[0m 7.2!\nLast login: today\n",
		"stty: standard input: Inappropriate ioctl for device\n", "hi\n", /* shorter than a header */
	};
	static const char *const shown[] = { "it begins with \"Welcome to \\x1b[31mNAS\\x1b[0m 7.2!\\x0aLast login",
		                             "it begins with \"stty: standard input", "it begins with \"hi\\x0a\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]); i++) {
		struct pair pair;
		struct frame frame;
		struct error err = { 0 };

		open_pair(&pair, NULL);
		say(&pair, banners[i], strlen(banners[i]));
		assert_int_equal(wire_expect(pair.client, FRAME_WELCOME, &frame, &err), -1);
		assert_int_equal(err.class, ERR_PROTOCOL);
		if (strstr(err.text, shown[i]) == NULL || strstr(err.text, "silence it") == NULL)
			fail_msg("%s", err.text);
		close_pair(&pair);
	}
}

static void send_fault(struct wire *wire, const char *code, const char *text)
{
	struct encoder e;

	encoder_init(&e);
	put_string(&e, code);
	put_u32(&e, 28);
	put_string(&e, text);
	assert_int_equal(wire_send(wire, FRAME_FAULT, e.data, e.len_bytes, NULL), 0);
	assert_int_equal(wire_flush(wire, NULL), 0);
	encoder_done(&e);
}

static void a_fault_becomes_the_error(void **state)
{
	static const struct {
		const char *code;
		enum error_class class;
	} codes[] = { { "space", ERR_SPACE }, { "locked", ERR_LOCKED }, { "of-tomorrow", ERR_INTERNAL } };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct pair pair;
		struct frame frame;
		struct error err = { 0 };

		open_pair(&pair, NULL);
		send_fault(pair.receiver, codes[i].code, "no room\x07");
		assert_int_equal(wire_expect(pair.client, FRAME_WELCOME, &frame, &err), -1);
		assert_int_equal(err.class, codes[i].class);
		assert_string_equal(err.text, "far end: no room\\x07");
		close_pair(&pair);
	}
}

/* The receiver says why, and ends, while the client is sending. */
static void the_last_words_are_found_when_a_write_fails(void **state)
{
	struct pair pair;
	struct error err = { 0 };
	char *payload = calloc(1, 262144);
	int rc = 0;

	(void)state;
	assert_non_null(payload);
	open_pair(&pair, NULL);
	send_fault(pair.receiver, "space", "the disk is full");
	close_end(&pair, 1);
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = wire_send(pair.client, FRAME_FILE_DELTA, payload, 262144, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.class, ERR_SPACE);
	assert_string_equal(err.text, "far end: the disk is full");
	close_pair(&pair);

	open_pair(&pair, NULL);
	close_end(&pair, 1);
	for (int i = 0; i < 100 && rc != 0; i++)
		rc = wire_send(pair.client, FRAME_FILE_DELTA, payload, 262144, &err) == 0;
	assert_int_equal(err.class, ERR_LINK);
	close_pair(&pair);
	free(payload);
}

static void an_end_between_frames_is_proper_but_not_what_was_due(void **state)
{
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, NULL);
	say(&pair, "\0\0\0\0\15", 5);
	assert_frame(pair.client, FRAME_ENTRY, "", 0);
	assert_int_equal(wire_receive(pair.client, &frame, &err), 0);
	assert_int_equal(wire_expect(pair.client, FRAME_BEGUN, &frame, &err), -1);
	assert_int_equal(err.class, ERR_LINK);
	assert_string_equal(err.text, "the other end closed the connection where BEGUN was due");
	close_pair(&pair);
}

static void notes_are_passed_over_and_others_are_not(void **state)
{
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_send(pair.receiver, FRAME_NOTE, "1", 1, NULL), 0);
	assert_int_equal(wire_send(pair.receiver, FRAME_NOTE, "2", 1, NULL), 0);
	assert_int_equal(wire_send(pair.receiver, FRAME_BEGUN, "3", 1, NULL), 0);
	assert_int_equal(wire_send(pair.receiver, FRAME_PRUNED, "4", 1, NULL), 0);
	assert_int_equal(wire_flush(pair.receiver, NULL), 0);
	assert_int_equal(wire_expect(pair.client, FRAME_BEGUN, &frame, &err), 0);
	assert_int_equal(wire_expect(pair.client, FRAME_PUBLISHED, &frame, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_string_equal(err.text, "PRUNED came where PUBLISHED was due");
	close_pair(&pair);
}

struct told {
	size_t paced;
	int waited;
};

static void pings_are_passed_over_by_the_receiver(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct frame frame;
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(wire_keepalive(pair.client, &err), 0); /* too early: nothing leaves */
	assert_int_equal(wire_bytes_out(pair.client), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(wire_send(pair.client, FRAME_PING, NULL, 0, &err), 0);
	assert_int_equal(wire_send(pair.client, FRAME_BYE, NULL, 0, &err), 0);
	assert_int_equal(wire_flush(pair.client, &err), 0);
	assert_int_equal(wire_receive(pair.receiver, &frame, &err), 1);
	assert_int_equal(frame.type, FRAME_BYE);
	close_pair(&pair);
}

static int pace(void *context, size_t *len_bytes, struct error *err)
{
	struct told *told = context;

	(void)err;
	told->paced += *len_bytes;
	return 0;
}

static int give_up(void *context, struct error *err)
{
	struct told *told = context;

	return ++told->waited < 2 ? 0 : error_set(err, ERR_CANCELLED, "asked to stop");
}

static void hooks_count_what_leaves_and_end_the_waiting(void **state)
{
	struct told told = { 0 };
	struct wire_hooks hooks = { .pace = pace, .waiting = give_up, .context = &told };
	struct pair pair;
	struct frame frame;
	struct error err = { 0 };

	(void)state;
	open_pair(&pair, &hooks);
	assert_int_equal(wire_send(pair.client, FRAME_PRUNE, "name", 4, NULL), 0);
	assert_int_equal(wire_receive(pair.client, &frame, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_int_equal(told.paced, 9);
	assert_int_equal(told.waited, 2);
	close_pair(&pair);
}

/* It has not closed: it is stopped, or the machine hangs. */
static void who_is_silent_for_too_long_is_taken_for_lost(void **state)
{
	static const uint8_t data[WIRE_DATA_MAX];
	struct error err = { .class = ERR_NONE };
	struct frame frame;
	struct pair pair;
	int rc = 0;

	(void)state;
	open_pair(&pair, NULL);
	wire_patience(pair.client, 300);
	assert_int_equal(wire_send(pair.receiver, FRAME_NOTE, "1", 1, NULL), 0);
	assert_int_equal(wire_flush(pair.receiver, NULL), 0);
	assert_int_equal(wire_receive(pair.client, &frame, &err), 1);
	assert_int_equal(wire_receive(pair.client, &frame, &err), -1);
	assert_int_equal(err.class, ERR_LINK);
	assert_string_equal(err.text, "the other end is silent: for 300 ms nothing has come from it");
	error_clear(&err);
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = wire_send(pair.client, FRAME_FILE_DATA, data, sizeof(data), &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.class, ERR_LINK);
	close_pair(&pair);
}

static void an_end_that_closes_is_seen_without_reading(void **state)
{
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	assert_false(wire_other_gone(pair.receiver));
	assert_int_equal(wire_send(pair.client, FRAME_LIST, NULL, 0, NULL), 0);
	assert_int_equal(wire_flush(pair.client, NULL), 0);
	assert_false(wire_other_gone(pair.receiver));
	close_end(&pair, 0);
	assert_true(wire_other_gone(pair.receiver)); /* though a frame is still to be read */
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_that_closes_is_seen_without_reading),
		cmocka_unit_test(who_is_silent_for_too_long_is_taken_for_lost),
		cmocka_unit_test(frames_cross_both_ways),
		cmocka_unit_test(the_header_is_length_and_type),
		cmocka_unit_test(what_is_too_large_is_not_sent),
		cmocka_unit_test(what_is_no_right_frame_is_told),
		cmocka_unit_test(the_client_may_not_send_what_the_receiver_sends),
		cmocka_unit_test(a_banner_is_shown_as_what_it_is),
		cmocka_unit_test(a_fault_becomes_the_error),
		cmocka_unit_test(the_last_words_are_found_when_a_write_fails),
		cmocka_unit_test(an_end_between_frames_is_proper_but_not_what_was_due),
		cmocka_unit_test(notes_are_passed_over_and_others_are_not),
		cmocka_unit_test(pings_are_passed_over_by_the_receiver),
		cmocka_unit_test(hooks_count_what_leaves_and_end_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
