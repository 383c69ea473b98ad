#include "lib/tree_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

#define OPEN_MOST 32 /* folders that are held open; those above are opened again by ".." */

struct level {
	DIR *dir; /* NULL: not held open just now; */
	long at;  /* then where to go on in it */
	ino_t ino;
	uint64_t path; /* its hash */
};

struct tree_scan {
	struct level *levels;
	size_t depth, room; /* depth 0: no pass */
	bool torn;          /* it was moved about meanwhile */
	dev_t dev;
	uint64_t sum;
	int64_t cost_ns, last_cost_ns;
};

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * FNV_PRIME;
	return hash;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct tree_scan *tree_scan_new(void)
{
	return calloc(1, sizeof(struct tree_scan));
}

static void drop(struct tree_scan *scan)
{
	while (scan->depth > 0)
		if (scan->levels[--scan->depth].dir != NULL)
			(void)closedir(scan->levels[scan->depth].dir);
}

void tree_scan_destroy(struct tree_scan **scan)
{
	if (*scan == NULL)
		return;
	drop(*scan);
	free((*scan)->levels);
	free(*scan);
	*scan = NULL;
}

static bool has_room(struct tree_scan *scan)
{
	size_t room = scan->room > 0 ? 2 * scan->room : 16;
	struct level *grown;

	if (scan->depth < scan->room)
		return true;
	grown = scan->depth < TREE_SCAN_DEPTH_MAX ? realloc(scan->levels, room * sizeof(*grown)) : NULL;
	if (grown == NULL)
		return false;
	scan->levels = grown;
	scan->room = room;
	return true;
}

/* Takes fd. What can't be opened is told apart by its own entry alone. */
static void descend(struct tree_scan *scan, int fd, ino_t ino, uint64_t path)
{
	DIR *dir = fd >= 0 && has_room(scan) ? fdopendir(fd) : NULL;
	struct level *above;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	scan->levels[scan->depth++] = (struct level){ .dir = dir, .ino = ino, .path = path };
	if (scan->depth <= OPEN_MOST)
		return;
	above = &scan->levels[scan->depth - 1 - OPEN_MOST];
	above->at = telldir(above->dir);
	(void)closedir(above->dir);
	above->dir = NULL;
}

/* Back into the folder above, if it still is that. */
static bool open_above(struct tree_scan *scan, const struct level *from, struct level *above)
{
	int fd = openat(dirfd(from->dir), "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == above->ino && st.st_dev == scan->dev)
		above->dir = fdopendir(fd);
	if (above->dir != NULL) {
		seekdir(above->dir, above->at);
		return true;
	}
	if (fd >= 0)
		(void)close(fd);
	return false;
}

static void ascend(struct tree_scan *scan)
{
	struct level *from = &scan->levels[scan->depth - 1];
	struct level *above = scan->depth > 1 ? from - 1 : NULL;

	if (above != NULL && above->dir == NULL && !open_above(scan, from, above)) {
		/* What is moved about while it is looked at has changed. */
		scan->torn = true;
		drop(scan);
		return;
	}
	(void)closedir(from->dir);
	scan->depth--;
}

int tree_scan_begin(struct tree_scan *scan, int folder_fd, struct error *err)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);
	struct stat st;

	drop(scan);
	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)error_sys(err, errno, "opening the source");
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	scan->dev = st.st_dev;
	scan->sum = 0;
	scan->cost_ns = 0;
	scan->torn = false;
	descend(scan, fd, st.st_ino, FNV_START);
	return 0;
}

bool tree_scan_busy(const struct tree_scan *scan)
{
	return scan->depth > 0;
}

/* -1: it can't be opened. What is so just now, for want of descriptors or memory, must not look like a folder with nothing in it. */
static int open_folder(struct tree_scan *scan, int at_fd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at_fd, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM) /* somebody else's folder, and no right to leave no trace */
		fd = openat(at_fd, name, flags);
	scan->torn = scan->torn || (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM));
	return fd;
}

static void take(struct tree_scan *scan, const struct level *level, const char *name)
{
	struct {
		uint64_t ino, size;
		int64_t mtime_s, ctime_s;
		uint32_t mtime_ns, ctime_ns, mode, uid, gid;
	} facts;
	uint64_t path = mix(mix(level->path, name, strlen(name)), "/", 1);
	struct stat st;

	if (fstatat(dirfd(level->dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_dev != scan->dev)
		return;
	memset(&facts, 0, sizeof(facts));
	facts.ino = st.st_ino;
	facts.size = (uint64_t)st.st_size;
	facts.mtime_s = st.st_mtim.tv_sec;
	facts.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	facts.ctime_s = st.st_ctim.tv_sec;
	facts.ctime_ns = (uint32_t)st.st_ctim.tv_nsec;
	facts.mode = st.st_mode;
	facts.uid = st.st_uid;
	facts.gid = st.st_gid;
	scan->sum += mix(path, &facts, sizeof(facts)); /* a sum: the order of a listing does not matter */
	if (S_ISDIR(st.st_mode))
		descend(scan, open_folder(scan, dirfd(level->dir), name), st.st_ino, path);
}

bool tree_scan_step(struct tree_scan *scan, uint64_t *fingerprint)
{
	int64_t began_ns = cpu_ns();

	for (size_t i = 0; i < TREE_SCAN_STEP && scan->depth > 0; i++) {
		struct level *level = &scan->levels[scan->depth - 1];
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
		struct dirent *entry = readdir(level->dir);

		if (entry == NULL)
			ascend(scan);
		else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			take(scan, level, entry->d_name);
	}
	scan->cost_ns += cpu_ns() - began_ns;
	if (scan->depth > 0)
		return false;
	scan->last_cost_ns = scan->cost_ns;
	if (scan->torn)
		scan->sum ^= (uint64_t)cpu_ns() * FNV_PRIME;
	*fingerprint = (scan->sum >> 1) | (scan->sum >> 1 == 0);
	return true;
}

int64_t tree_scan_cost_ms(const struct tree_scan *scan)
{
	return scan->last_cost_ns / 1000000;
}

int tree_scan_all(int folder_fd, int (*busy)(void *context, struct error *err), void *context, uint64_t *fingerprint,
                  struct error *err)
{
	struct tree_scan *scan = tree_scan_new();
	int rc;

	if (scan == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = tree_scan_begin(scan, folder_fd, err);
	if (rc == 0 && busy != NULL)
		rc = busy(context, err);
	while (rc == 0 && !tree_scan_step(scan, fingerprint))
		rc = busy != NULL ? busy(context, err) : 0;
	tree_scan_destroy(&scan);
	return rc;
}
