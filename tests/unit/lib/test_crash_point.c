/* A process dies at the place that AOB_CRASH_POINT names, at no other, and at the n-th time if a number is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crash_point.h"

/* How many of five times a child survives that comes to "here", and before each to "hereafter". */
static int survived(const char *wanted)
{
	int status = 0;
	int times = 0;
	char byte;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (wanted != NULL)
			(void)setenv("AOB_CRASH_POINT", wanted, 1);
		else
			(void)unsetenv("AOB_CRASH_POINT");
		for (int i = 0; i < 5; i++) {
			crash_point("hereafter");
			crash_point("here");
			if (write(ends[1], "x", 1) != 1)
				_exit(2);
		}
		_exit(0);
	}
	(void)close(ends[1]);
	while (read(ends[0], &byte, 1) == 1)
		times++;
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(times == 5 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
	                       : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return times;
}

static void it_dies_where_it_is_named(void **state)
{
	static const struct {
		const char *wanted;
		int times;
	} cases[] = { { NULL, 5 },     { "", 5 },       { "her", 5 },    { "elsewhere", 5 }, { "here", 0 },
		      { "here:1", 0 }, { "here:3", 2 }, { "here:9", 5 }, { "here:", 0 },     { "here:x", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (survived(cases[i].wanted) != cases[i].times)
			fail_msg("%s", cases[i].wanted != NULL ? cases[i].wanted : "(not set)");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_dies_where_it_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
