/* A sound bundle passes; each thing by which a Mac would not open it is named; what is no backup, or is being prepared, is let be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "wire/rehearse_bundle.h"

#define BUNDLE "Macs/Anna.sparsebundle"
#define LIST "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>"
#define END "</dict></plist>"
#define SOUND LIST "<key>band-size</key><integer>4096</integer><key>size</key><integer>40960</integer>" END

static char folder[200];
static int folder_fd;
static char said[2000];

static int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "bundle") != 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd >= 0 && mkdirat(folder_fd, "Macs", 0700) == 0 && mkdirat(folder_fd, BUNDLE, 0700) == 0 ? 0
	                                                                                                        : -1;
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(folder_fd);
	return scratch_remove(folder);
}

static void put(const char *name, const char *text)
{
	char path[300];
	int fd;

	(void)snprintf(path, sizeof(path), BUNDLE "/%s", name);
	(void)unlinkat(folder_fd, path, 0);
	if (text == NULL)
		return;
	fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void tell(void *context, const char *path, const char *reason)
{
	(void)context;
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s: %s\n", path, reason);
}

struct listed {
	const char *path; /* in the bundle; ends with / if it is a folder */
	uint64_t bytes;
};

/* What the listing of a bundle of this name has. */
static struct rehearse_bundles *list(const char *name, const struct listed *entries, size_t n,
                                     struct rehearse_sample *sample)
{
	struct rehearse_bundles *bundles = NULL;
	struct entry entry = { .path = name, .type = ENTRY_FOLDER };
	bool is_own;

	assert_int_equal(rehearse_bundle_new(&bundles, NULL), 0);
	assert_int_equal(rehearse_bundle_entry(bundles, &entry, sample, &is_own, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		char path[300];
		size_t end = strlen(name) + 1 + strlen(entries[i].path);
		bool is_folder = entries[i].path[strlen(entries[i].path) - 1] == '/';

		(void)snprintf(path, sizeof(path), "%s/%s", name, entries[i].path);
		if (is_folder)
			path[end - 1] = '\0';
		entry = (struct entry){ .path = path,
			                .type = is_folder ? ENTRY_FOLDER : ENTRY_FILE,
			                .size_bytes = entries[i].bytes };
		assert_int_equal(rehearse_bundle_entry(bundles, &entry, sample, &is_own, NULL), 0);
	}
	return bundles;
}

/* What is said of a bundle with these bands, beside its own files. */
static const char *check(const struct listed *more, size_t n_more)
{
	static const char *const names[] = { "Info.bckup", "Info.plist", "com.apple.TimeMachine.MachineID.plist",
		                             "token" };
	struct listed entries[20];
	struct rehearse_sample *sample = NULL;
	struct rehearse_bundles *bundles;
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		char path[300];
		struct stat st;

		(void)snprintf(path, sizeof(path), BUNDLE "/%s", names[i]);
		if (fstatat(folder_fd, path, &st, 0) == 0)
			entries[n++] = (struct listed){ names[i], (uint64_t)st.st_size };
	}
	for (size_t i = 0; i < n_more; i++)
		entries[n + i] = more[i];
	assert_int_equal(rehearse_sample_new(1, 1000000, &sample, NULL), 0);
	bundles = list(BUNDLE, entries, n + n_more, sample);
	assert_int_equal(rehearse_bundle_count(bundles), 1);
	said[0] = '\0';
	rehearse_bundle_check(bundles, 0, folder_fd, tell, NULL);
	rehearse_bundle_destroy(&bundles);
	rehearse_sample_destroy(&sample);
	return said;
}

static void put_sound(void)
{
	put("Info.plist", SOUND);
	put("Info.bckup", SOUND);
	put("token", "");
	put("com.apple.TimeMachine.MachineID.plist", LIST END);
}

static const struct listed good[] = {
	{ "bands/", 0 }, { "bands/0", 4096 }, { "bands/9", 1 }, { "bands/notes", 99999 }
};

static void a_sound_one_passes(void **state)
{
	(void)state;
	put_sound();
	assert_string_equal(check(good, 4), "");
}

static void each_fault_is_named(void **state)
{
	static const struct listed outside[] = { { "bands/", 0 }, { "bands/0", 4096 }, { "bands/a", 1 } };
	static const struct listed large[] = { { "bands/", 0 }, { "bands/0", 4097 } };
	static const struct listed mapped[] = {
		{ "bands/", 0 }, { "mapped/", 0 }, { "mapped/9", 9999 }, { "mapped/b", 1 }
	};

	(void)state;
	put_sound();
	assert_string_equal(check(outside, 3),
	                    BUNDLE "/bands/a: this band lies outside of the image, which has 10 bands\n");
	assert_string_equal(check(large, 2),
	                    BUNDLE "/bands/0: this band has 4097 bytes, and a band of this image has 4096 at most\n");
	assert_string_equal(check(mapped, 4),
	                    BUNDLE "/mapped/b: this band lies outside of the image, which has 10 bands\n");
	assert_string_equal(check(NULL, 0), BUNDLE "/bands: this folder is missing\n");
	put("token", NULL);
	assert_non_null(strstr(check(good, 4), BUNDLE "/token: it is missing"));
	put_sound();
	put("com.apple.TimeMachine.MachineID.plist", "<plist");
	assert_non_null(strstr(check(good, 4), BUNDLE "/com.apple.TimeMachine.MachineID.plist: no property list"));
	put_sound();
}

