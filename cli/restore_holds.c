#include "cli/restore_holds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PLAIN "probe"
#define PLAIN_LARGE "PROBE"
#define OTHER "probe-2"
#define NAME_MOST 255u
#define NAME_LEAST 8u
#define POINT_MOST 0x10ffffu
#define POINT_16_MOST 0xffffu
#define POINT_ASCII_MOST 0x7fu
#define HOLE_BYTES (1 << 20)
#define BLOCK_BYTES 512 /* st_blocks's unit */
#define PAGE 4096u

void restore_holds_guess(int fd, struct restore_holds *holds)
{
	*holds = (struct restore_holds){ .kind = "this file system",
		                         .symlinks = true,
		                         .links = true,
		                         .holes = true,
		                         .times = true,
		                         .cases = true,
		                         .any_character = true,
		                         .any_end = true,
		                         .any_bytes = true,
		                         .point_most = POINT_MOST,
		                         .name_most = NAME_MOST,
		                         .file_most = UINT64_MAX };
	if (fd >= 0)
		file_system_kind(fd, holds->kind);
	if (strcmp(holds->kind, FILE_SYSTEM_FAT) == 0)
		holds->file_most = UINT32_MAX;
}

/* Is a file of exactly this name there? Some take a name, and give another one back. */
static bool is_listed(int fd, const char *name)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *item;
	bool found = false;

	if (dir == NULL) {
		if (own >= 0)
			(void)close(own);
		return false;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while (!found && (item = readdir(dir)) != NULL)
		found = strcmp(item->d_name, name) == 0;
	(void)closedir(dir);
	return found;
}

static int make(int fd, const char *name)
{
	return openat(fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool takes(int fd, const char *name)
{
	int file = make(fd, name);
	bool listed;

	if (file < 0)
		return false;
	(void)close(file);
	listed = is_listed(fd, name);
	(void)unlinkat(fd, name, 0);
	return listed;
}

/* By halves, if the longest is too long. */
static uint32_t name_most(int fd)
{
	char name[NAME_MOST + 1];
	uint32_t good = NAME_LEAST;
	uint32_t most = NAME_MOST;

	while (good < most) {
		uint32_t n = most == NAME_MOST && good == NAME_LEAST ? most : (good + most + 1) / 2;

		memset(name, 'x', n);
		name[n] = '\0';
		if (takes(fd, name))
			good = n;
		else
			most = n - 1;
	}
	return good;
}

/* What lseek(2) takes is what the kernel takes for a file's size. */
static uint64_t file_most(int file)
{
	uint64_t good = 0;
	uint64_t most = INT64_MAX;

	if (lseek(file, INT64_MAX, SEEK_SET) == INT64_MAX)
		return UINT64_MAX;
	while (good < most) {
		uint64_t n = good + (most - good + 1) / 2;

		if (lseek(file, (off_t)n, SEEK_SET) == (off_t)n)
			good = n;
		else
			most = n - 1;
	}
	return good;
}

static void try_file(int file, struct restore_holds *holds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1600000001, .tv_nsec = 123456789 } };
	uint64_t most = file_most(file);
	struct statvfs fs;
	struct stat st;

	if (most < holds->file_most)
		holds->file_most = most;
	holds->holes = ftruncate(file, HOLE_BYTES) == 0 && fstat(file, &st) == 0 &&
	               (uint64_t)st.st_blocks * BLOCK_BYTES < HOLE_BYTES;
	holds->times = futimens(file, times) == 0 && fstat(file, &st) == 0 && st.st_mtim.tv_sec == times[1].tv_sec &&
	               st.st_mtim.tv_nsec == times[1].tv_nsec;
	if (fstatvfs(file, &fs) == 0 && fs.f_frsize > PAGE)
		holds->cluster_bytes = fs.f_frsize;
}

static void try_names(int fd, struct restore_holds *holds)
{
	static const char *const characters[] = { PLAIN "-\"", PLAIN "-*",  PLAIN "-:", PLAIN "-<",   PLAIN "->",
		                                  PLAIN "-?",  PLAIN "-\\", PLAIN "-|", PLAIN "-\x01" };

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]) && holds->any_character; i++)
		holds->any_character = takes(fd, characters[i]);
	/* Some take these, and Windows, whose disk it is then, can't open them. */
	holds->any_end = holds->any_character && takes(fd, OTHER ".") && takes(fd, OTHER " ");
	holds->any_bytes = takes(fd, OTHER "\xff");
	if (!takes(fd, OTHER "\xf0\x9f\x93\xb7")) /* a camera */
		holds->point_most = takes(fd, OTHER "\xc3\xa4\xe6\x97\xa5") ? POINT_16_MOST : POINT_ASCII_MOST;
	holds->cases = faccessat(fd, PLAIN_LARGE, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	holds->name_most = name_most(fd);
}

/* What was killed in here is in the way. */
static void clear(int fd)
{
	(void)unlinkat(fd, PLAIN, 0);
	(void)unlinkat(fd, OTHER, 0);
}

int restore_holds_try(int fd, struct restore_holds *holds, struct error *err)
{
	int file;

	restore_holds_guess(fd, holds);
	clear(fd);
	file = make(fd, PLAIN);
	if (file < 0)
		return error_sys(err, errno, "making a file in the target");
	try_file(file, holds);
	(void)close(file);
	holds->links = linkat(fd, PLAIN, fd, OTHER, 0) == 0;
	(void)unlinkat(fd, OTHER, 0);
	holds->symlinks = symlinkat(PLAIN, fd, OTHER) == 0;
	(void)unlinkat(fd, OTHER, 0);
	try_names(fd, holds);
	clear(fd);
	return 0;
}

bool restore_holds_names(const struct restore_holds *holds)
{
	return holds->cases && holds->any_character && holds->any_end && holds->any_bytes &&
	       holds->point_most == POINT_MOST && holds->name_most >= NAME_MOST;
}
