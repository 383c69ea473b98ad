/* A program gets its text and is judged by its status; one that hangs, does not read, or leaves something running is no trouble. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "monitor/notify_child.h"

static atomic_bool go_on;

static int run(const char *script, const char *text, struct error *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	error_clear(err);
	return notify_child_run(argv, text, &go_on, err);
}

static void it_gets_the_text_and_its_status_counts(void **state)
{
	struct error err;
	char large[300000];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(run("test \"$(cat)\" = hello", "hello", &err), 0);
	assert_int_equal(run("test $(wc -c) = 299999; cat /dev/zero | head -c 500000", large, &err), 0);
	assert_int_equal(run("exit 0", large, &err), 0); /* it does not read */
	assert_int_equal(run("echo one >&2; echo 'tw\033o' >&2; exit 75", "", &err), -1);
	assert_string_equal(err.text, "/bin/sh ended with status 75: tw\\x1bo");
	assert_int_equal(run("kill -9 $$", "", &err), -1);
	assert_string_equal(err.text, "/bin/sh was ended by signal 9");
	assert_int_equal(run("head -c 100000 /dev/zero | tr '\\0' y >&2; exit 1", "", &err), -1);
	assert_true(strlen(err.text) < 700);
}

static void one_that_is_not_there_is_told(void **state)
{
	const char *const argv[] = { "/nowhere/program", NULL };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(notify_child_run(argv, "", &go_on, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
}

static void what_it_leaves_running_is_not_waited_for(void **state)
{
	struct error err;
	int64_t began_ms = clock_now_ms();

	(void)state;
	assert_int_equal(run("sleep 20 & exit 0", "", &err), 0);
	assert_true(clock_now_ms() - began_ms < 10000);
}

static void it_is_stopped_when_we_end(void **state)
{
	struct error err;
	int64_t began_ms = clock_now_ms();

	(void)state;
	atomic_store(&go_on, true);
	assert_int_equal(run("exec sleep 30", "", &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_true(clock_now_ms() - began_ms < 10000);
	atomic_store(&go_on, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gets_the_text_and_its_status_counts),
		cmocka_unit_test(one_that_is_not_there_is_told),
		cmocka_unit_test(what_it_leaves_running_is_not_waited_for),
		cmocka_unit_test(it_is_stopped_when_we_end),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
