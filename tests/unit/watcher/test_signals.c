#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"

static char folder[PATH_MAX];

static int make_folder(void **state)
{
	const char *base = getenv("TMPDIR");
	char template[PATH_MAX];

	(void)state;
	(void)snprintf(template, sizeof(template), "%s/aob-signals.XXXXXX", base != NULL ? base : "/tmp");
	return mkdtemp(template) != NULL && realpath(template, folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void write_file(const char *name)
{
	char path[2 * PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
}

static void make_below(const char *name)
{
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void writes_are_seen_reads_are_not(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };
	char path[2 * PATH_MAX];
	int fd;

	(void)state;
	write_file("there");
	assert_int_equal(signal_inotify_new(folder, &signal, &err), 0);
	assert_true(signal_inotify_all(signal));
	assert_false(signal_inotify_take(signal));
	(void)snprintf(path, sizeof(path), "%s/there", folder);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, path, 1), 1);
	assert_int_equal(close(fd), 0);
	assert_false(signal_inotify_take(signal));
	write_file("there");
	assert_true(signal_inotify_take(signal));
	assert_false(signal_inotify_take(signal));
	signal_inotify_destroy(&signal);
}

static void folders_that_come_later_are_watched_too(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };

	(void)state;
	assert_int_equal(signal_inotify_new(folder, &signal, &err), 0);
	make_below("new");
	make_below("new/er");
	assert_true(signal_inotify_take(signal));
	(void)signal_inotify_take(signal);
	write_file("new/er/file");
	assert_true(signal_inotify_take(signal));
	signal_inotify_destroy(&signal);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };

	(void)state;
	assert_int_equal(signal_inotify_new("/nonexistent/folder", &signal, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_null(signal);
}

/* A process of its own that holds a file open until it is killed. */
static pid_t hold(const char *name, int flags)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		char path[2 * PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (open(path, flags) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(close(ready[1]), 0);
	return pid;
}

static void let_go(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void handles_for_writing_count_and_the_set_tells_itself_apart(void **state)
{
	struct signal_openfiles none = signal_openfiles_scan(folder);
	struct signal_openfiles one;
	struct signal_openfiles again;
	struct signal_openfiles other;
	pid_t writer;
	pid_t reader;

	(void)state;
	write_file("a");
	write_file("b");
	assert_int_equal(none.n, 0);
	reader = hold("a", O_RDONLY);
	assert_int_equal(signal_openfiles_scan(folder).n, 0);
	writer = hold("a", O_WRONLY);
	one = signal_openfiles_scan(folder);
	again = signal_openfiles_scan(folder);
	assert_int_equal(one.n, 1);
	assert_true(one.hash == again.hash);
	let_go(writer);
	writer = hold("b", O_RDWR);
	other = signal_openfiles_scan(folder);
	assert_int_equal(other.n, 1);
	assert_true(one.hash != other.hash);
	let_go(writer);
	let_go(reader);
}

static void a_folder_whose_name_begins_alike_is_another(void **state)
{
	char sub[PATH_MAX + 8];
	pid_t writer;

	(void)state;
	make_below("tm");
	make_below("tm2");
	write_file("tm2/file");
	writer = hold("tm2/file", O_WRONLY);
	(void)snprintf(sub, sizeof(sub), "%s/tm", folder);
	assert_int_equal(signal_openfiles_scan(sub).n, 0);
	let_go(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_are_seen_reads_are_not),
		cmocka_unit_test(folders_that_come_later_are_watched_too),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
		cmocka_unit_test(handles_for_writing_count_and_the_set_tells_itself_apart),
		cmocka_unit_test(a_folder_whose_name_begins_alike_is_another),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
