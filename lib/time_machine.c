#include "lib/time_machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/plist.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME)

#define HISTORY "com.apple.TimeMachine.SnapshotHistory.plist"
#define MACHINE "com.apple.TimeMachine.MachineID.plist"
#define RESULTS "com.apple.TimeMachine.Results.plist"
#define MARK "com.apple.TimeMachine."
#define OWN_ENTRIES_MAX 2000                /* of a bundle's own folder: it has some ten */
#define COMPLETION "SnapshotCompletionDate" /* "com.apple.backupd." before it */
#define VERIFICATION_FAILED 2

static const char *const endings[] = { ".sparsebundle", ".backupbundle", ".incomplete" };

static size_t ending_bytes(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && memcmp(name + len - n, endings[i], n) == 0)
			return n;
	}
	return 0;
}

bool time_machine_is_bundle(const char *name)
{
	return ending_bytes(name, strlen(name)) != 0;
}

size_t time_machine_bundle_of(const char *path)
{
	const char *at = path;

	for (int depth = 0; depth < TIME_MACHINE_DEPTH; depth++) {
		size_t len = strcspn(at, "/");

		if (ending_bytes(at, len) != 0)
			return (size_t)(at - path) + len;
		if (at[len] == '\0')
			return 0;
		at += len + 1;
	}
	return 0;
}

void time_machine_mac_name(const char *path, char name[TIME_MACHINE_NAME_SIZE])
{
	const char *last = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(last) - ending_bytes(last, strlen(last));
	char whole[NAME_MAX + 1];

	/* netatalk and old macOS: the name, _ and twelve hexadecimal digits */
	if (len > 13 && last[len - 13] == '_' && strspn(last + len - 12, "0123456789abcdefABCDEF") >= 12)
		len -= 13;
	/* Cut behind a letter, not inside one: JSON takes UTF-8 alone. */
	(void)snprintf(whole, sizeof(whole), "%.*s", (int)len, last);
	(void)log_escape(whole, name, TIME_MACHINE_NAME_SIZE);
}

/* ---- finding */

struct finding {
	struct time_machine *list;
	size_t n;
	size_t folders, entries;
	dev_t dev;
	bool more;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct time_machine *)a)->path, ((const struct time_machine *)b)->path);
}

/* Names with control characters or bytes that are no UTF-8 are not taken, so that a path is the same wherever it is told. */
static void add(struct finding *found, int fd, const char *name, const char *path)
{
	char safe[4 * TIME_MACHINE_PATH_SIZE];
	struct time_machine *bundle;
	struct statx st;

	if (strlen(path) >= sizeof(bundle->path) || strcmp(log_escape(path, safe, sizeof(safe)), path) != 0 ||
	    found->n == TIME_MACHINE_BUNDLES_MAX) {
		found->more = true;
		return;
	}
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st) != 0)
		return; /* gone meanwhile */
	bundle = &found->list[found->n++];
	*bundle = (struct time_machine){ .history = TIME_MACHINE_HISTORY_MISSING, .inode = st.stx_ino };
	if ((st.stx_mask & STATX_BTIME) != 0)
		bundle->born_ns = st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
	(void)snprintf(bundle->path, sizeof(bundle->path), "%s", path);
	time_machine_mac_name(path, bundle->name);
}

static bool is_folder_here(const struct finding *found, int fd, const struct dirent *entry)
{
	struct stat st;

	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
	       fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_dev == found->dev;
}

/* Takes fd. The bundles in the folders `depth` levels down from here. The stack is TIME_MACHINE_DEPTH deep at most. */
static int look_in(struct finding *found, int fd, const char *path, int depth, struct error *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		(void)close(fd);
		return error_sys(err, errno, "listing %s", path);
	}
	found->folders++;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((entry = readdir(dir)) != NULL) {
		char below[3 * (NAME_MAX + 1)];
		bool is_bundle = time_machine_is_bundle(entry->d_name);
		int next;

		if (++found->entries > TIME_MACHINE_ENTRIES_MAX || found->folders > TIME_MACHINE_FOLDERS_MAX) {
			found->more = true;
			break;
		}
		if (is_bundle != (depth == 0) || !is_folder_here(found, fd, entry))
			continue;
		(void)snprintf(below, sizeof(below), "%s%s%s", path, *path != '\0' ? "/" : "", entry->d_name);
		if (is_bundle) {
			add(found, fd, entry->d_name, below);
			continue;
		}
		next = openat(fd, entry->d_name, FOLDER_FLAGS);
		if (next >= 0)
			(void)look_in(found, next, below, depth - 1, NULL);
	}
	(void)closedir(dir);
	return 0;
}

