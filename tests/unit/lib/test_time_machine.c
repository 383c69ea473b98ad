/* Bundles as Macs leave them, found and read. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "lib/time_machine.h"
#include "tests/unit/scratch.h"

#define NOW_S INT64_C(1795600800) /* 2026-11-25T10:00:00Z */
#define HISTORY "com.apple.TimeMachine.SnapshotHistory.plist"

static char folder[PATH_MAX - 512];
static int folder_fd;

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "tm") != 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return folder_fd >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)close(folder_fd);
	return scratch_remove(folder);
}

static void make_below(const char *path)
{
	assert_int_equal(mkdirat(folder_fd, path, 0700), 0);
}

static void write_below(const char *bundle, const char *name, const char *text)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", bundle, name);
	fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void write_history(const char *bundle, const char *dates)
{
	char text[2000];
	size_t used = 0;

	used += (size_t)snprintf(text, sizeof(text), "<plist><dict><key>Snapshots</key><array>");
	for (const char *at = dates; *at != '\0'; at += *at == ' ') {
		size_t len = strcspn(at, " ");

		used += (size_t)snprintf(
		        text + used, sizeof(text) - used,
		        "<dict><key>com.apple.backupd.SnapshotCompletionDate</key><date>%.*s</date></dict>", (int)len,
		        at);
		at += len;
	}
	(void)snprintf(text + used, sizeof(text) - used, "</array></dict></plist>");
	write_below(bundle, HISTORY, text);
}

static void bundles_are_found_where_they_may_lie(void **state)
{
	static const char *const folders[] = { "Zoe.sparsebundle",
		                               "Zoe.sparsebundle/bands",
		                               "Zoe.sparsebundle/In.sparsebundle",
		                               "anna",
		                               "anna/Mac.backupbundle",
		                               "a",
		                               "a/b",
		                               "a/b/Deep.sparsebundle",
		                               "a/b/c",
		                               "a/b/c/Too.sparsebundle",
		                               "New 2026-11-25.incomplete",
		                               ".sparsebundle",
		                               "bad\nname.sparsebundle",
		                               "photos" };
	static const char *const want[] = { "New 2026-11-25.incomplete", "Zoe.sparsebundle", "a/b/Deep.sparsebundle",
		                            "anna/Mac.backupbundle" };
	struct time_machine list[TIME_MACHINE_BUNDLES_MAX];
	struct error err = { .class = ERR_NONE };
	struct stat st;
	bool more;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_below(folders[i]);
	write_below("photos", "File.sparsebundle", "no folder");
	assert_int_equal(symlinkat("Zoe.sparsebundle", folder_fd, "Link.sparsebundle"), 0);
	assert_int_equal(time_machine_find(folder_fd, list, &n, &more, &err), 0);
	assert_int_equal(n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].path, want[i]);
		assert_int_equal(fstatat(folder_fd, want[i], &st, 0), 0);
		assert_true(list[i].inode == st.st_ino);
	}
	assert_true(more); /* the one with a name that can't be told */
}

static void more_bundles_than_are_looked_after_do_no_harm(void **state)
{
	struct time_machine list[TIME_MACHINE_BUNDLES_MAX];
	struct error err = { .class = ERR_NONE };
	bool more;
	size_t n;

	(void)state;
	for (int i = 0; i < TIME_MACHINE_BUNDLES_MAX + 5; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "%d.sparsebundle", i);
		make_below(name);
		assert_int_equal(time_machine_find(folder_fd, list, &n, &more, &err), 0);
		assert_int_equal(n, i < TIME_MACHINE_BUNDLES_MAX ? i + 1 : TIME_MACHINE_BUNDLES_MAX);
		assert_true(more == (i >= TIME_MACHINE_BUNDLES_MAX));
	}
}

