/* How rsync ended becomes one of our errors: by its number, and by what it said, which tells more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bare_exit.h"

static void test_ends(void **state)
{
#define N50 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define LONG N50 N50 N50 N50 N50 N50 N50 N50 N50 N50 N50 N50
	static const struct {
		int status;
		const char *words;
		enum error_class class;
		const char *text;
	} cases[] = {
		{ 1, "rsync: --info: unknown option\n", ERR_CONFIG, "3.1 or newer" },
		{ 12, "Connection reset by peer\nrsync error: error in rsync protocol data stream (code 12)\n",
		  ERR_LINK, "Connection reset by peer" },
		{ 12, "aob: locked\nrsync: connection unexpectedly closed\n", ERR_LOCKED, "another is at work" },
		{ 11, "rsync: [receiver] write failed on \"x\": No space left on device (28)\n", ERR_SPACE, "no room" },
		{ 23,
		  "rsync: [receiver] rsync_xal_set: lsetxattr(\"/v/x\",\"user.big\") failed: No space left on device "
		  "(28)\n",
		  ERR_INPUT, "setfattr -x" },
		{ 23, "rsync: rsync_xal_set: lsetxattr(x,\"user.big\") failed: Argument list too long (7)\n", ERR_INPUT,
		  "setfattr -x" },
		/* Where both are said, the disk is full. */
		{ 23,
		  "rsync: [receiver] rsync_xal_set: fsetxattr(\"x\",\"user.a\") failed: No space left on device (28)\n"
		  "rsync: [receiver] mkstemp \"/rsync_xal_set: x\" failed: No space left on device (28)\n",
		  ERR_SPACE, "no room" },
		{ 23, "rsync: [sender] link_stat \"/x\" failed: Argument list too long (7)\n", ERR_IO,
		  "could not bring" },
		{ 2,
		  "protocol version mismatch -- is your shell clean?\n(see the rsync manpage for an explanation)\n"
		  "rsync error: protocol incompatibility (code 2) at compat.c(625) [sender=3.5.0]\n",
		  ERR_CONFIG, "as a greeting" },
		{ 2, "rsync error: protocol incompatibility (code 2) at compat.c(625) [sender=3.2.7]\n", ERR_CONFIG,
		  "do not understand" },
		{ 23, "rsync: [sender] read errors mapping \"x\": Input/output error (5)\n", ERR_IO, "a disk failed" },
		{ 23,
		  "rsync: [receiver] rsync_xal_set: lsetxattr(\"x\",\"user.a\") failed: Operation not supported (95)\n",
		  ERR_CONFIG, "can't hold" },
		{ 23, "rsync: [sender] send_files failed to open \"x\": Permission denied (13)\n", ERR_PERMISSION,
		  "may not be" },
		{ 24, "file has vanished: \"x\"\n", ERR_DAMAGED, "vanished" },
		{ 30, "", ERR_LINK, "nothing came" },
		{ 127, "sh: rsync: not found\n", ERR_CONFIG, "install it" },
		{ 255, "ssh: connect to host x port 22: Connection refused\n", ERR_LINK, "Connection refused" },
		{ 255, "dad@x: Permission denied (publickey).\n", ERR_PERMISSION, "authorized_keys" },
		{ 255, "Host key verification failed.\n", ERR_PERMISSION, "known_hosts" },
		{ 255, "Permission denied (publickey).\n", ERR_PERMISSION, "authorized_keys" },
		/* Its ssh's status did not come to rsync. */
		{ 12,
		  "dad@x: Permission denied (publickey).\r\nrsync: connection unexpectedly closed (0 bytes received so "
		  "far) [sender]\n",
		  ERR_PERMISSION, "authorized_keys" },
		{ 12, "@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n", ERR_PERMISSION,
		  "known_hosts" },
		{ 12, "file has vanished: \"/a@b: Permission denied (x\"\n", ERR_LINK, "connection was lost" },
		{ 255, "rsync: [sender] opendir \"/a@b: Permission denied (x\" failed: Not a directory (20)\n",
		  ERR_LINK, "ssh ended" },
		/* A file has the words as its name, or what ssh says. */
		{ 23,
		  "rsync: [sender] send_files failed to open \"/No space left on device\": Permission denied (13)\n",
		  ERR_PERMISSION, "may not be read" },
		{ 23, "rsync: [receiver] mkstemp \"/a: Permission denied (13)\" failed: No space left on device (28)\n",
		  ERR_SPACE, "no room" },
		{ 23, "could not make way for new symlink: a: Permission denied\n", ERR_IO, "could not bring" },
		{ 23, "cannot delete non-empty directory: aob: locked\n", ERR_IO, "could not bring" },
		{ 24, "file has vanished: \"/a: Permission denied (13)\"\n", ERR_DAMAGED, "vanished" },
		{ 12, "rsync: x: HOST IDENTIFICATION HAS CHANGED\n", ERR_LINK, "connection was lost" },
		{ 23, "rsync: [sender] opendir \"/" LONG "\" failed: File name too long (36)\n", ERR_INPUT,
		  "nnn ... nnn" },
		{ 23, "rsync: [sender] opendir \"/" LONG "\" failed: File name too long (36)\n", ERR_INPUT,
		  "\" failed: File name too long (36)" },
		/* The line that tells, not the first. */
		{ 11, "Welcome\nrsync: [receiver] write failed on \"x\": Disk quota exceeded (122)\n", ERR_SPACE,
		  "write failed" },
		{ 126, "sh: 1: rsync: Permission denied\n", ERR_PERMISSION, "sh: 1: rsync" },
		{ 12, "sh: 1: cannot open .aob/lock: Read-only file system\n", ERR_IO, "can't be written" },
		{ 23, "rsync: [receiver] rsync_xal_set: lsetxattr(x,\"user.a\") failed: Not supported (95)\n",
		  ERR_CONFIG, "can't hold" },
		{ 99, "what\x1b[31m\n", ERR_SYSTEM, "what\\x1b" },
		{ -1, "", ERR_SYSTEM, "killed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { .class = ERR_NONE };

		assert_int_equal(bare_exit_read(cases[i].status, cases[i].words, &err), -1);
		assert_string_equal(error_code(err.class), error_code(cases[i].class));
		assert_non_null(strstr(err.text, cases[i].text));
		assert_int_equal(strstr(err.text, "ssh was not let in") != NULL,
		                 strcmp(cases[i].text, "authorized_keys") == 0);
	}
	assert_int_equal(bare_exit_read(0, "warning", NULL), 0);
	assert_int_equal(bare_exit_read(255, "Host key verification failed.", NULL), -1);
}

