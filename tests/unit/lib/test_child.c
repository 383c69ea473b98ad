/* A program beside this one: with pipes, without a shell, with nothing of ours but that, and ended when it is to end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/child.h"

static void start(struct child *child, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct error err = { 0 };

	if (child_start(child, argv, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(child->pid > 0);
}

/* All that comes out, as text. */
static const char *read_all(int fd)
{
	static char text[4096];
	size_t used = 0;
	ssize_t n = 1;

	while (n != 0) {
		struct pollfd item = { .fd = fd, .events = POLLIN };

		assert_int_equal(poll(&item, 1, 10000), 1);
		n = read(fd, text + used, sizeof(text) - 1 - used);
		assert_true(n >= 0);
		used += (size_t)n;
	}
	text[used] = '\0';
	return text;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void it_hears_and_speaks_through_pipes(void **state)
{
	struct child child;

	(void)state;
	start(&child, "read x; echo \"out $x\"; echo \"err $x\" >&2; exit 3");
	assert_int_equal(write(child.in_fd, "word\n", 5), 5);
	assert_string_equal(read_all(child.out_fd), "out word\n");
	assert_string_equal(read_all(child.err_fd), "err word\n");
	child_end(&child, 10000);
	assert_int_equal(child.pid, 0);
	assert_true(WIFEXITED(child.status));
	assert_int_equal(WEXITSTATUS(child.status), 3);
	assert_int_equal(child.in_fd, -1);
	assert_int_equal(child.out_fd, -1);
	assert_int_equal(child.err_fd, -1);
	child_end(&child, 10000); /* once more does no harm */
}

static void no_shell_looks_at_the_words(void **state)
{
	static const char *const argv[] = { "printf", "%s|", "a b", "$(id)", "*", "", ";", NULL };
	struct child child;

	(void)state;
	assert_int_equal(child_start(&child, argv, NULL), 0);
	assert_string_equal(read_all(child.out_fd), "a b|$(id)|*||;|");
	child_end(&child, 10000);
}

static void what_cannot_be_run_is_told_at_once(void **state)
{
	static const struct {
		const char *program;
		enum error_class class;
	} cases[] = {
		{ "/does/not/exist", ERR_NOT_FOUND },
		{ "aob-no-such-program", ERR_NOT_FOUND },
		{ "/etc/passwd", ERR_PERMISSION },
		{ "/", ERR_PERMISSION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const argv[] = { cases[i].program, NULL };
		struct error err = { 0 };
		struct child child;

		assert_int_equal(child_start(&child, argv, &err), -1);
		if (err.class != cases[i].class)
			fail_msg("%s", err.text);
		assert_non_null(strstr(err.text, cases[i].program));
		assert_int_equal(child.pid, 0);
		assert_int_equal(child.in_fd, -1);
		child_end(&child, 0);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to be waited for */
	assert_int_equal(errno, ECHILD);
}

static void none_of_our_descriptors_is_handed_on(void **state)
{
	int open_one = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct child other;
	struct child child;

	(void)state;
	assert_true(open_one >= 0);
	start(&other, "cat");
	start(&child, "ls /proc/self/fd | tr '\\n' ' '");
	assert_string_equal(read_all(child.out_fd), "0 1 2 3 "); /* 3: the folder that ls reads */
	child_end(&child, 10000);
	child_end(&other, 10000);
	assert_int_equal(other.status, 0); /* its stdin was not held open by the second child */
	assert_int_equal(close(open_one), 0);
}

static void signals_are_as_usual_for_it(void **state)
{
	struct child child;
	sigset_t blocked;
	sigset_t was;

	(void)state;
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &was), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	/* The two behind 31 are the C library's own, and nobody but it may set them. */
	start(&child, "while read -r k v; do case $k in SigBlk:|SigIgn:) echo $((0x$v & 0x7fffffff));; esac; done "
	              "</proc/self/status");
	(void)signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_SETMASK, &was, NULL), 0);
	assert_string_equal(read_all(child.out_fd), "0\n0\n");
	child_end(&child, 10000);
}

