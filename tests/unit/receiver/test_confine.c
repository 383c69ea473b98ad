#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "receiver/confine.h"

/* Each check is a bit in the child's exit status; 0: all is as it should be. */
static void *nothing(void *context)
{
	return context;
}

static int works_inside(const char *root)
{
	pthread_t thread;
	int fd;

	if (chdir(root) != 0 || mkdir("a", 0700) != 0 || mkdir("b", 0700) != 0)
		return 1;
	fd = open("a/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0 || fsync(fd) != 0 || close(fd) != 0)
		return 2;
	if (link("a/file", "b/linked") != 0 || rename("a/file", "b/file") != 0 || symlink("/etc", "way") != 0)
		return 3;
	if (unlink("b/file") != 0 || rename("b", "a/b") != 0)
		return 4;
	return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0 ? 0 : 5;
}

static int refused_outside(const struct confined *done, const char *beside)
{
	char *const words[] = { (char *)(uintptr_t) "true", NULL };

	if (done->landlock != 0 &&
	    (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || open("way/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
	     open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || open(beside, O_WRONLY | O_CLOEXEC) >= 0 ||
	     errno != EACCES || unlink(beside) == 0))
		return 11;
	if (done->seccomp && (execv("/bin/true", words) == 0 || errno != EPERM || fork() >= 0 || errno != EPERM ||
	                      socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM || setuid(0) == 0))
		return 12;
	return done->no_new_privs && done->seccomp ? 0 : 13;
}

static void what_a_receiver_needs_works_and_nothing_else(void **state)
{
	/* Not below the folder for temporary files, which stays in reach. */
	char root[] = "/run/aob-confine.XXXXXX";
	char beside[] = "/run/aob-beside.XXXXXX";
	char command[200];
	int fd;
	int status = -1;
	pid_t child;

	(void)state;
	if (mkdtemp(root) == NULL)
		skip(); /* no root here */
	fd = mkstemp(beside);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	child = fork();
	if (child == 0) {
		struct confined done = confine_process(root, NULL, false);
		int rc = works_inside(root);

		_exit(rc != 0 ? rc : refused_outside(&done, beside));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'; rm '%s'", root, beside);
	assert_int_equal(system(command), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_a_receiver_needs_works_and_nothing_else) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
