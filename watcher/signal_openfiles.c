#include "watcher/signal_openfiles.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)
#define INFO_BYTES 256

static uint64_t fnv(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
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

static void scan_process(const char *pid, const char *folder, size_t folder_bytes, struct signal_openfiles *found)
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

		if (n <= (ssize_t)folder_bytes)
			continue;
		target[n] = '\0';
		if (strncmp(target, folder, folder_bytes) != 0 || target[folder_bytes] != '/' ||
		    !open_for_writing(pid, entry->d_name))
			continue;
		found->n++;
		/* A sum: the order in which /proc lists them does not matter. */
		found->hash += fnv(fnv(fnv(FNV_START, pid), entry->d_name), target);
	}
	(void)closedir(dir);
}

struct signal_openfiles signal_openfiles_scan(const char *folder)
{
	struct signal_openfiles found = { 0 };
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char own[24];

	(void)snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (dir == NULL)
		return found;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, own) != 0)
			scan_process(entry->d_name, folder, strlen(folder), &found);
	(void)closedir(dir);
	return found;
}
