/* Who stands back is last for CPU and disk, its children too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/priority.h"

#define WHO_PROCESS 1
#define CLASS_OF(value) ((value) >> 13)
#define CLASS_IDLE 3

static int is_last(void)
{
	return getpriority(PRIO_PROCESS, 0) == 19 && CLASS_OF(syscall(SYS_ioprio_get, WHO_PROCESS, 0)) == CLASS_IDLE;
}

static void a_process_that_stands_back_is_last_and_its_children_are(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		pid_t child;

		priority_stand_back();
		child = fork();
		if (child == 0)
			_exit(is_last() ? 0 : 1);
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			_exit(2);
		_exit(is_last() ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_stands_back_is_last_and_its_children_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
