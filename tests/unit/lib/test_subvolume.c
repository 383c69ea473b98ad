/* What btrfs says of subvolumes, on a real one in a loop-mounted file, in a mount namespace of its own. */
#include <errno.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "lib/subvolume.h"
#include "lib/subvolume_changes.h"
#include "tests/unit/scratch.h"

static char folder[64];
static char mounted[80];
static bool ready;

/* In the lab's folder. */
static int run(const char *script)
{
	char command[2000];

	(void)snprintf(command, sizeof(command), "cd %s && { %s; } >/dev/null", folder, script);
	return system(command);
}

/* The namespace goes with this process, and with it the mount and its loop device. */
static int make_btrfs(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0; /* the tests that need it say so */
	if (scratch_make(folder, sizeof(folder), "subvolume") != 0)
		return -1;
	(void)snprintf(mounted, sizeof(mounted), "%s/m", folder);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mkdir(mounted, 0755) != 0)
		return -1;
	ready = run("truncate -s 256M disk && mkfs.btrfs -q disk && mount -o loop disk m && cd m && "
	            "btrfs subvolume create data && mkdir -p data/in/deep plain beside && "
	            "btrfs subvolume create data/nested && ln -s data/in link && "
	            "echo 1 >data/file && sync") == 0;
	return ready ? 0 : -1;
}

static int remove_btrfs(void **state)
{
	(void)state;
	if (!ready)
		return 0;
	return run("umount m && rm -r disk m") + rmdir(folder);
}

static void need_btrfs(void)
{
	if (!ready)
		skip();
}

static const char *at(const char *path)
{
	static char whole[4][256];
	static unsigned turn;
	char *out = whole[turn++ % 4];

	(void)snprintf(out, 256, "%s%s%s", mounted, *path != '\0' ? "/" : "", path);
	return out;
}

