/* Each class has its code, its kind of retry and its exit status; texts stay within their room. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "lib/error.h"

static const struct {
	enum error_class class;
	const char *code;
	enum error_retry retry;
	int exit;
} classes[] = {
	{ ERR_NONE, "none", RETRY_NEVER, 0 },
	{ ERR_USAGE, "usage", RETRY_NEVER, EX_USAGE },
	{ ERR_CONFIG, "config", RETRY_NEVER, EX_CONFIG },
	{ ERR_INPUT, "input", RETRY_NEVER, EX_DATAERR },
	{ ERR_NOT_FOUND, "not-found", RETRY_NEVER, EX_NOINPUT },
	{ ERR_LINK, "link", RETRY_ALWAYS, EX_UNAVAILABLE },
	{ ERR_PROTOCOL, "protocol", RETRY_LIMITED, EX_PROTOCOL },
	{ ERR_BUSY, "busy", RETRY_LIMITED, EX_TEMPFAIL },
	{ ERR_LOCKED, "locked", RETRY_ALWAYS, EX_TEMPFAIL },
	{ ERR_SPACE, "space", RETRY_ALWAYS, EX_CANTCREAT },
	{ ERR_IO, "io", RETRY_LIMITED, EX_IOERR },
	{ ERR_DAMAGED, "damaged", RETRY_LIMITED, EX_DATAERR },
	{ ERR_PERMISSION, "permission", RETRY_NEVER, EX_NOPERM },
	{ ERR_SYSTEM, "system", RETRY_LIMITED, EX_OSERR },
	{ ERR_CANCELLED, "cancelled", RETRY_NEVER, EX_TEMPFAIL },
	{ ERR_REFUSED, "refused", RETRY_NEVER, EX_NOPERM },
	{ ERR_INTERNAL, "internal", RETRY_LIMITED, EX_SOFTWARE },
};

static void every_class_has_its_row(void **state)
{
	(void)state;
	assert_int_equal(sizeof(classes) / sizeof(classes[0]), ERR_CLASSES);
	for (size_t i = 0; i < ERR_CLASSES; i++) {
		enum error_class class = classes[i].class;

		assert_int_equal(class, i);
		assert_string_equal(error_code(class), classes[i].code);
		assert_int_equal(error_class_of(classes[i].code), class);
		assert_int_equal(error_retry_of(class), classes[i].retry);
		assert_int_equal(error_exit(class), classes[i].exit);
	}
}

static void what_is_forgiven_is_no_error(void **state)
{
	struct error err = { .class = ERR_NONE };

	(void)state;
	(void)error_set(&err, ERR_NOT_FOUND, "gone");
	assert_false(error_forgive(&err, ERR_REFUSED));
	assert_string_equal(err.text, "gone");
	assert_true(error_forgive(&err, ERR_NOT_FOUND));
	assert_int_equal(err.class, ERR_NONE);
	assert_false(error_forgive(NULL, ERR_NOT_FOUND)); /* nobody knows what it was */
}

static void one_thing_that_a_disk_does_not_give_stops_no_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ERR_CLASSES; i++) {
		struct error err = { .class = (enum error_class)i };

		assert_int_equal(error_not_given(&err), i == ERR_IO || i == ERR_DAMAGED || i == ERR_PERMISSION);
	}
}

static void what_is_no_class_counts_as_a_bug_of_ours(void **state)
{
	static const unsigned none[] = { ERR_CLASSES, ERR_CLASSES + 1, 1000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_string_equal(error_code((enum error_class)none[i]), "internal");
		assert_int_equal(error_retry_of((enum error_class)none[i]), RETRY_NEVER);
		assert_int_equal(error_exit((enum error_class)none[i]), EX_SOFTWARE);
	}
	assert_int_equal(error_class_of("of-tomorrow"), ERR_INTERNAL);
	assert_int_equal(error_class_of(""), ERR_INTERNAL);
	assert_int_equal(error_class_of("Link"), ERR_INTERNAL);
}

