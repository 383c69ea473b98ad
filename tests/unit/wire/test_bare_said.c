/* What rsync says: lines of what a source's own writers do are counted, and told from all others by their ends, whatever a file is named; the others stay, however many those are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bare_said.h"

static struct bare_said said;

static void hear(const char *text)
{
	bare_said_hear(&said, text, strlen(text));
}

static void test_whose_line_it_is(void **state)
{
	static const struct {
		const char *line;
		bool of_writers;
	} cases[] = {
		{ "file has vanished: \"/x\"", true },
		{ "directory has vanished: \"/x\"", true },
		{ "rsync warning: some files vanished before they could be transferred (code 24) at main.c(1338)",
		  true },
		{ "rsync: [sender] read errors mapping \"/x\": No data available (61)", true },
		{ "WARNING: x failed verification -- update put into partial-dir (will try again).", true },
		{ "rsync: [sender] get_xattr_names: llistxattr(\"/x\",1024) failed: No such file or directory (2)",
		  true },
		{ "rsync: [sender] get_acl: sys_acl_get_file(x, ACL_TYPE_ACCESS): No such file or directory (2)",
		  true },
		{ "rsync: [sender] opendir \"/x\" failed: Not a directory (20)", true },
		/* 3.1 does not say who it is that speaks. */
		{ "rsync: read errors mapping \"/x\": No data available (61)", true },
		{ "rsync: get_acl: sys_acl_get_file(x, ACL_TYPE_ACCESS): No such file or directory (2)", true },
		{ "rsync: opendir \"/x\" failed: Not a directory (20)", true },
		{ "rsync: send_files failed to open \"/x\": Too many levels of symbolic links (40)", true },
		{ "rsync: change_dir \"/x\" failed: No such file or directory (2)", false },
		{ "rsync: [receiver] opendir \"/x\" failed: Not a directory (20)", false },
		{ "rsync: [sender] rsync: opendir \"/x\" failed: Not a directory (20)", false },
		{ "rsync: file has vanished: ", false },
		{ "rsync: [sender] send_files failed to open \"/x\": Too many levels of symbolic links (40)", true },
		/* The source itself, or the vault, is not there. */
		{ "rsync: [sender] change_dir \"/x\" failed: No such file or directory (2)", false },
		{ "rsync: [sender] link_stat \"/x/.\" failed: No such file or directory (2)", false },
		{ "rsync: [receiver] mkstemp \"/x\" failed: No such file or directory (2)", false },
		{ "rsync: [receiver] get_acl: sys_acl_get_file(x, ACL_TYPE_ACCESS): No such file or directory (2)",
		  false },
		/* A file has the words as its name. */
		{ "rsync: [sender] send_files failed to open \"/file has vanished: \": Permission denied (13)", false },
		{ "rsync: [sender] read errors mapping \"/: No data available (61)\": Input/output error (5)", false },
		{ "rsync: [sender] read errors mapping \"/x\": Input/output error (5)", false },
		{ "ERROR: x failed verification -- update discarded.", false },
		{ "Welcome to this machine", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said = (struct bare_said){ .words_bytes = 0 };
		hear(cases[i].line);
		bare_said_end(&said);
		assert_int_equal(said.of_writers, cases[i].of_writers);
		assert_int_equal(said.others, !cases[i].of_writers);
		assert_memory_equal(said.words, cases[i].line, strlen(cases[i].line));
	}
}

static void test_in_pieces(void **state)
{
	static const char text[] =
	        "file has vanished: \"/x\"\r\n\r\nsh: 1: rsync: not found\n"
	        "rsync error: error in rsync protocol data stream (code 12)\nfile has vanished: \"y\"";

	(void)state;
	said = (struct bare_said){ .words_bytes = 0 };
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		bare_said_hear(&said, text + i, 1);
	assert_int_equal(said.of_writers, 1);
	bare_said_end(&said);
	assert_int_equal(said.of_writers, 2);
	assert_true(said.others);
	assert_string_equal(said.words, "file has vanished: \"/x\"\nsh: 1: rsync: not found\n"
	                                "rsync error: error in rsync protocol data stream (code 12)\n");
}

static void test_many_vanish(void **state)
{
	(void)state;
	said = (struct bare_said){ .words_bytes = 0 };
	for (int i = 0; i < 100000; i++)
		hear("file has vanished: \"/a/long/path/of/a/file\"\n");
	hear("rsync error: some files/attrs were not transferred (code 23)\n");
	assert_int_equal(said.of_writers, 100000);
	assert_false(said.others);
	hear("rsync: [receiver] write failed on \"x\": No space left on device (28)\n");
	assert_true(said.others);
	assert_non_null(strstr(said.words, "No space left"));
}

static void test_more_than_there_is_room_for(void **state)
{
	static char line[BARE_SAID_LINE + 100];

	(void)state;
	said = (struct bare_said){ .words_bytes = 0 };
	for (int i = 0; i < 1000; i++)
		hear("one line of this many bytes, which does not count\n");
	assert_true(said.words_bytes > BARE_SAID_KEPT - 100 && said.words_bytes <= BARE_SAID_KEPT);
	assert_int_equal(said.words[said.words_bytes - 1], '\n');
	assert_int_equal(said.words[said.words_bytes], '\0');
	/* How a line ends that is too long is not known. */
	said = (struct bare_said){ .words_bytes = 0 };
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "file has vanished: ", 19);
	hear(line);
	bare_said_end(&said);
	assert_int_equal(said.of_writers, 0);
	assert_true(said.others);
	assert_string_equal(said.words, "");
	/* The longest that is taken whole; the others have no room any more. */
	line[BARE_SAID_LINE - 1] = '\0';
	hear(line);
	bare_said_end(&said);
	assert_int_equal(said.of_writers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose_line_it_is), cmocka_unit_test(test_in_pieces),
		                            cmocka_unit_test(test_many_vanish),
		                            cmocka_unit_test(test_more_than_there_is_room_for) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