int time_machine_find(int folder_fd, struct time_machine list[TIME_MACHINE_BUNDLES_MAX], size_t *n, bool *more,
                      struct error *err)
{
	struct finding found = { .list = list };
	int rc = 0;

	*n = 0;
	*more = false;
	/* The nearest first, level by level: however much lies beside them, it does not hide them. */
	for (int depth = 0; depth < TIME_MACHINE_DEPTH && rc == 0; depth++) {
		int fd = openat(folder_fd, ".", FOLDER_FLAGS);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) != 0) {
			rc = error_sys(err, errno, "opening the source");
			if (fd >= 0)
				(void)close(fd);
			break;
		}
		found.dev = st.st_dev;
		rc = look_in(&found, fd, "", depth, err);
	}
	if (rc != 0)
		return -1;
	qsort(list, found.n, sizeof(*list), by_path);
	*n = found.n;
	*more = found.more;
	return 0;
}

/* ---- reading */

struct dates {
	int64_t now_s;
	int64_t plausible_s, any_s; /* the newest; 0: none */
};

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text);
	size_t n = strlen(ending);

	return len >= n && strcmp(text + len - n, ending) == 0;
}

static void take_date(void *cookie, const char *path, const struct plist_value *value)
{
	struct dates *dates = cookie;

	if (value->type != PLIST_DATE || !ends_with(path, COMPLETION) || value->number <= 0)
		return;
	if (value->number > dates->any_s)
		dates->any_s = value->number;
	if (value->number > dates->plausible_s && value->number <= dates->now_s + TIME_MACHINE_AHEAD_S)
		dates->plausible_s = value->number;
}

static void take_machine(void *cookie, const char *path, const struct plist_value *value)
{
	struct time_machine *bundle = cookie;

	if (value->type == PLIST_INTEGER && strcmp(path, "VerificationState") == 0)
		bundle->verification_failed = value->number == VERIFICATION_FAILED;
}

static void take_results(void *cookie, const char *path, const struct plist_value *value)
{
	struct time_machine *bundle = cookie;

	if ((value->type == PLIST_BOOL || value->type == PLIST_INTEGER) && strcmp(path, "Running") == 0)
		bundle->running = value->number != 0;
}

static void take_info(void *cookie, const char *path, const struct plist_value *value)
{
	struct time_machine *bundle = cookie;

	if (value->type == PLIST_INTEGER && strcmp(path, "band-size") == 0 && value->number > 0)
		bundle->band_bytes = (uint64_t)value->number;
}

