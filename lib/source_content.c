#include "lib/source_content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/sha256.h"
#include "lib/subvolume.h"

#define TREES_MAX 64
#define PIECE_BYTES ((size_t)1 << 20)

struct tree {
	char name[NAME_MAX + 1]; /* of the snapshot; "": the source itself */
	int fd;
	struct inside *inside;
};

struct source_content {
	struct tree trees[TREES_MAX];
	size_t n;
};

static void add(struct source_content *c, int parent_fd, const char *way, const char *name)
{
	struct tree *tree = &c->trees[c->n];

	tree->fd = openat(parent_fd, way, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return;
	if (inside_new(tree->fd, &tree->inside, NULL) != 0) {
		(void)close(tree->fd);
		return;
	}
	(void)snprintf(tree->name, sizeof(tree->name), "%s", name);
	c->n++;
}

/* Names end in the run's, which begins with its time: the newest first. */
static int newest_first(const void *a, const void *b)
{
	return strcmp(((const struct tree *)b)->name, ((const struct tree *)a)->name);
}

/* <folder>/<pipeline>.<run>/<below> */
static void add_snapshots(struct source_content *c, const char *folder, const char *pipeline, const char *below)
{
	DIR *dir = opendir(folder);
	size_t n = strlen(pipeline);
	struct dirent *found;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (dir != NULL && (found = readdir(dir)) != NULL && c->n < TREES_MAX - 1) {
		char way[PATH_MAX + NAME_MAX + 2];

		if (strncmp(found->d_name, pipeline, n) != 0 || found->d_name[n] != '.')
			continue;
		(void)snprintf(way, sizeof(way), "%s/%s", found->d_name, below);
		add(c, dirfd(dir), way, found->d_name);
	}
	if (dir != NULL)
		(void)closedir(dir);
	qsort(c->trees, c->n, sizeof(*c->trees), newest_first);
}

int source_content_open(const char *source, const char *snapshots, const char *pipeline,
                        struct source_content **content, struct error *err)
{
	struct source_content *c = calloc(1, sizeof(*c));
	char folder[PATH_MAX];
	char root[PATH_MAX];
	char *real = realpath(source, NULL);

	*content = c;
	if (c == NULL) {
		free(real);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	if (real != NULL && subvolume_root(real, root, NULL) == 0 &&
	    subvolume_snapshots(source, snapshots, folder, NULL) == 0 && strncmp(real, root, strlen(root)) == 0) {
		const char *below = real + strlen(root);

		while (*below == '/')
			below++;
		add_snapshots(c, folder, pipeline, *below != '\0' ? below : ".");
	}
	if (real != NULL)
		add(c, AT_FDCWD, real, "");
	free(real);
	return 0;
}

void source_content_close(struct source_content **content)
{
	struct source_content *c = *content;

	if (c == NULL)
		return;
	*content = NULL;
	for (size_t i = 0; i < c->n; i++) {
		inside_destroy(&c->trees[i].inside);
		(void)close(c->trees[i].fd);
	}
	free(c);
}

/* 1: it is that, 0: it is not, or can't be read, -1. */
static int is_that(int fd, uint64_t size_bytes, const struct source_content_want *want, struct error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	uint8_t now[SHA256_BYTES];
	struct sha256 sha;
	uint64_t at = 0;
	ssize_t n = 0;
	int rc = piece != NULL ? 1 : error_set(err, ERR_SYSTEM, "out of memory");

	sha256_init(&sha);
	while (rc == 1 && at <= size_bytes && (n = pread(fd, piece, PIECE_BYTES, (off_t)at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		rc = n > 0;
		if (rc == 1) {
			sha256_update(&sha, piece, (size_t)n);
			at += (uint64_t)n;
		}
		if (rc == 1 && want->meanwhile != NULL && want->meanwhile(want->context, err) != 0)
			rc = -1;
	}
	if (rc == 1) {
		sha256_so_far(&sha, now);
		rc = at == size_bytes && memcmp(now, want->sha256, sizeof(now)) == 0;
	}
	free(piece);
	return rc;
}

/* A file at the path; -1: there is none. */
static int open_file(struct tree *tree, const char *path, struct stat *st)
{
	const char *leaf;
	int parent_fd;
	int fd;

	if (inside_parent(tree->inside, path, &parent_fd, &leaf, NULL) != 0)
		return -1;
	/* A time of access that moves would be taken for a change of the source. Only its owner and root may keep it. */
	fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* The same file in another snapshot, that nothing was done to since. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Of that size, or of another one. */
static int find(struct source_content *c, const char *path, const struct source_content_want *want, bool that_size,
                int *fd, struct error *err)
{
	struct stat before = { .st_ino = 0 };

	for (size_t i = 0; i < c->n; i++) {
		struct stat st;
		int found_fd = open_file(&c->trees[i], path, &st);
		int rc = 0;

		if (found_fd < 0)
			continue;
		if (!same_file(&before, &st) && ((uint64_t)st.st_size == want->size_bytes) == that_size)
			rc = is_that(found_fd, (uint64_t)st.st_size, want, err);
		before = st;
		if (rc == 1) {
			*fd = found_fd;
			return 0;
		}
		(void)close(found_fd);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int source_content_find(struct source_content *c, const char *path, const struct source_content_want *want, int *fd,
                        struct error *err)
{
	*fd = -1;
	if (find(c, path, want, true, fd, err) != 0)
		return -1;
	return *fd >= 0 || !want->any_size ? 0 : find(c, path, want, false, fd, err);
}