/* Photos lie beside the bundles, in whatever order the folder tells them. */
static void a_bundle_is_found_among_many_other_files(void **state)
{
	struct time_machine list[TIME_MACHINE_BUNDLES_MAX];
	struct error err = { .class = ERR_NONE };
	char name[40];
	bool more;
	size_t n;

	(void)state;
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "photos%d", i);
		make_below(name);
		for (int k = 0; k < 2000; k++) {
			int fd;

			(void)snprintf(name, sizeof(name), "photos%d/%d.jpg", i, k);
			fd = openat(folder_fd, name, O_WRONLY | O_CREAT, 0600);
			assert_true(fd >= 0);
			assert_int_equal(close(fd), 0);
		}
		(void)snprintf(name, sizeof(name), "%d.sparsebundle", i);
		make_below(name);
		(void)snprintf(name, sizeof(name), "photos%d/%d.sparsebundle", i, i);
		make_below(name);
	}
	assert_int_equal(time_machine_find(folder_fd, list, &n, &more, &err), 0);
	assert_int_equal(n, 24);
	assert_false(more);
}

#define U1 "\xc3\xa4"
#define U4 U1 U1 U1 U1
#define U16 U4 U4 U4 U4
#define U64 U16 U16 U16 U16
#define U63 U16 U16 U16 U4 U4 U4 U1 U1 U1

static void a_path_tells_its_bundle_and_its_mac(void **state)
{
	static const struct {
		const char *path;
		size_t bundle;
		const char *mac;
	} rows[] = {
		{ "Anna's MacBook.sparsebundle", 27, "Anna's MacBook" },
		{ "Anna's MacBook.sparsebundle/bands/1f", 27, NULL },
		{ "a/b/x.backupbundle/bands", 18, NULL },
		{ "a/b/c/x.backupbundle", 0, NULL },
		{ "photos/1.jpg", 0, NULL },
		{ "", 0, NULL },
		{ ".sparsebundle", 0, NULL },
		{ "imac_a1b2c3d4e5f6.sparsebundle", 30, "imac" },
		{ "iMac_Ateliers.sparsebundle", 26, "iMac_Ateliers" },
		{ "users/B\xc3\xbcro.backupbundle", 24, "B\xc3\xbcro" },
		/* Of letters of two bytes, and an odd number of bytes of room: none is cut in two. */
		{ U64 U4 U1 ".sparsebundle", 151, U63 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[TIME_MACHINE_NAME_SIZE];

		assert_int_equal(time_machine_bundle_of(rows[i].path), rows[i].bundle);
		time_machine_mac_name(rows[i].path, name);
		if (rows[i].mac != NULL)
			assert_string_equal(name, rows[i].mac);
	}
}

static void a_bundle_says_when_it_was_completed(void **state)
{
	static const struct {
		const char *dates;
		int64_t completed_at;
	} rows[] = {
		{ "", 0 },
		{ "2026-11-25T09:00:00Z", NOW_S - 3600 },
		{ "2026-11-25T09:00:00Z 2026-11-24T09:00:00Z", NOW_S - 3600 },
		/* A Mac's clock that was years ahead once is no evidence for ever; one that is ahead by minutes is. */
		{ "2040-01-01T00:00:00Z 2026-11-25T09:00:00Z", NOW_S - 3600 },
		{ "2026-11-25T10:10:00Z", NOW_S + 600 },
		{ "2040-01-01T00:00:00Z", INT64_C(2208988800) },
	};
	struct time_machine bundle = { .path = "m.sparsebundle" };

	(void)state;
	make_below("m.sparsebundle");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_history("m.sparsebundle", rows[i].dates);
		time_machine_read(folder_fd, NOW_S, &bundle);
		assert_int_equal(bundle.history, TIME_MACHINE_HISTORY_READ);
		assert_int_equal(bundle.completed_at_s, rows[i].completed_at);
		assert_true(bundle.is_backup);
	}
	/* While it is being replaced it is not the last word. */
	write_below("m.sparsebundle", HISTORY ".tmp", "");
	time_machine_read(folder_fd, NOW_S, &bundle);
	assert_int_equal(bundle.history, TIME_MACHINE_HISTORY_MISSING);
	assert_int_equal(unlinkat(folder_fd, "m.sparsebundle/" HISTORY ".tmp", 0), 0);
	write_below("m.sparsebundle", HISTORY, "<plist><dict>");
	time_machine_read(folder_fd, NOW_S, &bundle);
	assert_int_equal(bundle.history, TIME_MACHINE_HISTORY_UNREADABLE);
	assert_int_equal(bundle.completed_at_s, 0);
	assert_non_null(strstr(bundle.trouble, "SnapshotHistory"));
}