static void test_what_writers_do(void **state)
{
#define LAST                                                                                                           \
	"rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338) "          \
	"[sender=3.2.7]\n"
	static const struct {
		int status;
		const char *words;
		int first, last; /* as it counts in a pass that may be read again, and in the last one */
	} cases[] = {
		{ 24, "file has vanished: \"/x\"\n", 24, 0 },
		{ 24, "", 24, 0 },
		{ 23, "rsync: [sender] read errors mapping \"/x\": No data available (61)\n" LAST, 24, 0 },
		{ 23,
		  "file has vanished: \"/y\"\nrsync: [sender] read errors mapping \"/x\": No data available (61)\n"
		  "WARNING: x failed verification -- update put into partial-dir (will try again).\n" LAST,
		  24, 0 },
		{ 23,
		  "rsync: [sender] get_xattr_names: llistxattr(\"/x\",1024) failed: No such file or directory "
		  "(2)\n" LAST,
		  24, 0 },
		{ 23, "", 23, 23 },
		{ 23, LAST, 23, 23 },
		{ 23,
		  "file has vanished: \"/x\"\nrsync: [receiver] write failed on \"x\": No space left on device (28)\n",
		  23, 23 },
		{ 12, "file has vanished: \"/x\"\n", 12, 12 },
		{ 0, "", 0, 0 },
		{ -1, "file has vanished: \"/x\"\n", -1, -1 },
	};
	static struct bare_said said;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said = (struct bare_said){ .words_bytes = 0 };
		bare_said_hear(&said, cases[i].words, strlen(cases[i].words));
		assert_int_equal(bare_exit_settle(cases[i].status, &said, false), cases[i].first);
		assert_int_equal(bare_exit_settle(cases[i].status, &said, true), cases[i].last);
	}
}

static void test_links_full(void **state)
{
	static const char said[] = "rsync: [generator] link \"/x\" => y failed: Too many links (31)\n"
	                           "File-list index 0 not in 3 - 24003 (finish_hard_link) [generator]\n";

	(void)state;
	assert_true(bare_exit_links_full(23, said));
	assert_true(bare_exit_links_full(2, said));
	assert_true(bare_exit_links_full(255, said));
	assert_false(bare_exit_links_full(0, said));
	assert_false(bare_exit_links_full(
	        23, "rsync: [sender] send_files failed to open \"/Too many links\": Permission denied (13)\n"));
	assert_false(bare_exit_links_full(23, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ends), cmocka_unit_test(test_what_writers_do),
		                            cmocka_unit_test(test_links_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