static void the_systems_numbers_have_their_class(void **state)
{
	static const struct {
		int sys;
		enum error_class class;
	} numbers[] = {
		{ ENOSPC, ERR_SPACE },     { EDQUOT, ERR_SPACE },      { EACCES, ERR_PERMISSION },
		{ EPERM, ERR_PERMISSION }, { ENOENT, ERR_NOT_FOUND },  { ENOTDIR, ERR_NOT_FOUND },
		{ EPIPE, ERR_LINK },       { ECONNRESET, ERR_LINK },   { ECONNREFUSED, ERR_LINK },
		{ ETIMEDOUT, ERR_LINK },   { EHOSTUNREACH, ERR_LINK }, { ENETUNREACH, ERR_LINK },
		{ EIO, ERR_IO },           { EROFS, ERR_IO },          { ENXIO, ERR_IO },
		{ ENODEV, ERR_IO },        { EMFILE, ERR_SYSTEM },     { ENOMEM, ERR_SYSTEM },
		{ EINVAL, ERR_SYSTEM },    { 0, ERR_SYSTEM },          { EUCLEAN, ERR_IO },
		{ EBADMSG, ERR_IO },       { ENOTCONN, ERR_LINK },     { ESHUTDOWN, ERR_LINK },
		{ EHOSTDOWN, ERR_LINK },   { ENETDOWN, ERR_LINK },     { ECONNABORTED, ERR_LINK },
		{ EBADFD, ERR_LINK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct error err = { 0 };

		assert_int_equal(error_sys(&err, numbers[i].sys, "doing %s", "this"), -1);
		assert_int_equal(err.class, numbers[i].class);
		assert_int_equal(err.sys, numbers[i].sys);
		assert_memory_equal(err.text, "doing this: ", 12);
		assert_string_equal(err.text + 12, strerror(numbers[i].sys));
	}
}

static void a_text_says_what_was_done_from_the_outside_in(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set(&err, ERR_DAMAGED, "hash %d", 7), -1);
	assert_int_equal(error_prefix(&err, "file %s", "x"), -1);
	assert_int_equal(error_prefix(&err, "vault"), -1);
	assert_string_equal(err.text, "vault: file x: hash 7");
	assert_int_equal(err.class, ERR_DAMAGED);
	assert_int_equal(err.sys, 0);
	error_clear(&err);
	assert_int_equal(err.class, ERR_NONE);
	assert_string_equal(err.text, "");
}

static void texts_stay_within_their_room(void **state)
{
	char text[5000];
	struct error err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)error_set(&err, ERR_INPUT, "%s", text);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	for (int i = 0; i < 5; i++) {
		(void)error_prefix(&err, "%s", text);
		assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	}
	(void)error_prefix(&err, "short");
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	assert_memory_equal(err.text, "short: xxx", 10);
	(void)error_sys(&err, ENOSPC, "%s", text);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	assert_int_equal(err.class, ERR_SPACE);
}

/* Where the room ends, no character is cut in two. */
static void a_text_that_is_cut_is_one(void **state)
{
	static char many[3000];

	(void)state;
	for (unsigned i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "ü", 2);
	for (unsigned shift = 0; shift < 2; shift++) {
		const char *before = shift == 0 ? "" : "x";
		struct error err;

		(void)error_set(&err, ERR_INPUT, "%s%s", before, many);
		assert_int_equal(strlen(err.text) % 2, shift);
		(void)error_sys(&err, EIO, "%s%s", before, many);
		assert_int_equal(strlen(err.text) % 2, shift);
		/* ": " is between, and the context is cut too. */
		(void)error_prefix(&err, "%s%s", before, many);
		assert_int_equal(strlen(err.text) % 2, 0);
		assert_true(strlen(err.text) > ERROR_TEXT_SIZE - 6);
		(void)error_prefix(&err, "%s", "abc");
		assert_int_equal(strlen(err.text) % 2, 1);
	}
}

static void who_does_not_want_to_know_gives_null(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, ERR_INPUT, "x"), -1);
	assert_int_equal(error_sys(NULL, EIO, "x"), -1);
	assert_int_equal(error_prefix(NULL, "x"), -1);
	error_clear(NULL);
}

static void an_exit_status_is_the_class_that_is_tried_again_the_most(void **state)
{
	(void)state;
	assert_int_equal(error_class_of_exit(0), ERR_NONE);
	assert_int_equal(error_class_of_exit(75), ERR_LOCKED);
	assert_int_equal(error_class_of_exit(69), ERR_LINK);
	assert_int_equal(error_class_of_exit(65), ERR_DAMAGED);
	assert_int_equal(error_class_of_exit(77), ERR_PERMISSION);
	assert_int_equal(error_class_of_exit(1), ERR_INTERNAL);
	assert_int_equal(error_class_of_exit(255), ERR_INTERNAL);
	for (enum error_class class = ERR_NONE; class < ERR_CLASSES; class ++)
		assert_int_equal(error_exit(error_class_of_exit(error_exit(class))), error_exit(class));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_status_is_the_class_that_is_tried_again_the_most),
		cmocka_unit_test(every_class_has_its_row),
		cmocka_unit_test(what_is_forgiven_is_no_error),
		cmocka_unit_test(one_thing_that_a_disk_does_not_give_stops_no_other),
		cmocka_unit_test(what_is_no_class_counts_as_a_bug_of_ours),
		cmocka_unit_test(the_systems_numbers_have_their_class),
		cmocka_unit_test(a_text_says_what_was_done_from_the_outside_in),
		cmocka_unit_test(texts_stay_within_their_room),
		cmocka_unit_test(a_text_that_is_cut_is_one),
		cmocka_unit_test(who_does_not_want_to_know_gives_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
