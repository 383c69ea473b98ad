/* A right that a unit gave by name is seen, with a user that is not root, and is not handed on to what is executed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/child.h"
#include "lib/rights.h"

#define NOBODY 65534
#define RIGHT CAP_DAC_READ_SEARCH

static int set_rights(uint32_t bits)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { bits, bits, bits } };

	return (int)syscall(SYS_capset, &header, data);
}

/* As a unit with User= and AmbientCapabilities= starts its program. In a process of its own. */
static int become_a_service(void)
{
	if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0 || set_rights(1u << RIGHT) != 0)
		return -1;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, RIGHT, 0, 0);
}

static int exit_of(int (*what)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int a_service(void)
{
	if (become_a_service() != 0)
		return 1;
	if (!rights_have(RIGHT) || rights_have(CAP_SYS_ADMIN) || rights_have(1000))
		return 2;
	return set_rights(0) == 0 && !rights_have(RIGHT) ? 0 : 3;
}

static int its_child(void)
{
	static const char *const argv[] = { "grep", "-E", "^Cap(Prm|Eff|Amb)", "/proc/self/status", NULL };
	struct error err = { .class = ERR_NONE };
	struct child child;
	char text[300] = "";
	size_t used = 0;
	ssize_t n;

	if (become_a_service() != 0 || child_start(&child, argv, &err) != 0)
		return 1;
	while (used + 1 < sizeof(text) && (n = read(child.out_fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	child_end(&child, 10000);
	if (strcmp(text, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n") != 0)
		return 2;
	return rights_have(RIGHT) ? 0 : 3; /* we keep it */
}

static void a_right_by_name_is_seen(void **state)
{
	(void)state;
	if (!rights_have(CAP_SETUID))
		skip();
	assert_int_equal(exit_of(a_service), 0);
}

static void what_we_execute_does_not_get_it(void **state)
{
	(void)state;
	if (!rights_have(CAP_SETUID))
		skip();
	assert_int_equal(exit_of(its_child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_by_name_is_seen),
		cmocka_unit_test(what_we_execute_does_not_get_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