static void what_the_image_is_must_be_readable(void **state)
{
	static const char *const wrong[] = {
		"",
		LIST END,
		"rubbish",
		LIST "<key>band-size</key><integer>0</integer><key>size</key><integer>40960</integer>" END,
		LIST "<key>band-size</key><integer>4097</integer><key>size</key><integer>40960</integer>" END,
		LIST "<key>band-size</key><integer>4096</integer>" END,
		LIST
		"<key>band-size</key><integer>9223372036854775296</integer><key>size</key><integer>1</integer>" END,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_sound();
		put("Info.plist", wrong[i]);
		assert_non_null(strstr(check(good, 4), BUNDLE "/Info.plist: "));
		assert_non_null(strstr(said, "Info.bckup beside it is whole"));
		put("Info.bckup", wrong[i]);
		assert_non_null(strstr(check(good, 4), BUNDLE "/Info.plist: "));
		assert_null(strstr(said, "Info.bckup"));
	}
	put_sound();
	put("Info.plist", NULL);
	assert_non_null(strstr(check(good, 4), BUNDLE "/Info.plist: it is missing; Info.bckup beside it is whole"));
	put_sound();
}

static void what_is_no_backup_is_let_be(void **state)
{
	static const struct {
		const char *name;
		bool marked, looked_at;
	} rows[] = {
		{ "disk.sparsebundle", false, false },  { "disk.sparsebundle", true, true },
		{ "new.backupbundle", false, true },    { "new.incomplete", true, false },
		{ "a/b/mac.sparsebundle", true, true },
	};
	static const struct listed own[] = { { "com.apple.TimeMachine.Results.plist", 10 },
		                             { "bands/", 0 },
		                             { "bands/1f", 5000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *paths[REHEARSE_BUNDLE_OWN_MAX + 1];
		const char *drawn[REHEARSE_SAMPLE_FILES_MAX + 1];
		struct rehearse_sample *sample = NULL;
		struct rehearse_bundles *bundles;
		uint64_t bytes;

		assert_int_equal(rehearse_sample_new(1, 1000000, &sample, NULL), 0);
		bundles = list(rows[i].name, rows[i].marked ? own : own + 1, rows[i].marked ? 3 : 2, sample);
		assert_int_equal(rehearse_bundle_count(bundles), 1);
		assert_int_equal(rehearse_bundle_is_looked_at(bundles, 0), rows[i].looked_at);
		assert_int_equal(rehearse_bundle_own(bundles, 0, paths), rows[i].marked);
		said[0] = '\0';
		rehearse_bundle_check(bundles, 0, -1, tell, NULL);
		assert_int_equal(said[0] != '\0', rows[i].looked_at);
		assert_int_equal(rehearse_bundle_prefer(bundles, sample, NULL), 0);
		assert_int_equal(rehearse_sample_take(sample, REHEARSE_SMALL, drawn, &bytes), rows[i].looked_at);
		rehearse_bundle_destroy(&bundles);
		rehearse_sample_destroy(&sample);
	}
}

/* Who can write to the share may put any number of lists there. */
static void among_any_number_of_lists_the_image_is_found(void **state)
{
	static char names[100][64];
	struct listed entries[103];
	const char *paths[REHEARSE_BUNDLE_OWN_MAX + 1];
	struct rehearse_sample *sample = NULL;
	struct rehearse_bundles *bundles;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "com.apple.TimeMachine.%zu.plist", i);
		entries[i] = (struct listed){ names[i], 10 };
	}
	entries[100] = (struct listed){ "token", 0 };
	entries[101] = (struct listed){ "Info.bckup", 10 };
	entries[102] = (struct listed){ "Info.plist", 10 };
	assert_int_equal(rehearse_sample_new(1, 1000000, &sample, NULL), 0);
	bundles = list(BUNDLE, entries, 103, sample);
	n = rehearse_bundle_own(bundles, 0, paths);
	assert_int_equal(n, REHEARSE_BUNDLE_OWN_MAX);
	assert_string_equal(paths[n - 1], BUNDLE "/Info.plist");
	rehearse_bundle_destroy(&bundles);
	rehearse_sample_destroy(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_one_passes),
		cmocka_unit_test(each_fault_is_named),
		cmocka_unit_test(what_the_image_is_must_be_readable),
		cmocka_unit_test(among_any_number_of_lists_the_image_is_found),
		cmocka_unit_test(what_is_no_backup_is_let_be),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
