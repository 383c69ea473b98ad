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
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/time_machine.h"
#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"
#include "tests/unit/scratch.h"

static char folder[PATH_MAX];

static int make_folder(void **state)
{
	char made[PATH_MAX];

	(void)state;
	return scratch_make(made, sizeof(made), "signals") == 0 && realpath(made, folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static void write_file(const char *name)
{
	assert_int_equal(scratch_write(folder, name), 0);
}

static void make_below(const char *name)
{
	assert_int_equal(scratch_below(folder, name), 0);
}

static bool take(struct signal_inotify *signal)
{
	struct signal_told told;

	signal_inotify_take(signal, &told);
	return told.lost || told.others || told.bundles != 0 || told.stirred != 0;
}

static struct signal_handles scan(const char *below, const char *bundle)
{
	struct signal_openfiles *files = signal_openfiles_new();
	struct signal_handles found;

	struct stat st;

	assert_non_null(files);
	assert_int_equal(stat(folder, &st), 0);
	signal_openfiles_want(files, st.st_dev);
	signal_openfiles_scan(files, 1, 0);
	found = signal_openfiles_of(files, below, bundle, 0);
	signal_openfiles_destroy(&files);
	return found;
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
	assert_false(take(signal));
	(void)snprintf(path, sizeof(path), "%s/there", folder);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, path, 1), 1);
	assert_int_equal(close(fd), 0);
	assert_false(take(signal));
	write_file("there");
	assert_true(take(signal));
	assert_false(take(signal));
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
	assert_true(take(signal));
	(void)take(signal);
	write_file("new/er/file");
	assert_true(take(signal));
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
	struct signal_handles none = scan(folder, "");
	struct signal_handles one;
	struct signal_handles again;
	struct signal_handles other;
	pid_t writer;
	pid_t reader;

	(void)state;
	write_file("a");
	write_file("b");
	assert_int_equal(none.n, 0);
	reader = hold("a", O_RDONLY);
	assert_int_equal(scan(folder, "").n, 0);
	writer = hold("a", O_WRONLY);
	one = scan(folder, "");
	again = scan(folder, "");
	assert_int_equal(one.n, 1);
	assert_true(one.hash == again.hash);
	let_go(writer);
	writer = hold("b", O_RDWR);
	other = scan(folder, "");
	assert_int_equal(other.n, 1);
	assert_true(one.hash != other.hash);
	let_go(writer);
	let_go(reader);
}

