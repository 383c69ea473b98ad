/* A line reaches the journal whole, with its fields, by the native protocol; what can't be sent is told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/journal.h"
#include "tests/unit/scratch.h"

static char folder[48];
static char path[64];
static int socket_fd = -1;

static int set_up(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	if (scratch_make(folder, sizeof(folder), "journal") != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	memcpy(address.sun_path, path, strlen(path));
	socket_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	return bind(socket_fd, (const struct sockaddr *)&address, sizeof(address));
}

static int tear_down(void **state)
{
	(void)state;
	journal_close();
	(void)close(socket_fd);
	(void)unlink(path);
	return rmdir(folder);
}

static const char *received(void)
{
	static char text[16384];
	ssize_t n = recv(socket_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void a_line_has_its_fields(void **state)
{
	(void)state;
	assert_true(journal_open(path, "aob-test"));
	assert_true(journal_send(4, "pipeline=photos run=2026-x step=transfer", "it broke"));
	assert_string_equal(received(), "PRIORITY=4\nSYSLOG_IDENTIFIER=aob-test\nAOB_PIPELINE=photos\nAOB_RUN=2026-x\n"
	                                "AOB_STEP=transfer\nMESSAGE=it broke\n");
	assert_true(journal_send(6, "", "pipeline=mac.1 overdue: x"));
	assert_string_equal(received(), "PRIORITY=6\nSYSLOG_IDENTIFIER=aob-test\nAOB_PIPELINE=mac.1\n"
	                                "MESSAGE=pipeline=mac.1 overdue: x\n");
	assert_true(journal_send(6, "", "notifier=phone pipeline=photos told: run=away"));
	assert_string_equal(received(),
	                    "PRIORITY=6\nSYSLOG_IDENTIFIER=aob-test\nAOB_NOTIFIER=phone\nAOB_PIPELINE=photos\n"
	                    "MESSAGE=notifier=phone pipeline=photos told: run=away\n");
	assert_true(journal_send(6, "", "a=1 pipeline=x"));
	assert_string_equal(received(), "PRIORITY=6\nSYSLOG_IDENTIFIER=aob-test\nMESSAGE=a=1 pipeline=x\n");
	assert_true(journal_send(6, "", "plain"));
	assert_string_equal(received(), "PRIORITY=6\nSYSLOG_IDENTIFIER=aob-test\nMESSAGE=plain\n");
}

static void no_name_makes_another_field(void **state)
{
	static const char expected[] =
	        "PRIORITY=6\nSYSLOG_IDENTIFIER=aob-test\nAOB_AB=1\nMESSAGE\n\003\0\0\0\0\0\0\0a\nb\n";

	(void)state;
	assert_true(journal_open(path, "aob-test"));
	assert_true(journal_send(6, "a-b=1 nothing =x", "a\nb"));
	assert_memory_equal(received(), expected, sizeof(expected));
}

static void what_does_not_fit_or_has_nowhere_to_go_is_told(void **state)
{
	char large[10000];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_false(journal_send(6, "", "not open"));
	assert_false(journal_open("/nowhere/socket", "aob-test"));
	assert_false(journal_send(6, "", "not open"));
	assert_true(journal_open(path, "aob-test"));
	assert_false(journal_send(6, "", large));
	/* A journal that does not read stops nobody. */
	for (int i = 0; i < 100000; i++)
		if (!journal_send(6, "", "again"))
			return;
	fail_msg("it never said that it is full");
}

static void a_stream_is_known_by_device_and_inode(void **state)
{
	struct stat status;
	char text[64];

	(void)state;
	assert_int_equal(fstat(socket_fd, &status), 0);
	(void)snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
	               (unsigned long long)status.st_ino);
	assert_true(journal_stream(text, socket_fd));
	assert_false(journal_stream("1:1", socket_fd));
	assert_false(journal_stream("x", socket_fd));
	assert_false(journal_stream(NULL, socket_fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_its_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_name_makes_another_field, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_fit_or_has_nowhere_to_go_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stream_is_known_by_device_and_inode, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
