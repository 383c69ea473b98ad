/* The command line of aob restore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "cli/restore_options.h"

#define WORDS_MOST 12
#define GO_ON (-1)

static const struct {
	const char *words[WORDS_MOST];
	int status;
} rows[] = {
	{ { "p", "--to", "d" }, GO_ON },
	{ { "--to", "d", "p" }, GO_ON },
	{ { "p", "--to", "d", "--over", "--discard", "--keep-new" }, GO_ON },
	{ { "--from", "/disk", "--to", "d" }, GO_ON },
	{ { "p", "--from", "/disk", "--identity", "k", "--ssh-option", "A=b", "--to", "d" }, GO_ON },
	{ { "p", "--to", "d", "--rate", "200 kB/s", "--dry-run", "--json", "--keep-special" }, GO_ON },
	{ { "p", "--from", "/disk", "--compression", "off", "--to", "d" }, GO_ON },
	{ { "p", "--from", "/disk", "--compression", "auto", "--to", "d" }, GO_ON },
	{ { "--help" }, EX_OK },
	{ { "p" }, EX_USAGE },
	{ { "--to", "d" }, EX_USAGE },
	{ { "p", "q", "--to", "d" }, EX_USAGE },
	{ { "p", "--to", "d", "--discard" }, EX_USAGE },
	{ { "p", "--to", "d", "--keep-new" }, EX_USAGE },
	{ { "p", "--to", "d", "--identity", "k" }, EX_USAGE },
	{ { "p", "--to", "d", "--ssh-option", "A=b" }, EX_USAGE },
	{ { "p", "--to", "d", "--compression", "off" }, EX_USAGE },
	{ { "p", "--from", "/disk", "--to", "d", "--compression", "zstd" }, EX_USAGE },
	{ { "p", "--to", "d", "--rate", "fast" }, EX_USAGE },
	{ { "p", "--to", "d", "--no-such" }, EX_USAGE },
};

static int read_words(const char *const words[WORDS_MOST], struct restore_options *options)
{
	static char texts[WORDS_MOST + 1][64];
	char *argv[WORDS_MOST + 2] = { texts[0] };
	int argc = 1;

	(void)snprintf(texts[0], sizeof(texts[0]), "restore");
	for (; argc <= WORDS_MOST && words[argc - 1] != NULL; argc++) {
		(void)snprintf(texts[argc], sizeof(texts[argc]), "%s", words[argc - 1]);
		argv[argc] = texts[argc];
	}
	return restore_options_read(argc, argv, options);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct restore_options options;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = read_words(rows[i].words, &options);

		if (status != rows[i].status)
			fail_msg("row %zu: %d", i, status);
	}
}

static void each_word_is_where_it_belongs(void **state)
{
	static const char *const words[WORDS_MOST] = { "p",     "--path", "a", "--path",       "b", "--glob",
		                                       "*.jpg", "--to",   "d", "--generation", "g", "--over" };
	struct restore_options o;

	(void)state;
	assert_int_equal(read_words(words, &o), GO_ON);
	assert_string_equal(o.pipeline, "p");
	assert_string_equal(o.paths[0], "a");
	assert_string_equal(o.paths[1], "b");
	assert_null(o.paths[2]);
	assert_string_equal(o.globs[0], "*.jpg");
	assert_string_equal(o.to, "d");
	assert_string_equal(o.generation, "g");
	assert_true(o.over && !o.discards && !o.keep_new && !o.json && !o.dry_run && o.rate_bps == 0);
}

/* By Tab, or as `aob ls` takes it. */
static void a_path_is_taken_as_people_write_it(void **state)
{
	static const char *const words[WORDS_MOST] = { "p",     "--path", "a/", "--path", "/a/b", "--path",
		                                       "./c//", "--path", "/",  "--to",   "d" };
	struct restore_options o;

	(void)state;
	assert_int_equal(read_words(words, &o), GO_ON);
	assert_string_equal(o.paths[0], "a");
	assert_string_equal(o.paths[1], "a/b");
	assert_string_equal(o.paths[2], "c");
	assert_string_equal(o.paths[3], "");
}

/* By it the same restore is known again: what does not change what is done is no part of it. */
static void the_same_is_wanted(void **state)
{
	struct restore_options o = { .paths = { "a", "b\n" }, .globs = { "*" }, .over = true, .discards = true };
	struct restore_options all = { .json = true };
	char wanted[200];
	char small[10];

	(void)state;
	restore_options_wanted(&o, wanted, sizeof(wanted));
	assert_string_equal(wanted, "--over --discard --path a --path b\\x0a --glob *");
	restore_options_wanted(&o, small, sizeof(small));
	assert_string_equal(small, "--over --");
	restore_options_wanted(&all, wanted, sizeof(wanted));
	assert_string_equal(wanted, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_makes_no_sense_is_refused),
		                            cmocka_unit_test(each_word_is_where_it_belongs),
		                            cmocka_unit_test(a_path_is_taken_as_people_write_it),
		                            cmocka_unit_test(the_same_is_wanted) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