static void one_that_does_not_end_is_ended(void **state)
{
	struct child child;
	uint64_t before = now_ms();

	(void)state;
	start(&child, "exec sleep 100");
	child_end(&child, 50);
	assert_true(WIFSIGNALED(child.status));
	assert_int_equal(WTERMSIG(child.status), SIGTERM);
	start(&child, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
	{
		char text[6];

		assert_int_equal(read(child.out_fd, text, 6), 6);
	}
	child_end(&child, 50);
	assert_int_equal(WTERMSIG(child.status), SIGKILL);
	assert_true(now_ms() - before < 10000);
}

/* A parent that is killed takes it along. */
static void it_dies_with_its_parent(void **state)
{
	int pipe_fd[2];
	pid_t parent;
	pid_t grandchild = 0;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		static const char *const argv[] = { "sleep", "100", NULL };
		struct child child;

		if (child_start(&child, argv, NULL) != 0 ||
		    write(pipe_fd[1], &child.pid, sizeof(child.pid)) != (ssize_t)sizeof(child.pid))
			_exit(1);
		(void)pause();
	}
	assert_int_equal(read(pipe_fd[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	assert_true(grandchild > 1);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	for (int i = 0; i < 100; i++) {
		char path[64];
		char line[256] = "";
		FILE *in;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", grandchild);
		in = fopen(path, "r");
		if (in == NULL)
			goto gone;
		if (fgets(line, sizeof(line), in) == NULL || strstr(line, ") Z") != NULL) {
			(void)fclose(in);
			goto gone; /* dead, only not waited for by init yet */
		}
		(void)fclose(in);
		(void)usleep(50000);
	}
	fail_msg("it lives on");
gone:
	(void)close(pipe_fd[0]);
	(void)close(pipe_fd[1]);
}

/* It and what it has started end together; and what it leaves running does not outlive it. */
static void a_group_ends_as_one(void **state)
{
	const char *const stubborn[] = { "sh", "-c", "trap '' TERM; sleep 300 & echo $!; sleep 300", NULL };
	const char *const leaves[] = { "sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $! $WORD", NULL };
	char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "WORD=said" }, NULL };
	const char *const *all[] = { stubborn, leaves };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct child child;
		struct error err = { 0 };
		char line[64] = "";
		char *word = line;
		long pid;
		ssize_t n;

		assert_int_equal(child_start_group(&child, all[i], environment, &err), 0);
		n = read(child.out_fd, line, sizeof(line) - 1);
		assert_true(n > 0);
		pid = strtol(line, &word, 10);
		assert_true(pid > 1);
		assert_string_equal(word, i == 0 ? "\n" : " said\n");
		child_end(&child, i == 0 ? 0 : 5000);
		assert_int_equal(child.pid, 0);
		assert_true(child_has_ended(&child));
		/* A dead one waits for init, which may take a moment. */
		for (int tries = 0; tries < 100 && kill((pid_t)pid, 0) == 0; tries++) {
			char path[64];
			char stat[256] = "";
			FILE *file;

			(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
			file = fopen(path, "re");
			if (file == NULL || fgets(stat, sizeof(stat), file) == NULL || strstr(stat, ") Z ") != NULL) {
				if (file != NULL)
					(void)fclose(file);
				break;
			}
			(void)fclose(file);
			assert_true(tries < 99);
			(void)poll(NULL, 0, 20);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_ends_as_one),
		cmocka_unit_test(it_hears_and_speaks_through_pipes),
		cmocka_unit_test(no_shell_looks_at_the_words),
		cmocka_unit_test(what_cannot_be_run_is_told_at_once),
		cmocka_unit_test(none_of_our_descriptors_is_handed_on),
		cmocka_unit_test(signals_are_as_usual_for_it),
		cmocka_unit_test(one_that_does_not_end_is_ended),
		cmocka_unit_test(it_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