/* More than are remembered, elsewhere on the machine. */
static void however_many_are_open_elsewhere(void **state)
{
	struct rlimit limit = { SIGNAL_OPENFILES_MAX + 200, SIGNAL_OPENFILES_MAX + 200 };
	struct signal_handles before;
	struct signal_handles after;
	char path[2 * PATH_MAX];
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_below("elsewhere");
	(void)snprintf(path, sizeof(path), "%s/elsewhere", folder);
	assert_int_equal(pipe(ready), 0);
	before = scan(folder, "");
	pid = fork();
	if (pid == 0) {
		/* A file system of its own, in a namespace of its own: other processes see the handles all the same. */
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || unshare(CLONE_NEWNS) != 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", path, "tmpfs", 0, NULL) != 0)
			_exit(1);
		(void)snprintf(path + strlen(path), 8, "/file");
		for (int i = 0; i < SIGNAL_OPENFILES_MAX + 100; i++)
			if (open(path, O_WRONLY | O_CREAT, 0600) < 0)
				_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	after = scan(folder, "");
	let_go(pid);
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(close(ready[1]), 0);
	assert_true(after.hash == before.hash);
	assert_int_equal(after.n, before.n);
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
	assert_int_equal(scan(sub, "").n, 0);
	let_go(writer);
}

static void a_write_is_told_of_the_bundle_that_it_is_in(void **state)
{
	struct signal_inotify *signal;
	struct signal_told told;
	struct error err = { .class = ERR_NONE };
	char old[2 * PATH_MAX];
	char new[2 * PATH_MAX];
	int fd;

	(void)state;
	make_below("Anna.incomplete");
	make_below("Anna.incomplete/bands");
	make_below("sub");
	make_below("sub/Bob.sparsebundle");
	assert_int_equal(signal_inotify_new(folder, &signal, &err), 0);
	write_file("Anna.incomplete/bands/0");
	signal_inotify_take(signal, &told);
	assert_int_equal(told.bundles, 1);
	assert_false(told.others || told.folders);
	/* What smbd does when a handle is closed at last is a sign of life, and no write. */
	(void)snprintf(old, sizeof(old), "%s/Anna.incomplete/bands/0", folder);
	assert_int_equal(utimensat(AT_FDCWD, old, NULL, 0), 0);
	fd = open(old, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	signal_inotify_take(signal, &told);
	assert_int_equal(told.bundles, 0);
	assert_int_equal(told.stirred, 1);
	assert_string_equal(signal_inotify_bundle(signal, 0), "Anna.incomplete");
	write_file("sub/Bob.sparsebundle/lock");
	write_file("sub/other");
	signal_inotify_take(signal, &told);
	assert_int_equal(told.bundles, 2);
	assert_true(told.others);
	assert_string_equal(signal_inotify_bundle(signal, 1), "sub/Bob.sparsebundle");
	/* The first backup of a Mac is renamed when it begins to copy. */
	(void)snprintf(old, sizeof(old), "%s/Anna.incomplete", folder);
	(void)snprintf(new, sizeof(new), "%s/Anna.sparsebundle", folder);
	assert_int_equal(rename(old, new), 0);
	signal_inotify_take(signal, &told);
	assert_true(told.folders);
	write_file("Anna.sparsebundle/bands/1");
	signal_inotify_take(signal, &told);
	assert_string_equal(signal_inotify_bundle(signal, 2), "Anna.sparsebundle");
	assert_int_equal(told.bundles, 4);
	assert_null(signal_inotify_bundle(signal, 3));
	signal_inotify_destroy(&signal);
}

static void rename_below(const char *from, const char *to)
{
	char old[2 * PATH_MAX];
	char new[2 * PATH_MAX];

	(void)snprintf(old, sizeof(old), "%s/%s", folder, from);
	(void)snprintf(new, sizeof(new), "%s/%s", folder, to);
	assert_int_equal(rename(old, new), 0);
}

/* The bundle that a write was told of; NULL: not exactly one. */
static const char *told_bundle(struct signal_inotify *signal)
{
	struct signal_told told;
	const char *found = NULL;

	signal_inotify_take(signal, &told);
	for (size_t i = 0; i < TIME_MACHINE_BUNDLES_MAX; i++)
		if ((told.bundles & UINT64_C(1) << i) != 0) {
			if (found != NULL)
				return NULL;
			found = signal_inotify_bundle(signal, i);
		}
	return found;
}

/* A watch lasts for months. */
static void however_many_bundles_come_and_go_each_is_told_apart(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };
	char old[40] = "come/0.sparsebundle";
	char new[40];
	char file[50];

	(void)state;
	make_below("come");
	make_below("come/Stays.sparsebundle");
	make_below(old);
	assert_int_equal(signal_inotify_new(folder, &signal, &err), 0);
	for (int i = 1; i < 3 * TIME_MACHINE_BUNDLES_MAX; i++) {
		(void)snprintf(new, sizeof(new), "come/%d.sparsebundle", i);
		rename_below(old, new);
		(void)take(signal);
		memcpy(old, new, sizeof(old));
		(void)snprintf(file, sizeof(file), "%s/token", new);
		write_file(file);
		assert_string_equal(told_bundle(signal), new);
		write_file("come/Stays.sparsebundle/token");
		assert_string_equal(told_bundle(signal), "come/Stays.sparsebundle");
	}
	signal_inotify_destroy(&signal);
}

static void what_was_moved_away_is_heard_of_no_more(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };
	char sub[PATH_MAX + 8];

	(void)state;
	make_below("src");
	make_below("src/old");
	make_below("src/old/er");
	make_below("src/Old.sparsebundle");
	make_below("away");
	(void)snprintf(sub, sizeof(sub), "%s/src", folder);
	assert_int_equal(signal_inotify_new(sub, &signal, &err), 0);
	rename_below("src/old", "away/old");
	rename_below("src/Old.sparsebundle", "away/Old.sparsebundle");
	assert_true(take(signal));
	(void)take(signal);
	write_file("away/old/er/file");
	write_file("away/Old.sparsebundle/token");
	assert_false(take(signal));
	write_file("src/file");
	assert_true(take(signal));
	signal_inotify_destroy(&signal);
}

