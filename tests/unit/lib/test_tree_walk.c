/* A walk gives a whole tree in one order, whatever its names, depth and what happens to it meanwhile. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/tree_walk.h"
#include "tests/unit/scratch.h"

struct lab {
	char folder[64];
	int fd;
	struct tree_walk *walk;
};

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (scratch_make(lab->folder, sizeof(lab->folder), "walk") != 0)
		return -1;
	lab->fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = lab;
	return lab->fd < 0 ? -1 : 0;
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;
	char command[96];

	tree_walk_destroy(&lab->walk);
	tree_walk_destroy(&lab->walk);
	(void)close(lab->fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	free(lab);
	return system(command);
}

static void shell(const struct lab *lab, const char *script)
{
	char command[2000];

	(void)snprintf(command, sizeof(command), "cd %s && { %s; }", lab->folder, script);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void begin(struct lab *lab, const char *const *excludes)
{
	tree_walk_destroy(&lab->walk);
	assert_int_equal(tree_walk_new(lab->fd, true, excludes, &lab->walk, NULL), 0);
}

/* The next path; NULL at the end. */
static const char *next(struct lab *lab)
{
	const struct entry *entry = NULL;
	struct error err = { 0 };
	const char *name = NULL;
	struct stat st;
	int parent_fd = -1;
	int rc = tree_walk_next(lab->walk, &entry, &parent_fd, &name, &err);

	if (rc < 0)
		fail_msg("%s", err.text);
	if (rc == 0)
		return NULL;
	/* The folder and the name lead to the same thing. */
	assert_int_equal(fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(st.st_ino == entry->inode);
	return entry->path;
}

/* All paths, each with a blank behind. */
static const char *all(struct lab *lab)
{
	static char text[4000];
	const char *path = NULL;

	text[0] = '\0';
	while ((path = next(lab)) != NULL) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s ", path);
	}
	return text;
}

/* In order; every pair is held against every other. */
static const char *const ordered[] = {
	"",    "\x01", " ",     "A",   "a",  "a/\x01", "a/b", "a/b/c", "a/b/c/d", "a/b-c", "a/c",  "a\x01",
	"a b", "a-b",  "a-b/c", "a.b", "a0", "aa",     "ab",  "b",     "\x7f",    "\x80",  "\xff", "\xff/x",
};

static void paths_have_one_order(void **state)
{
	size_t n = sizeof(ordered) / sizeof(ordered[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			int order = entry_order(ordered[i], ordered[j]);

			if ((order < 0) != (i < j) || (order == 0) != (i == j))
				fail_msg("\"%s\" and \"%s\": %d", ordered[i], ordered[j], order);
		}
	}
}

static void a_walk_is_in_that_order(void **state)
{
	struct lab *lab = *state;

	shell(lab, "mkdir -p a/b/d a-b a.b; touch a/b/c a/b-c a/z a-b/x ab a0 b A; ln -s a link; mkfifo fifo");
	begin(lab, NULL);
	assert_string_equal(all(lab), " A a a/b a/b/c a/b/d a/b-c a/z a-b a-b/x a.b a0 ab b fifo link ");
	assert_null(next(lab)); /* and stays at its end */
}

static void random_trees_come_in_order(void **state)
{
	struct lab *lab = *state;
	char before[5000] = "";
	const char *path;
	size_t n = 0;

	shell(lab, "for i in $(seq 300); do set -- $(od -An -N3 -tu1 /dev/urandom); p=d$(($1 % 5))-/e$(($2 % "
	           "5))/f$(($3 % 40)); mkdir -p \"${p%/*}\"; touch \"$p.$i\" \"${p%/*}-x$i\"; done");
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	while ((path = next(lab)) != NULL) {
		assert_true(entry_order(before, path) < 0);
		(void)snprintf(before, sizeof(before), "%s", path);
		n++;
	}
	assert_true(n > 600);
}

static void what_is_excluded_is_not_seen_nor_what_it_holds(void **state)
{
	static const struct {
		const char *const patterns[3];
		const char *seen;
	} cases[] = {
		{ { NULL }, " #r #r/x @e a a/@e a/@e/y a/b.tmp a/in a/in/n in in/m in/m/k " },
		{ { "@e", NULL }, " #r #r/x a a/b.tmp a/in a/in/n in in/m in/m/k " },
		{ { "@e", "#r", NULL }, " a a/b.tmp a/in a/in/n in in/m in/m/k " },
		{ { "*.tmp", NULL }, " #r #r/x @e a a/@e a/@e/y a/in a/in/n in in/m in/m/k " },
		{ { "in/*", NULL }, " #r #r/x @e a a/@e a/@e/y a/b.tmp a/in a/in/n in " },
		{ { "a/in", NULL }, " #r #r/x @e a a/@e a/@e/y a/b.tmp in in/m in/m/k " },
		{ { "*/m", "a", NULL }, " #r #r/x @e in " },
		{ { "", NULL }, " #r #r/x @e a a/@e a/@e/y a/b.tmp a/in a/in/n in in/m in/m/k " },
		{ { "*", NULL }, " " },
	};
	struct lab *lab = *state;

	shell(lab, "mkdir -p '#r' @e a/@e a/in in/m; touch '#r/x' a/@e/y a/b.tmp a/in/n in/m/k");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(lab, cases[i].patterns);
		if (strcmp(all(lab), cases[i].seen) != 0)
			fail_msg("%zu (%s): %s", i, cases[i].patterns[0], (begin(lab, cases[i].patterns), all(lab)));
	}
}

