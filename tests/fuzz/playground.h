/* playground: what the fuzzers that need files share: a folder of their own, emptied before each input and removed at the end, and a vault in it with
 * one published generation. In memory where there is /dev/shm: an input takes a millisecond. */
#ifndef AOB_PLAYGROUND_H
#define AOB_PLAYGROUND_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/sha256.h"

#define PLAYGROUND_GENERATION "2025-11-23T05-36-00Z"
#define PLAYGROUND_OLD "what the first generation holds, and what no peer may change, however it asks"

#define PLAYGROUND_ROTTEN "what is wRong, though its recorded hash is that of the other one"
#define PLAYGROUND_RIGHT "what is right, though its recorded hash is that of the other one"

static char playground_path[200];

/* What goes wrong here is a fault of the machine, and would hide what the fuzzer looks for. */
static inline void playground_want(int good)
{
	if (!good) {
		perror("playground");
		abort();
	}
}

static inline int playground_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path); /* of a symlink, itself */
}

static inline int playground_open_up(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return kind == FTW_D || kind == FTW_DNR ? chmod(path, 0700) : 0;
}

static inline void playground_clear(void)
{
	if (playground_path[0] == '\0' || access(playground_path, F_OK) != 0)
		return;
	(void)nftw(playground_path, playground_open_up, 16, FTW_PHYS);
	if (nftw(playground_path, playground_remove_one, 16, FTW_PHYS | FTW_DEPTH) != 0) {
		char command[240]; /* deeper than a path can name */

		(void)snprintf(command, sizeof(command), "rm -rf '%s'", playground_path);
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
		playground_want(system(command) == 0);
	}
}

/* playground_begin: an empty folder; always the same path in one process. */
static inline const char *playground_begin(void)
{
	if (playground_path[0] == '\0') {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
		const char *base = getenv("TMPDIR");

		if (base == NULL)
			base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
		(void)snprintf(playground_path, sizeof(playground_path), "%s/aob-fuzz.%ld", base, (long)getpid());
		(void)atexit(playground_clear);
	}
	playground_clear();
	playground_want(mkdir(playground_path, 0700) == 0);
	return playground_path;
}

static inline void playground_folder(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", playground_path, name);
	playground_want(mkdir(path, 0700) == 0);
}

static inline void playground_file(const char *name, const void *data, size_t len_bytes)
{
	char path[400];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", playground_path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	playground_want(fd >= 0 && write(fd, data, len_bytes) == (ssize_t)len_bytes && close(fd) == 0);
}

static inline void playground_text(const char *name, const char *text)
{
	playground_file(name, text, strlen(text));
}

/* playground_rots: a file of the generation that is not what its hash says; where the file system has attributes. */
static inline void playground_rots(void)
{
	uint8_t sha256[SHA256_BYTES];
	struct sha256 sha;
	char path[400];

	sha256_init(&sha);
	sha256_update(&sha, PLAYGROUND_RIGHT, strlen(PLAYGROUND_RIGHT));
	sha256_so_far(&sha, sha256);
	playground_text("root/p/generations/" PLAYGROUND_GENERATION "/rots", PLAYGROUND_ROTTEN);
	(void)snprintf(path, sizeof(path), "%s/root/p/generations/" PLAYGROUND_GENERATION "/rots", playground_path);
	(void)setxattr(path, "user.aob.sha256", sha256, sizeof(sha256), 0);
}

/* ROOT is playground_path/root, beside it lies what no peer may reach. */
static inline void playground_vault(void)
{
	static const char *const folders[] = { "beside",
		                               "root",
		                               "root/p",
		                               "root/p/.aob",
		                               "root/p/.aob/generations",
		                               "root/p/.aob/incoming",
		                               "root/p/.aob/trash",
		                               "root/p/generations",
		                               "root/p/generations/" PLAYGROUND_GENERATION,
		                               "root/p/generations/" PLAYGROUND_GENERATION "/folder" };
	char path[400];

	(void)playground_begin();
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		playground_folder(folders[i]);
	playground_text("beside/file", PLAYGROUND_OLD);
	playground_text("root/p/generations/" PLAYGROUND_GENERATION "/file", PLAYGROUND_OLD);
	playground_text("root/p/generations/" PLAYGROUND_GENERATION "/folder/deep", PLAYGROUND_OLD);
	playground_text(
	        "root/p/.aob/format.json",
	        "{\"format\": 1, \"vault_id\": \"11111111-1111-4111-8111-111111111111\", \"strategy\": \"hardlink\"}");
	playground_text("root/p/.aob/generations/" PLAYGROUND_GENERATION ".json",
	                "{\"generation\": \"" PLAYGROUND_GENERATION
	                "\", \"run\": \"run-0\", \"state\": \"quiet\", \"snapshot_uuid\": \"u\", \"ctransid\": 1, "
	                "\"taken_at\": 1763876160, \"published_at\": 1763876160, \"files\": 2, \"bytes\": 2}");
	(void)snprintf(path, sizeof(path), "%s/root/p/current", playground_path);
	playground_want(symlink("generations/" PLAYGROUND_GENERATION, path) == 0);
	(void)snprintf(path, sizeof(path), "%s/root/p/generations/" PLAYGROUND_GENERATION "/way-out", playground_path);
	playground_want(symlink("../../../../beside", path) == 0);
}

static inline unsigned playground_entries(const char *name)
{
	char path[400];
	struct dirent **list = NULL;
	int n;

	(void)snprintf(path, sizeof(path), "%s/%s", playground_path, name);
	n = scandir(path, &list, NULL, NULL);
	playground_want(n >= 2);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return (unsigned)n - 2;
}

/* playground_reads: the file's content, as far as it fits; its length, -1: it is not there. */
static inline ssize_t playground_reads(const char *name, char *text, size_t size)
{
	char path[400];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", playground_path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, size) : -1;
	if (fd >= 0)
		(void)close(fd);
	return n;
}

/* playground_holds: the file has that content, or is not there, which is right where `may_go`. */
static inline void playground_holds(const char *name, int may_go)
{
	char text[sizeof(PLAYGROUND_OLD) + 8];
	ssize_t n = playground_reads(name, text, sizeof(text));

	playground_want((n < 0 && may_go) ||
	                (n == (ssize_t)strlen(PLAYGROUND_OLD) && memcmp(text, PLAYGROUND_OLD, (size_t)n) == 0));
}

/* playground_rots_or_mended: what rots is as it was, or right; if the generation is there. */
static inline void playground_rots_or_mended(void)
{
	char text[sizeof(PLAYGROUND_RIGHT) + 8];
	ssize_t n = playground_reads("root/p/generations/" PLAYGROUND_GENERATION "/rots", text, sizeof(text));

	playground_want(n < 0 ||
	                (n == (ssize_t)strlen(PLAYGROUND_RIGHT) && (memcmp(text, PLAYGROUND_RIGHT, (size_t)n) == 0 ||
	                                                            memcmp(text, PLAYGROUND_ROTTEN, (size_t)n) == 0)));
}

#endif
