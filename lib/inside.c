#include "lib/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_BYTES_MAX 255
#define PATH_BYTES_MAX 65535

/* The folder of the last path stays open: most calls are for its neighbours. One descriptor, however deep the tree. */
struct inside {
	int root_fd;
	int kept_fd; /* -1: none */
	char *kept;  /* path of the kept folder */
	size_t room_bytes;
};

int inside_new(int root_fd, struct inside **inside, struct error *err)
{
	struct inside *made = calloc(1, sizeof(*made));

	*inside = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->root_fd = root_fd;
	made->kept_fd = -1;
	*inside = made;
	return 0;
}

void inside_forget(struct inside *inside)
{
	if (inside->kept_fd >= 0)
		(void)close(inside->kept_fd);
	inside->kept_fd = -1;
}

void inside_destroy(struct inside **inside)
{
	if (*inside == NULL)
		return;
	inside_forget(*inside);
	free((*inside)->kept);
	free(*inside);
	*inside = NULL;
}

int inside_valid(const char *path, struct error *err)
{
	const char *at = path;

	if (*path == '\0')
		return 0;
	if (strlen(path) > PATH_BYTES_MAX)
		return error_set(err, ERR_INPUT, "a path of %zu bytes is too long", strlen(path));
	for (;;) {
		size_t n = strcspn(at, "/");

		if (n == 0 || n > NAME_BYTES_MAX || (n == 1 && at[0] == '.') ||
		    (n == 2 && at[0] == '.' && at[1] == '.'))
			return error_set(err, ERR_INPUT, "\"%.200s\" is not a path beneath a folder", path);
		at += n;
		if (*at == '\0')
			return 0;
		at++;
	}
}

const char *inside_trim(const char *path, size_t *len_bytes)
{
	size_t n;

	while (path[0] == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '\0')))
		path++;
	n = strlen(path);
	while (n > 0 && path[n - 1] == '/')
		n--;
	*len_bytes = n;
	return path;
}

static int open_folder(int parent_fd, const char *name, const char *path, struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	/* Linux answers ENOTDIR for a symlink when O_DIRECTORY stands beside O_NOFOLLOW, POSIX ELOOP. */
	if (errno == ELOOP || errno == ENOTDIR)
		return error_set(err, ERR_REFUSED, "\"%s\" in \"%.200s\" is not a folder, or a symlink", name, path);
	return error_sys(err, errno, "opening \"%s\" in \"%.200s\"", name, path);
}

/* All names of rest up to the last but one at a stroke, where the kernel has openat2(2). -1: what is wrong, and with which name, is told by going name by name,
 * which is as safe: a path that is too long for one call, a kernel or a container that does not have it, a symlink. */
static int plunge(int fd, const char *rest, const char *leaf)
{
	static atomic_bool hidden;
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	char path[PATH_MAX];
	size_t n = (size_t)(leaf - rest);
	int got;

	if (n >= sizeof(path) || atomic_load_explicit(&hidden, memory_order_relaxed))
		return -1;
	memcpy(path, rest, n);
	path[n] = '\0';
	got = (int)syscall(SYS_openat2, fd, path, &how, sizeof(how));
	if (got < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
		atomic_store_explicit(&hidden, true, memory_order_relaxed);
	return got;
}

/* From `fd` (not closed if it is the root) down the names of rest, up to the last but one. */
static int descend(struct inside *inside, int fd, const char *rest, const char *leaf, const char *path,
                   struct error *err)
{
	int at_once = plunge(fd, rest, leaf);

	if (at_once >= 0) {
		if (fd != inside->root_fd)
			(void)close(fd);
		return at_once;
	}
	while (rest < leaf) {
		char name[NAME_BYTES_MAX + 1];
		size_t n = strcspn(rest, "/");
		int next;

		memcpy(name, rest, n);
		name[n] = '\0';
		next = open_folder(fd, name, path, err);
		if (fd != inside->root_fd)
			(void)close(fd);
		if (next < 0)
			return -1;
		fd = next;
		rest += n + 1;
	}
	return fd;
}

static int keep(struct inside *inside, int fd, const char *path, size_t len_bytes, struct error *err)
{
	if (len_bytes + 1 > inside->room_bytes) {
		char *grown = realloc(inside->kept, len_bytes + 1);

		if (grown == NULL) {
			(void)close(fd);
			return error_set(err, ERR_SYSTEM, "out of memory");
		}
		inside->kept = grown;
		inside->room_bytes = len_bytes + 1;
	}
	memcpy(inside->kept, path, len_bytes);
	inside->kept[len_bytes] = '\0';
	inside->kept_fd = fd;
	return 0;
}

int inside_parent(struct inside *inside, const char *path, int *parent_fd, const char **leaf, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *from = path;
	size_t len_bytes;
	int fd = inside->root_fd;

	if (inside_valid(path, err) != 0)
		return -1;
	if (slash == NULL) {
		*parent_fd = inside->root_fd;
		*leaf = *path != '\0' ? path : ".";
		return 0;
	}
	len_bytes = (size_t)(slash - path);
	*leaf = slash + 1;
	if (inside->kept_fd >= 0) {
		size_t kept = strlen(inside->kept);

		if (kept == len_bytes && memcmp(inside->kept, path, kept) == 0) {
			*parent_fd = inside->kept_fd;
			return 0;
		}
		if (kept < len_bytes && memcmp(inside->kept, path, kept) == 0 && path[kept] == '/') {
			fd = inside->kept_fd;
			from = path + kept + 1;
			inside->kept_fd = -1;
		}
	}
	inside_forget(inside);
	fd = descend(inside, fd, from, *leaf, path, err);
	if (fd < 0 || keep(inside, fd, path, len_bytes, err) != 0)
		return -1;
	*parent_fd = fd;
	return 0;
}