static struct subvolume read_at(const char *path)
{
	struct subvolume subvolume;
	struct error err = { 0 };
	int fd = open(at(path), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (subvolume_read(fd, &subvolume, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(close(fd), 0);
	return subvolume;
}

static void btrfs_does(const char *command)
{
	char script[500];

	(void)snprintf(script, sizeof(script), "cd m && %s && sync", command);
	if (run(script) != 0)
		fail_msg("%s", command);
}

static void a_subvolume_is_told_from_anywhere_in_it(void **state)
{
	struct subvolume data;
	struct subvolume other;

	(void)state;
	need_btrfs();
	data = read_at("data");
	other = read_at("data/in/deep");
	assert_int_equal(data.id, other.id);
	assert_string_equal(data.uuid, other.uuid);
	assert_int_equal(strlen(data.uuid), 36);
	assert_int_equal(data.uuid[8], '-');
	assert_string_equal(data.parent_uuid, "");
	assert_false(data.read_only);
	assert_true(data.ctransid > 0);
	assert_true(data.ctime_s > 1000000000);
	other = read_at("data/file");
	assert_int_equal(data.id, other.id);
	other = read_at("data/nested");
	assert_int_not_equal(data.id, other.id);
	other = read_at("plain");
	assert_int_equal(other.id, 5); /* the top level */
}

/* What the watcher and the snapshotter rest on. */
static void its_count_moves_with_changes_and_not_with_snapshots(void **state)
{
	struct subvolume before;
	struct subvolume after;
	struct subvolume snapshot;

	(void)state;
	need_btrfs();
	before = read_at("data");
	btrfs_does("btrfs subvolume snapshot -r data beside/s1");
	after = read_at("data");
	snapshot = read_at("beside/s1");
	assert_true(after.ctransid == before.ctransid);
	assert_true(snapshot.ctransid == before.ctransid);
	assert_true(snapshot.read_only);
	assert_string_equal(snapshot.parent_uuid, before.uuid);
	assert_string_not_equal(snapshot.uuid, before.uuid);

	btrfs_does("echo elsewhere >plain/x");
	assert_true(read_at("data").ctransid == before.ctransid);
	btrfs_does("echo 2 >>data/file");
	assert_true(read_at("data").ctransid > before.ctransid);
	before = read_at("data");
	btrfs_does("chmod 600 data/file");
	assert_true(read_at("data").ctransid > before.ctransid);
	before = read_at("data");
	btrfs_does("mv data/file data/in/file");
	assert_true(read_at("data").ctransid > before.ctransid);
	assert_true(read_at("beside/s1").ctransid == snapshot.ctransid);
	btrfs_does("btrfs subvolume delete beside/s1");
}

static void its_root_is_found_from_below_and_through_symlinks(void **state)
{
	static const struct {
		const char *path;
		const char *root;
	} cases[] = {
		{ "data", "data" },
		{ "data/in/deep", "data" },
		{ "data/in/../in", "data" },
		{ "link/deep", "data" },
		{ "data/nested", "data/nested" },
		{ "plain", "" },
		{ "", "" },
	};

	(void)state;
	need_btrfs();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char root[PATH_MAX];
		struct error err = { 0 };

		if (subvolume_root(at(cases[i].path), root, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(root, at(cases[i].root));
	}
}

static bool note(void *cookie, const char *path)
{
	char *seen = cookie;
	size_t used = strlen(seen);

	(void)snprintf(seen + used, 1000 - used, "[%s]", path);
	return strcmp(path, "in/deep/enough") != 0;
}

static void what_changed_since_is_told(void **state)
{
	char seen[1000] = "";
	struct error err = { .class = ERR_NONE };
	uint64_t since;
	int fd;

	(void)state;
	need_btrfs();
	btrfs_does("echo 1 >data/in/old && echo 1 >data/in/deep/new && sync");
	since = read_at("data").ctransid;
	fd = open(at("data/in"), O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(subvolume_changes(fd, since, 100, note, seen, &err), 0);
	assert_string_equal(seen, "");
	/* In place, as smbd writes into a band. */
	btrfs_does("printf x | dd of=data/in/deep/new conv=notrunc status=none && echo elsewhere >data/nested/x");
	assert_int_equal(subvolume_changes(fd, since, 100, note, seen, &err), 0);
	assert_string_equal(seen, "[in/deep/new]");
	seen[0] = '\0';
	btrfs_does("rm data/in/old && for i in 1 2 3 4 5; do echo $i >data/in/deep/$i; done");
	assert_int_equal(subvolume_changes(fd, since, 100, note, seen, &err), 0);
	assert_non_null(strstr(seen, "[in]"));
	assert_non_null(strstr(seen, "[in/deep/5]"));
	assert_null(strstr(seen, "file"));
	assert_int_equal(subvolume_changes(fd, since, 3, note, seen, &err), 1);
	btrfs_does("echo 1 >data/in/deep/enough");
	assert_int_equal(subvolume_changes(fd, read_at("data").ctransid - 1, 100, note, seen, &err), 0);
	assert_int_equal(close(fd), 0);
}

/* So deep that btrfs can't tell the path: then it is not known what has changed, which is not that nothing has. */
static void a_change_whose_place_cannot_be_told_is_not_passed_over(void **state)
{
	char seen[1000] = "";
	struct error err = { .class = ERR_NONE };
	char name[201];
	uint64_t since;
	int top = -1;
	int fd;
	int next;

	(void)state;
	need_btrfs();
	top = open(at("data/in"), O_RDONLY | O_DIRECTORY);
	assert_true(top >= 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = dup(top);
	for (int i = 0; i < 25; i++) {
		assert_int_equal(mkdirat(fd, name, 0700), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		assert_int_equal(close(fd), 0);
		fd = next;
	}
	assert_int_equal(syncfs(fd), 0);
	since = read_at("data").ctransid;
	next = openat(fd, "file", O_WRONLY | O_CREAT, 0600);
	assert_true(next >= 0);
	assert_int_equal(write(next, "x", 1), 1);
	assert_int_equal(syncfs(fd), 0);
	assert_int_equal(subvolume_changes(top, since, 100, note, seen, &err), -1);
	assert_int_equal(err.sys, ENAMETOOLONG);
	assert_int_equal(unlinkat(fd, "file", 0), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(next), 0);
	btrfs_does("rm -r data/in/xxx*");
	assert_int_equal(close(top), 0);
}

static void what_is_not_on_btrfs_is_told(void **state)
{
	struct subvolume subvolume;
	char root[PATH_MAX];
	struct error err = { 0 };
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(subvolume_read(fd, &subvolume, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(close(fd), 0);
	assert_int_equal(subvolume_root("/proc/sys", root, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(subvolume_root("/proc/not/there", root, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_int_equal(subvolume_snapshots("/proc", NULL, root, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
}

static void snapshots_lie_beside_the_subvolume_or_where_wanted(void **state)
{
	static const struct {
		const char *source;
		const char *wanted; /* NULL: nowhere in particular */
		const char *folder;
	} cases[] = {
		{ "data", NULL, ".aob-snapshots" },
		{ "data/in/deep", NULL, ".aob-snapshots" },
		{ "link", NULL, ".aob-snapshots" },
		{ "data", "plain", "plain" },
		{ "data", "plain/not/there/yet", "plain/not/there/yet" },
		{ "data/nested", "data/in", "data/in" },
	};

	(void)state;
	need_btrfs();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *wanted = cases[i].wanted != NULL ? at(cases[i].wanted) : NULL;
		char got[PATH_MAX];
		struct error err = { 0 };

		if (subvolume_snapshots(at(cases[i].source), wanted, got, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(got, at(cases[i].folder));
	}
}

static void a_folder_that_would_do_harm_is_refused_with_the_remedy(void **state)
{
	static const struct {
		const char *source;
		const char *wanted;
		const char *text;
	} cases[] = {
		{ "data", "data/in", "subvolume of its own" }, /* inside the source */
		{ "data", "data/not/there", "subvolume of its own" },
		{ "data", "link/deep", "subvolume of its own" }, /* inside, by a symlink */
		{ "plain", NULL, "btrfs subvolume create" },     /* the top level has nothing beside it here */
		{ "plain", "beside", "subvolume of its own" },
	};
	char got[PATH_MAX];
	struct error err = { 0 };

	(void)state;
	need_btrfs();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *wanted = cases[i].wanted != NULL ? at(cases[i].wanted) : NULL;

		if (subvolume_snapshots(at(cases[i].source), wanted, got, &err) == 0)
			fail_msg("%zu: %s was taken", i, got);
		assert_int_equal(err.class, ERR_CONFIG);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("%zu: %s", i, err.text);
	}
	assert_int_equal(subvolume_snapshots(at("data"), "relative", got, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(subvolume_snapshots(at("data"), "/proc/x", got, &err), -1); /* another file system */
	assert_int_equal(err.class, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subvolume_is_told_from_anywhere_in_it),
		cmocka_unit_test(its_count_moves_with_changes_and_not_with_snapshots),
		cmocka_unit_test(what_changed_since_is_told),
		cmocka_unit_test(a_change_whose_place_cannot_be_told_is_not_passed_over),
		cmocka_unit_test(its_root_is_found_from_below_and_through_symlinks),
		cmocka_unit_test(what_is_not_on_btrfs_is_told),
		cmocka_unit_test(snapshots_lie_beside_the_subvolume_or_where_wanted),
		cmocka_unit_test(a_folder_that_would_do_harm_is_refused_with_the_remedy),
	};

	return cmocka_run_group_tests(tests, make_btrfs, remove_btrfs);
}