static void a_skipped_folder_is_not_entered(void **state)
{
	struct lab *lab = *state;

	shell(lab, "mkdir -p a/b c; touch a/b/x a/y c/z");
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	assert_string_equal(next(lab), "a");
	assert_string_equal(next(lab), "a/b");
	tree_walk_skip(lab->walk);
	assert_string_equal(next(lab), "a/y");
	tree_walk_skip(lab->walk);
	assert_string_equal(next(lab), "c");
	tree_walk_skip(lab->walk);
	assert_null(next(lab));
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	tree_walk_skip(lab->walk);
	assert_null(next(lab));
}

/* Far deeper than descriptors are held, and with something behind each folder on the way up. */
static void a_deep_tree_is_walked_down_and_up(void **state)
{
	struct lab *lab = *state;
	char wanted[1000] = "";
	const char *path = NULL;

	shell(lab, "p=.; for i in $(seq 100); do p=$p/d; mkdir $p; touch $p/z; done");
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(wanted + strlen(wanted), 4, "%sd", i == 0 ? "" : "/");
		assert_string_equal(next(lab), wanted);
	}
	for (size_t n = strlen(wanted); n > 0; n = n > 2 ? n - 2 : 0) {
		(void)snprintf(wanted + n, 4, "/z");
		path = next(lab);
		assert_non_null(path);
		assert_string_equal(path, wanted);
	}
	assert_null(next(lab));
}

static void what_vanishes_is_passed_over(void **state)
{
	struct lab *lab = *state;

	shell(lab, "mkdir a b c; touch a/1 a/2 a/3 b/x c/y");
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	assert_string_equal(next(lab), "a");
	assert_string_equal(next(lab), "a/1");
	shell(lab, "rm a/2; rm -r b"); /* both are in the walk's lists already */
	assert_string_equal(next(lab), "a/3");
	assert_string_equal(next(lab), "c");
	shell(lab, "rm -r c"); /* given, but not entered yet */
	assert_null(next(lab));
}

static void a_folder_that_becomes_a_symlink_is_not_followed(void **state)
{
	struct lab *lab = *state;
	const struct entry *entry = NULL;
	struct error err = { 0 };
	const char *name = NULL;
	int parent_fd;

	shell(lab, "mkdir a");
	begin(lab, NULL);
	assert_string_equal(next(lab), "");
	assert_string_equal(next(lab), "a");
	shell(lab, "rmdir a; ln -s /etc a");
	assert_int_equal(tree_walk_next(lab->walk, &entry, &parent_fd, &name, &err), -1);
	assert_non_null(strstr(err.text, "\"a\""));
}

/* Whoever moves a folder away while the walk is deep in it can't lead it elsewhere on the way up. */
static void a_moved_folder_ends_the_walk(void **state)
{
	struct lab *lab = *state;
	const struct entry *entry = NULL;
	struct error err = { 0 };
	const char *name = NULL;
	int parent_fd;
	int rc = 1;

	shell(lab, "p=.; for i in $(seq 60); do p=$p/d; mkdir $p; touch $p/z; done; mkdir other");
	begin(lab, NULL);
	for (int i = 0; i < 61; i++)
		assert_non_null(next(lab));
	shell(lab, "mv d/d/d other/");
	while (rc == 1)
		rc = tree_walk_next(lab->walk, &entry, &parent_fd, &name, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.class, ERR_BUSY);
}

/* In a mount namespace of its own. */
static void a_mount_point_is_shown_and_not_entered(void **state)
{
	struct lab *lab = *state;
	char path[96];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	shell(lab, "mkdir a m; touch a/x m/hidden z");
	(void)snprintf(path, sizeof(path), "%s/m", lab->folder);
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", path, "tmpfs", 0, NULL) != 0)
			_exit(2);
		/* A descriptor from before still is in the old namespace. */
		lab->fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		shell(lab, "touch m/other");
		begin(lab, NULL);
		_exit(strcmp(all(lab), " a a/x m z ") == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void no_descriptor_is_lost(void **state)
{
	struct lab *lab = *state;
	int before = dup(lab->fd);
	int after;

	assert_int_equal(close(before), 0);
	shell(lab, "p=.; for i in $(seq 50); do p=$p/d; mkdir $p; done");
	for (int i = 0; i < 60; i++) {
		begin(lab, NULL);
		for (int j = 0; j < i; j++)
			(void)next(lab);
	}
	tree_walk_destroy(&lab->walk);
	after = dup(lab->fd);
	assert_int_equal(close(after), 0);
	assert_int_equal(after, before);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, make_lab, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_one_order),
		LAB(a_walk_is_in_that_order),
		LAB(random_trees_come_in_order),
		LAB(what_is_excluded_is_not_seen_nor_what_it_holds),
		LAB(a_skipped_folder_is_not_entered),
		LAB(a_deep_tree_is_walked_down_and_up),
		LAB(what_vanishes_is_passed_over),
		LAB(a_folder_that_becomes_a_symlink_is_not_followed),
		LAB(a_moved_folder_ends_the_walk),
		LAB(a_mount_point_is_shown_and_not_entered),
		LAB(no_descriptor_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
