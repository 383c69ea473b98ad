#include "watcher/signal_openfiles.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/time_machine.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)
#define INFO_BYTES 256

struct handle {
	char *path;
	uint64_t id; /* of process, descriptor and path */
	dev_t dev;   /* 0: not known */
	bool writes;
};

struct signal_openfiles {
	struct handle *list;
	size_t n, room;
	uint64_t beyond; /* the ids of those that found no room */
	dev_t devices[SIGNAL_OPENFILES_DEVICES_MAX];
	size_t n_devices; /* more than there is room for: all are wanted */
	bool looked;
	int64_t looked_ms;
};

void signal_openfiles_want(struct signal_openfiles *files, dev_t dev)
{
	for (size_t i = 0; i < files->n_devices && i < SIGNAL_OPENFILES_DEVICES_MAX; i++)
		if (files->devices[i] == dev)
			return;
	if (files->n_devices < SIGNAL_OPENFILES_DEVICES_MAX)
		files->devices[files->n_devices] = dev;
	else if (files->n_devices > SIGNAL_OPENFILES_DEVICES_MAX)
		return;
	files->n_devices++;
	files->looked = false;
}

/* What nobody could tell counts, to be on the safe side. */
static bool is_wanted(const struct signal_openfiles *files, dev_t dev)
{
	if (dev == 0 || files->n_devices > SIGNAL_OPENFILES_DEVICES_MAX)
		return true;
	for (size_t i = 0; i < files->n_devices; i++)
		if (files->devices[i] == dev)
			return true;
	return false;
}

static uint64_t fnv(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

static void forget(struct signal_openfiles *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->list[i].path);
	files->n = 0;
	files->beyond = 0;
}

struct signal_openfiles *signal_openfiles_new(void)
{
	return calloc(1, sizeof(struct signal_openfiles));
}

void signal_openfiles_destroy(struct signal_openfiles **files)
{
	if (*files == NULL)
		return;
	forget(*files);
	free((*files)->list);
	free(*files);
	*files = NULL;
}

/* From the `flags:` line of fdinfo, octal as in open(2). */
static bool open_for_writing(const char *pid, const char *number)
{
	char path[64];
	char info[INFO_BYTES];
	const char *flags;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, info, sizeof(info) - 1);
	(void)close(fd);
	info[n > 0 ? n : 0] = '\0';
	flags = strstr(info, "flags:");
	return flags != NULL && (strtoul(flags + 6, NULL, 8) & O_ACCMODE) != O_RDONLY;
}

/* Where in the path the name of a bundle begins, at whatever depth; NULL: nowhere. *len: of the name. */
static const char *bundle_name(const char *path, size_t *len)
{
	for (const char *at = path; *at != '\0'; at += *at == '/') {
		char name[NAME_MAX + 1];

		*len = strcspn(at, "/");
		if (*len > 0 && *len < sizeof(name) && at[*len] == '/') {
			memcpy(name, at, *len);
			name[*len] = '\0';
			if (time_machine_is_bundle(name))
				return at;
		}
		at += *len;
	}
	return NULL;
}

static bool is_lock(const char *path)
{
	const char *last = strrchr(path, '/');

	return last != NULL && strcmp(last, "/lock") == 0;
}

/* Asks no server: a file system that hangs must not hold us up. */
static dev_t device_of(const char *pid, const char *number)
{
	char path[64];
	struct statx st;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", pid, number);
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0)
		return 0;
	return makedev(st.stx_dev_major, st.stx_dev_minor);
}

static void take(struct signal_openfiles *files, const char *pid, const char *number, const char *target)
{
	size_t len;
	bool in_bundle = bundle_name(target, &len) != NULL;
	bool writes = open_for_writing(pid, number);
	uint64_t id = fnv(fnv(fnv(FNV_START, pid), number), target);
	struct handle *handle;
	dev_t dev;

	if (!writes && !(in_bundle && is_lock(target)))
		return;
	dev = device_of(pid, number);
	if (!is_wanted(files, dev))
		return;
	if (files->n == files->room && files->room < SIGNAL_OPENFILES_MAX) {
		size_t room = files->room > 0 ? 2 * files->room : 64;
		struct handle *grown = realloc(files->list, room * sizeof(*grown));

		if (grown != NULL) {
			files->list = grown;
			files->room = room;
		}
	}
	if (files->n == files->room) {
		files->beyond += id;
		return;
	}
	handle = &files->list[files->n];
	*handle = (struct handle){ .path = strdup(target), .id = id, .writes = writes, .dev = dev };
	if (handle->path != NULL)
		files->n++;
}

static void scan_process(struct signal_openfiles *files, const char *pid)
{
	char path[64];
	char target[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((entry = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0 || target[0] != '/' || strncmp(target, "/dev/", 5) == 0 || strncmp(target, "/proc/", 6) == 0)
			continue;
		target[n] = '\0';
		take(files, pid, entry->d_name, target);
	}
	(void)closedir(dir);
}

int64_t signal_openfiles_age(const struct signal_openfiles *files, int64_t now_ms)
{
	return files->looked ? now_ms - files->looked_ms : INT64_MAX;
}

void signal_openfiles_scan(struct signal_openfiles *files, int64_t now_ms, int64_t max_age_ms)
{
	DIR *dir;
	struct dirent *entry;
	char own[24];

	if (signal_openfiles_age(files, now_ms) < max_age_ms)
		return;
	forget(files);
	files->looked = true;
	files->looked_ms = now_ms;
	(void)snprintf(own, sizeof(own), "%ld", (long)getpid());
	dir = opendir("/proc");
	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, own) != 0)
			scan_process(files, entry->d_name);
	(void)closedir(dir);
}

/* Is the handle below the folder, and in that bundle? */
static bool fits(const struct handle *handle, const char *folder, size_t folder_bytes, const char *bundle, dev_t dev)
{
	size_t len = 0;
	const char *below = handle->path + folder_bytes;
	const char *name;

	if (strncmp(handle->path, folder, folder_bytes) == 0 && *below == '/') {
		below++;
		if (bundle != NULL && *bundle == '\0')
			return true;
		len = time_machine_bundle_of(below);
		if (bundle == NULL)
			return len == 0;
		return strlen(bundle) == len && memcmp(below, bundle, len) == 0;
	}
	/* In a container: another path to the same file system. */
	if (bundle == NULL || *bundle == '\0' || dev == 0 || handle->dev != dev)
		return false;
	name = bundle_name(handle->path, &len);
	bundle = strrchr(bundle, '/') != NULL ? strrchr(bundle, '/') + 1 : bundle;
	return name != NULL && strlen(bundle) == len && memcmp(name, bundle, len) == 0;
}

struct signal_handles signal_openfiles_of(const struct signal_openfiles *files, const char *folder, const char *bundle,
                                          dev_t dev)
{
	struct signal_handles found = { .hash = files->beyond };
	size_t folder_bytes = strlen(folder);

	for (size_t i = 0; i < files->n; i++) {
		const struct handle *handle = &files->list[i];

		if (!fits(handle, folder, folder_bytes, bundle, dev))
			continue;
		found.n += handle->writes;
		found.attached = found.attached || is_lock(handle->path);
		found.hash += handle->id; /* a sum: the order in which /proc lists them does not matter */
	}
	return found;
}