static bool is_there(int folder_fd, const char *name)
{
	struct stat st;

	return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void trouble(struct time_machine *bundle, const char *text)
{
	if (bundle->trouble[0] == '\0')
		(void)snprintf(bundle->trouble, sizeof(bundle->trouble), "%.*s", (int)sizeof(bundle->trouble) - 1,
		               text);
}

/* It is replaced by way of .tmp, delete, rename: as long as a .tmp lies there, what it says is not the last word. */
static void read_history(int fd, int64_t now_s, struct time_machine *bundle)
{
	struct dates dates = { .now_s = now_s };
	struct error err = { .class = ERR_NONE };

	bundle->history = TIME_MACHINE_HISTORY_READ;
	if (plist_read(fd, HISTORY, take_date, &dates, &err) != 0) {
		bool missing = err.class == ERR_NOT_FOUND;

		bundle->history = missing ? TIME_MACHINE_HISTORY_MISSING : TIME_MACHINE_HISTORY_UNREADABLE;
		trouble(bundle, missing ? "SnapshotHistory.plist is missing" : err.text);
		return;
	}
	bundle->completed_at_s = dates.plausible_s != 0 ? dates.plausible_s : dates.any_s;
	if (is_there(fd, HISTORY ".tmp")) {
		bundle->history = TIME_MACHINE_HISTORY_MISSING;
		trouble(bundle, "SnapshotHistory.plist is being replaced");
	} else if (bundle->completed_at_s == 0) {
		trouble(bundle, "no backup was completed yet");
	}
}

static void read_info(int fd, struct time_machine *bundle)
{
	struct error err = { .class = ERR_NONE };

	/* Info.bckup is its copy, and is there when the other one was left empty. */
	if (plist_read(fd, "Info.plist", take_info, bundle, &err) != 0 || bundle->band_bytes == 0) {
		if (plist_read(fd, "Info.bckup", take_info, bundle, NULL) != 0 || bundle->band_bytes == 0)
			trouble(bundle, "neither Info.plist nor Info.bckup can be read");
	}
}

/* Time Machine leaves files of its own in a bundle from its beginning on; with .tmp or .bckup while one is replaced. A download that is called "….incomplete" holds
 * nothing of a disk image. */
static bool is_marked(int fd, bool preparing)
{
	static const char *const parts[] = { "Info.plist", "Info.bckup", "token", "bands", "mapped" };
	int listing = openat(fd, ".", FOLDER_FLAGS);
	DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
	struct dirent *entry;
	bool marked = false;

	if (dir == NULL) {
		if (listing >= 0)
			(void)close(listing);
		return false;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	for (int i = 0; i < OWN_ENTRIES_MAX && !marked && (entry = readdir(dir)) != NULL; i++) {
		marked = strncmp(entry->d_name, MARK, sizeof(MARK) - 1) == 0;
		for (size_t k = 0; preparing && k < sizeof(parts) / sizeof(parts[0]); k++)
			marked = marked || strcmp(entry->d_name, parts[k]) == 0;
	}
	(void)closedir(dir);
	return marked;
}

void time_machine_read(int folder_fd, int64_t now_s, struct time_machine *bundle)
{
	struct stat st;
	int fd = openat(folder_fd, bundle->path, FOLDER_FLAGS);

	bundle->preparing = ends_with(bundle->path, ".incomplete");
	bundle->is_backup = ends_with(bundle->path, ".backupbundle");
	bundle->history = TIME_MACHINE_HISTORY_MISSING;
	bundle->completed_at_s = 0;
	bundle->running = -1;
	bundle->verification_failed = bundle->encrypted = false;
	bundle->band_bytes = 0;
	bundle->trouble[0] = '\0';
	if (fd < 0) {
		trouble(bundle, "it can't be opened");
		return;
	}
	if (bundle->preparing)
		trouble(bundle, "the first backup is being prepared");
	read_history(fd, now_s, bundle);
	read_info(fd, bundle);
	(void)plist_read(fd, MACHINE, take_machine, bundle, NULL);
	(void)plist_read(fd, RESULTS, take_results, bundle, NULL);
	bundle->is_backup = bundle->is_backup || is_marked(fd, bundle->preparing);
	bundle->encrypted =
	        fstatat(fd, "token", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
	(void)close(fd);
}

/* ---- the sweep */

struct sweep {
	int64_t newest_s;
	size_t n;
};

static void take_stat(struct sweep *sweep, const struct stat *st)
{
	sweep->n++;
	if (st->st_ctim.tv_sec > sweep->newest_s)
		sweep->newest_s = st->st_ctim.tv_sec;
}

/* Takes fd. A bundle is two folders deep. */
static int sweep_folder(struct sweep *sweep, int fd, int depth, struct error *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		(void)close(fd);
		return error_sys(err, errno, "listing a bundle");
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		struct stat st;
		int next;

		if (strcmp(entry->d_name, "..") == 0 || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue; /* gone meanwhile */
		take_stat(sweep, &st);
		if (sweep->n > TIME_MACHINE_SWEEP_MAX)
			rc = error_set(err, ERR_SYSTEM, "more than %d files in a bundle", TIME_MACHINE_SWEEP_MAX);
		else if (S_ISDIR(st.st_mode) && strcmp(entry->d_name, ".") != 0 && depth < 2 &&
		         (next = openat(fd, entry->d_name, FOLDER_FLAGS)) >= 0)
			rc = sweep_folder(sweep, next, depth + 1, err);
	}
	(void)closedir(dir);
	return rc;
}

int time_machine_sweep(int folder_fd, const char *path, int64_t *newest_s, int64_t *history_s, struct error *err)
{
	struct sweep sweep = { .n = 0 };
	struct stat st;
	int fd = openat(folder_fd, path, FOLDER_FLAGS);

	*newest_s = *history_s = 0;
	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	if (fstatat(fd, HISTORY, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*history_s = st.st_ctim.tv_sec;
	if (sweep_folder(&sweep, fd, 0, err) != 0)
		return -1;
	*newest_s = sweep.newest_s;
	return 0;
}