/* As deep as no path leads any more. */
static void a_tree_that_is_too_deep_hides_nothing_else(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };
	char name[201];
	char sub[PATH_MAX + 8];
	int fd;
	int next;

	(void)state;
	make_below("deep");
	(void)snprintf(sub, sizeof(sub), "%s/deep", folder);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = open(sub, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(mkdirat(fd, name, 0700), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		assert_int_equal(close(fd), 0);
		fd = next;
	}
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 30; i++) { /* as far down as paths lead, so that they come behind it */
		(void)snprintf(sub, sizeof(sub), "%s/deep/y", folder);
		for (int k = 1; k < i; k++)
			(void)strncat(sub, "/y", sizeof(sub) - strlen(sub) - 1);
		(void)mkdir(sub, 0700);
	}
	(void)snprintf(sub, sizeof(sub), "%s/deep", folder);
	assert_int_equal(signal_inotify_new(sub, &signal, &err), 0);
	assert_false(signal_inotify_all(signal));
	(void)take(signal);
	write_file("deep/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/y/file");
	assert_true(take(signal));
	signal_inotify_destroy(&signal);
}

/* More folders than are watched: those of bundles are, wherever they are listed. */
static void bundles_are_watched_before_all_else(void **state)
{
	struct signal_inotify *signal;
	struct error err = { .class = ERR_NONE };
	char name[60];
	char sub[PATH_MAX + 8];

	(void)state;
	make_below("many");
	for (int i = 0; i < SIGNAL_INOTIFY_FOLDERS_MAX + 300; i++) {
		(void)snprintf(name, sizeof(name), "many/%d", i);
		make_below(name);
		if (i % 500 != 0)
			continue;
		(void)snprintf(name, sizeof(name), "many/%d.sparsebundle", i);
		make_below(name);
		(void)snprintf(name, sizeof(name), "many/%d.sparsebundle/bands", i);
		make_below(name);
	}
	(void)snprintf(sub, sizeof(sub), "%s/many", folder);
	assert_int_equal(signal_inotify_new(sub, &signal, &err), 0);
	assert_false(signal_inotify_all(signal));
	for (int i = 0; i < SIGNAL_INOTIFY_FOLDERS_MAX + 300; i += 500) {
		(void)snprintf(name, sizeof(name), "many/%d.sparsebundle/bands/0", i);
		write_file(name);
		(void)snprintf(name, sizeof(name), "%d.sparsebundle", i);
		assert_string_equal(told_bundle(signal), name);
	}
	/* Folders that are not watched may hold others, a level further down. */
	assert_false(signal_inotify_bundles(signal));
	signal_inotify_destroy(&signal);
}

static void handles_are_told_by_bundle_and_an_open_lock_counts_for_whatever(void **state)
{
	struct signal_handles found;
	pid_t writer;
	pid_t reader;

	(void)state;
	make_below("Carl.sparsebundle");
	make_below("Carl.sparsebundle/bands");
	write_file("Carl.sparsebundle/bands/0");
	write_file("Carl.sparsebundle/lock");
	write_file("beside");
	writer = hold("Carl.sparsebundle/bands/0", O_RDWR);
	found = scan(folder, "Carl.sparsebundle");
	assert_int_equal(found.n, 1);
	assert_false(found.attached);
	reader = hold("Carl.sparsebundle/lock", O_RDONLY);
	found = scan(folder, "Carl.sparsebundle");
	assert_int_equal(found.n, 1);
	assert_true(found.attached);
	assert_int_equal(scan(folder, NULL).n, 0);
	let_go(reader);
	reader = hold("beside", O_WRONLY);
	assert_int_equal(scan(folder, NULL).n, 1);
	assert_int_equal(scan(folder, "").n, 2);
	assert_int_equal(scan(folder, "Carl").n, 0);
	let_go(writer);
	let_go(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_are_seen_reads_are_not),
		cmocka_unit_test(folders_that_come_later_are_watched_too),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
		cmocka_unit_test(handles_for_writing_count_and_the_set_tells_itself_apart),
		cmocka_unit_test(however_many_are_open_elsewhere),
		cmocka_unit_test(a_folder_whose_name_begins_alike_is_another),
		cmocka_unit_test(a_write_is_told_of_the_bundle_that_it_is_in),
		cmocka_unit_test(however_many_bundles_come_and_go_each_is_told_apart),
		cmocka_unit_test(what_was_moved_away_is_heard_of_no_more),
		cmocka_unit_test(a_tree_that_is_too_deep_hides_nothing_else),
		cmocka_unit_test(bundles_are_watched_before_all_else),
		cmocka_unit_test(handles_are_told_by_bundle_and_an_open_lock_counts_for_whatever),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
