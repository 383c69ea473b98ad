/* The far end's warnings are logged at this end, in whatever pieces they come; nothing else that it says is, and no more than so many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/log.h"
#include "wire/far_words.h"

static int kept = -1;
static FILE *caught;

static void catch_stderr(void)
{
	caught = tmpfile();
	assert_non_null(caught);
	(void)fflush(stderr);
	kept = dup(STDERR_FILENO);
	assert_int_equal(dup2(fileno(caught), STDERR_FILENO), STDERR_FILENO);
}

static const char *released(void)
{
	static char text[100000];
	size_t n;

	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	(void)close(kept);
	rewind(caught);
	n = fread(text, 1, sizeof(text) - 1, caught);
	text[n] = '\0';
	(void)fclose(caught);
	return text;
}

static void warnings_are_logged_and_nothing_else(void **state)
{
	static const char said[] = "Welcome to this machine\n2026-11-26T13:01:36.398Z aob-receiver notice: published\n"
	                           "2026-11-26T13:01:36.398Z aob-receiver warning: \"old\x1b[2J\": no time\n\n\n";
	struct far_words words = { .told = 0 };
	const char *text;

	(void)state;
	catch_stderr();
	for (size_t i = 0; i < sizeof(said) - 1; i++)
		far_words_hear(&words, said + i, 1);
	text = released();
	assert_non_null(strstr(text, "warning: far end: \"old\\x1b[2J\": no time\n"));
	assert_null(strstr(text, "Welcome"));
	assert_null(strstr(text, "published"));
}

static void neither_length_nor_number_is_the_far_ends_to_choose(void **state)
{
	static const char head[] = "x aob-receiver warning: ";
	struct far_words words = { .told = 0 };
	size_t lines = 0;
	const char *text;
	char longest[4000];

	(void)state;
	(void)memset(longest, 'a', sizeof(longest));
	catch_stderr();
	for (int i = 0; i < 1000; i++) {
		far_words_hear(&words, head, sizeof(head) - 1);
		far_words_hear(&words, longest, sizeof(longest));
		far_words_hear(&words, "\n", 1);
	}
	for (text = released(); (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	assert_int_equal(lines, FAR_WORDS_MOST + 1);
}

/* However much comes, in whatever pieces: the beginning stays, and the pipe is emptied. */
static void the_first_of_what_is_said_is_kept(void **state)
{
	char words[8] = "";
	size_t bytes = 0;
	int ends[2];

	(void)state;
	far_words_keep(-1, "nobody", words, sizeof(words), &bytes);
	assert_int_equal(bytes, 0);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	far_words_keep(ends[0], "somebody", words, sizeof(words), &bytes);
	assert_int_equal(bytes, 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	far_words_keep(ends[0], "somebody", words, sizeof(words), &bytes);
	assert_string_equal(words, "abc");
	assert_int_equal(write(ends[1], "defghij", 7), 7);
	far_words_keep(ends[0], "somebody", words, sizeof(words), &bytes);
	assert_string_equal(words, "abcdefg");
	assert_int_equal(bytes, 7);
	assert_int_equal(write(ends[1], "k", 1), 1);
	far_words_keep(ends[0], "somebody", words, sizeof(words), &bytes);
	assert_string_equal(words, "abcdefg");
	assert_int_equal(read(ends[0], words, 1), -1);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(close(ends[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings_are_logged_and_nothing_else),
		cmocka_unit_test(the_first_of_what_is_said_is_kept),
		cmocka_unit_test(neither_length_nor_number_is_the_far_ends_to_choose),
	};

	log_open("aob-test", NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
