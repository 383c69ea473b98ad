/* One event is one line, whatever is in it; the severity is where its reader looks for it. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/journal.h"
#include "lib/log.h"

static int kept = -1;
static FILE *caught;

/* From here to released() stderr goes into a file. */
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
	static char text[20000];
	size_t n;

	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	(void)close(kept);
	rewind(caught);
	n = fread(text, 1, sizeof(text) - 1, caught);
	text[n] = '\0';
	(void)fclose(caught);
	return text;
}

static int plain(void **state)
{
	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	log_open("aob-test", NULL);
	log_context(NULL);
	return 0;
}

/* What is behind "2026-11-23T05:36:00.123Z ". */
static const char *behind_the_time(const char *line)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != form[i])
			fail_msg("no time: %s", line);
	return line + sizeof(form) - 1;
}

static void a_line_has_time_program_severity_and_context(void **state)
{
	struct error err = { .class = ERR_SPACE, .text = "no room" };

	(void)state;
	catch_stderr();
	log_context("pipeline=photos step=transfer");
	log_line(LOG_NOTICE, "published %s", "x");
	assert_string_equal(behind_the_time(released()),
	                    "aob-test notice: pipeline=photos step=transfer published x\n");
	catch_stderr();
	log_context(NULL);
	log_error(LOG_ERR, &err, "writing %d", 7);
	assert_string_equal(behind_the_time(released()), "aob-test error: writing 7: no room\n");
}

static void the_journal_gets_the_number_of_the_severity(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	catch_stderr();
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	               (unsigned long long)status.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_open("aob-test", NULL);
	journal_close(); /* as if it could not be reached; test_journal has it reached */
	log_line(LOG_WARNING, "odd");
	log_context("run=1");
	log_line(LOG_INFO, "even");
	assert_string_equal(released(), "<4>odd\n<6>run=1 even\n");
}

static void what_was_redirected_since_is_no_journal(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1234", 1), 0);
	log_open("aob-test", NULL);
	catch_stderr();
	log_line(LOG_WARNING, "odd");
	assert_string_equal(behind_the_time(released()), "aob-test warning: odd\n");
}

static void no_name_forges_a_line(void **state)
{
	const char *text;

	(void)state;
	catch_stderr();
	log_line(LOG_INFO, "file \"%s\"", "a\n2026-11-23T05:36:00.000Z aob error: forged\r\x1b[2J");
	text = behind_the_time(released());
	assert_string_equal(text, "aob-test info: file \"a\\x0a2026-11-23T05:36:00.000Z aob error: "
	                          "forged\\x0d\\x1b[2J\"\n");
}

static void a_long_line_is_cut_and_still_one(void **state)
{
	char name[10000];
	struct error err = { .class = ERR_IO };
	const char *text;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(err.text, 'e', sizeof(err.text) - 1);
	catch_stderr();
	log_line(LOG_INFO, "%s", name);
	log_error(LOG_INFO, &err, "%.3500s", name);
	memset(name, '\n', sizeof(name) - 1);
	log_line(LOG_INFO, "%s", name);
	text = released();
	for (int lines = 0; lines < 3; lines++) {
		const char *end = strchr(text, '\n');

		assert_non_null(end);
		assert_in_range(end - text, 3000, 4095);
		text = end + 1;
	}
	assert_string_equal(text, "");
}

static void only_the_topics_asked_for_are_traced(void **state)
{
	static const struct {
		const char *asked;
		const char *topic;
		bool traced;
	} cases[] = {
		{ NULL, "wire", false },         { "", "wire", false },         { "wire", "wire", true },
		{ "mdp,wire", "wire", true },    { "wire,mdp", "wire", true },  { "wires", "wire", false },
		{ "wir", "wire", false },        { "all", "wire", true },       { "sql,all", "wire", true },
		{ "small", "wire", false },      { "mdp,,wire", "wire", true }, { ",", "wire", false },
		{ "mdp,wire,sql", "mdp", true }, { "wire", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_open("aob-test", cases[i].asked);
		if (log_traces(cases[i].topic) != cases[i].traced)
			fail_msg("--trace %s: %s", cases[i].asked, cases[i].topic);
	}
	log_open("aob-test", "wire");
	catch_stderr();
	log_trace("wire", "C -> %s", "HELLO");
	log_trace("mdp", "unheard");
	assert_string_equal(behind_the_time(released()), "aob-test trace: wire: C -> HELLO\n");
}

static void what_no_terminal_shows_is_escaped(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "", "" },
		{ "plain ~ text", "plain ~ text" },
		{ "\t\n\x7f", "\\x09\\x0a\\x7f" },
		{ "Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc2\x9b", "\\xc2\\x9b" }, /* C1: the terminal's CSI */
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc3", "\\xc3" }, /* cut */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong '/' */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\x80x", "\\x80x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[100];

		assert_ptr_equal(log_escape(cases[i].in, out, sizeof(out)), out);
		assert_string_equal(out, cases[i].out);
	}
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	static const struct {
		const char *in;
		unsigned long size;
		const char *out;
	} cases[] = {
		{ "abc", 4, "abc" },     { "abc", 3, "ab" },      { "abc", 1, "" },
		{ "\n", 5, "\\x0a" },    { "\n", 4, "" },         { "a\xc3\xbc", 4, "a\xc3\xbc" },
		{ "a\xc3\xbc", 3, "a" }, { "a\xc3\xbc", 2, "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = malloc(cases[i].size);

		assert_non_null(out);
		(void)log_escape(cases[i].in, out, cases[i].size);
		assert_string_equal(out, cases[i].out);
		free(out);
	}
	{
		char untouched = 'x';

		(void)log_escape("abc", &untouched, 0);
		assert_int_equal(untouched, 'x');
	}
}

static void *other_thread(void *argument)
{
	log_context("thread=other");
	log_line(LOG_INFO, "there");
	return argument;
}

static void each_thread_has_its_context(void **state)
{
	pthread_t thread;
	const char *text;

	(void)state;
	catch_stderr();
	log_context("thread=first");
	assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	log_line(LOG_INFO, "here");
	text = released();
	assert_non_null(strstr(text, ": thread=other there\n"));
	assert_non_null(strstr(text, ": thread=first here\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_has_time_program_severity_and_context, plain),
		cmocka_unit_test_setup(the_journal_gets_the_number_of_the_severity, plain),
		cmocka_unit_test_setup(what_was_redirected_since_is_no_journal, plain),
		cmocka_unit_test_setup(no_name_forges_a_line, plain),
		cmocka_unit_test_setup(a_long_line_is_cut_and_still_one, plain),
		cmocka_unit_test_setup(only_the_topics_asked_for_are_traced, plain),
		cmocka_unit_test_setup(what_no_terminal_shows_is_escaped, plain),
		cmocka_unit_test_setup(what_does_not_fit_is_cut_between_characters, plain),
		cmocka_unit_test_setup(each_thread_has_its_context, plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