static void and_what_else_it_is(void **state)
{
	struct time_machine bundle = { .path = "x.sparsebundle" };

	(void)state;
	make_below("x.sparsebundle");
	time_machine_read(folder_fd, NOW_S, &bundle);
	assert_false(bundle.is_backup); /* just somebody's disk image */
	assert_int_equal(bundle.running, -1);
	write_below("x.sparsebundle", "Info.plist", "");
	write_below("x.sparsebundle", "Info.bckup",
	            "<plist><dict><key>band-size</key><integer>8388608</integer></dict></plist>");
	write_below("x.sparsebundle", "token", "encrcdsa");
	write_below("x.sparsebundle", "com.apple.TimeMachine.MachineID.plist",
	            "<plist><dict><key>VerificationState</key><integer>2</integer></dict></plist>");
	write_below("x.sparsebundle", "com.apple.TimeMachine.Results.plist",
	            "<plist><dict><key>Running</key><true/><key>Deep</key><dict><key>Running</key><false/></dict></"
	            "dict></plist>");
	time_machine_read(folder_fd, NOW_S, &bundle);
	assert_int_equal(bundle.band_bytes, 8388608);
	assert_true(bundle.encrypted);
	assert_true(bundle.verification_failed);
	assert_true(bundle.is_backup);
	assert_int_equal(bundle.running, 1);
}

/* Other programs call a folder "….incomplete" too, and people have disk images of their own. */
static void only_what_time_machine_has_marked_is_a_macs(void **state)
{
	static const struct {
		const char *path, *inside; /* NULL: nothing */
		bool is_backup;
	} rows[] = {
		{ "film.incomplete", NULL, false },
		{ "film2.incomplete", "film.mkv", false },
		{ "Mac 2026-11-25-120000.incomplete", "Info.plist", true },
		{ "Mac 2026-11-25-120001.incomplete", "token", true },
		{ "image.sparsebundle", "Info.plist", false },
		{ "Being replaced.sparsebundle", "com.apple.TimeMachine.MachineID.plist.tmp", true },
		{ "Copy left.sparsebundle", "com.apple.TimeMachine.MachineID.bckup", true },
		{ "By name.backupbundle", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct time_machine bundle = { .running = 0 };

		(void)snprintf(bundle.path, sizeof(bundle.path), "%s", rows[i].path);
		make_below(rows[i].path);
		if (rows[i].inside != NULL)
			write_below(rows[i].path, rows[i].inside, "x");
		time_machine_read(folder_fd, NOW_S, &bundle);
		if (bundle.is_backup != rows[i].is_backup)
			fail_msg("%s: %s", rows[i].path, bundle.is_backup ? "a backup" : "no backup");
	}
}

static void its_last_change_is_found(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct stat st;
	int64_t newest;
	int64_t history;

	(void)state;
	make_below("y.sparsebundle");
	make_below("y.sparsebundle/bands");
	write_history("y.sparsebundle", "2026-11-25T09:00:00Z");
	write_below("y.sparsebundle", "bands/0", "x");
	assert_int_equal(time_machine_sweep(folder_fd, "y.sparsebundle", &newest, &history, &err), 0);
	assert_int_equal(fstatat(folder_fd, "y.sparsebundle/bands/0", &st, 0), 0);
	assert_int_equal(newest, st.st_ctim.tv_sec);
	assert_true(history > 0 && history <= newest);
	assert_int_equal(time_machine_sweep(folder_fd, "none.sparsebundle", &newest, &history, &err), -1);
}

#define IN_A_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(bundles_are_found_where_they_may_lie),
		IN_A_FOLDER(more_bundles_than_are_looked_after_do_no_harm),
		IN_A_FOLDER(a_bundle_is_found_among_many_other_files),
		cmocka_unit_test(a_path_tells_its_bundle_and_its_mac),
		IN_A_FOLDER(a_bundle_says_when_it_was_completed),
		IN_A_FOLDER(and_what_else_it_is),
		IN_A_FOLDER(only_what_time_machine_has_marked_is_a_macs),
		IN_A_FOLDER(its_last_change_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
