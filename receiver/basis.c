#include "receiver/basis.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/sha256.h"

#define READ_AHEAD (8 << 20)

void basis_part_name(const char *path, char name[BASIS_NAME_SIZE])
{
	uint8_t sha256[SHA256_BYTES];

	sha256_of(path, strlen(path), sha256);
	hex_text(sha256, BASIS_KEY_BYTES, name);
}

static void old_name(const char *name, char old[BASIS_NAME_SIZE])
{
	(void)snprintf(old, BASIS_NAME_SIZE, "%.32s.old", name);
}

/* The size of a plain file there, 0 for anything else. */
static uint64_t size_at(int folder_fd, const char *name)
{
	struct stat st;

	return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size
	                                                                                      : 0;
}

struct basis_parts {
	DIR *dir;
	int fd;
};

int basis_parts_open(const struct incoming *incoming, struct basis_parts **parts, struct error *err)
{
	struct basis_parts *made = calloc(1, sizeof(*made));
	int fd = openat(incoming->parts_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*parts = NULL;
	if (made != NULL && fd >= 0)
		made->dir = fdopendir(fd);
	if (made == NULL || made->dir == NULL) {
		(void)error_sys(err, errno, "reading the folder of parts");
		if (fd >= 0)
			(void)close(fd);
		free(made);
		return -1;
	}
	made->fd = fd;
	*parts = made;
	return 0;
}

void basis_parts_close(struct basis_parts **parts)
{
	if (*parts == NULL)
		return;
	(void)closedir((*parts)->dir);
	free(*parts);
	*parts = NULL;
}

static bool read_key(const char *name, uint8_t key[BASIS_KEY_BYTES])
{
	for (size_t i = 0; i < BASIS_KEY_BYTES; i++) {
		char pair[3] = { name[2 * i], name[2 * i] != '\0' ? name[2 * i + 1] : '\0', '\0' };
		char *end;

		key[i] = (uint8_t)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return false;
	}
	return name[2 * BASIS_KEY_BYTES] == '\0' || strcmp(name + 2 * BASIS_KEY_BYTES, ".old") == 0;
}

int basis_parts_next(struct basis_parts *parts, struct basis_part *part, struct error *err)
{
	struct dirent *found;

	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((found = readdir(parts->dir)) != NULL) {
		if (!read_key(found->d_name, part->key))
			continue;
		part->bytes = size_at(parts->fd, found->d_name);
		return 1;
	}
	return errno != 0 ? error_sys(err, errno, "reading the folder of parts") : 0;
}

int basis_restore(struct incoming *incoming, const char *path, struct error *err)
{
	char name[BASIS_NAME_SIZE];
	char old[BASIS_NAME_SIZE];

	basis_part_name(path, name);
	old_name(name, old);
	if (size_at(incoming->parts_fd, old) <= size_at(incoming->parts_fd, name))
		return 0;
	return renameat(incoming->parts_fd, old, incoming->parts_fd, name) == 0
	               ? 0
	               : error_sys(err, errno, "taking up a part of \"%.300s\"", path);
}

int basis_keep(struct incoming *incoming, const char *path, struct error *err)
{
	char name[BASIS_NAME_SIZE];
	char old[BASIS_NAME_SIZE];

	basis_part_name(path, name);
	old_name(name, old);
	/* The longer one is worth more, as basis_open sees it. A rename is atomic, so one of them is always whole as it was. */
	if (size_at(incoming->parts_fd, old) > size_at(incoming->parts_fd, name)) {
		if (unlinkat(incoming->parts_fd, name, 0) != 0 && errno != ENOENT)
			return error_sys(err, errno, "removing a part of \"%.300s\"", path);
	} else if (renameat(incoming->parts_fd, name, incoming->parts_fd, old) != 0 && errno != ENOENT) {
		return error_sys(err, errno, "keeping a part of \"%.300s\"", path);
	}
	return 0;
}

int basis_drop_old(struct incoming *incoming, const char *path, uint64_t most_bytes, struct error *err)
{
	char name[BASIS_NAME_SIZE];
	char old[BASIS_NAME_SIZE];

	basis_part_name(path, name);
	old_name(name, old);
	if (size_at(incoming->parts_fd, old) > most_bytes && unlinkat(incoming->parts_fd, old, 0) != 0)
		return error_sys(err, errno, "removing a part of \"%.300s\"", path);
	return 0;
}

static int open_file(int folder_fd, const char *name, uint64_t *size_bytes)
{
	struct stat st;
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*size_bytes = 0;
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		(void)close(fd);
		return -1;
	}
	*size_bytes = (uint64_t)st.st_size;
	return fd;
}

int basis_open_tree(struct incoming *incoming, const char *path, struct basis *basis, struct error *err)
{
	struct error missing = { .class = ERR_NONE };
	int parent_fd;
	const char *leaf;

	*basis = (struct basis){ .part_fd = -1, .tree_fd = -1 };
	if (inside_parent(incoming->tree, path, &parent_fd, &leaf, &missing) == 0) {
		basis->tree_fd = open_file(parent_fd, leaf, &basis->size_bytes);
	} else if (missing.class != ERR_NOT_FOUND && missing.class != ERR_REFUSED) {
		*err = missing;
		return -1;
	}
	return 0;
}

void basis_read_ahead(struct incoming *incoming, const char *path)
{
	uint64_t bytes;
	int parent_fd;
	const char *leaf;
	int fd;

	if (inside_parent(incoming->other, path, &parent_fd, &leaf, NULL) != 0)
		return;
	fd = open_file(parent_fd, leaf, &bytes);
	if (fd < 0)
		return;
	(void)posix_fadvise(fd, 0, READ_AHEAD, POSIX_FADV_WILLNEED);
	(void)close(fd);
}

int basis_open(struct incoming *incoming, const char *path, struct basis *basis, struct error *err)
{
	char name[BASIS_NAME_SIZE];
	char old[BASIS_NAME_SIZE];

	basis_part_name(path, name);
	if (basis_open_tree(incoming, path, basis, err) != 0)
		return -1;
	old_name(name, old);
	if (size_at(incoming->parts_fd, old) > size_at(incoming->parts_fd, name))
		basis->part_fd = open_file(incoming->parts_fd, old, &basis->part_bytes);
	else
		basis->part_fd = open_file(incoming->parts_fd, name, &basis->part_bytes);
	if (basis->part_bytes > basis->size_bytes)
		basis->size_bytes = basis->part_bytes;
	return 0;
}

void basis_close(struct basis *basis)
{
	if (basis->part_fd >= 0)
		(void)close(basis->part_fd);
	if (basis->tree_fd >= 0)
		(void)close(basis->tree_fd);
	basis->part_fd = basis->tree_fd = -1;
}

int64_t basis_read(const struct basis *basis, uint64_t at, void *out, size_t len_bytes, struct error *err)
{
	size_t used = 0;

	while (used < len_bytes && at + used < basis->size_bytes) {
		uint64_t here = at + used;
		bool in_part = here < basis->part_bytes;
		size_t want = len_bytes - used;
		ssize_t n;

		if (in_part && want > basis->part_bytes - here)
			want = (size_t)(basis->part_bytes - here);
		n = pread(in_part ? basis->part_fd : basis->tree_fd, (char *)out + used, want, (off_t)here);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "reading the old content");
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (int64_t)used;
}
