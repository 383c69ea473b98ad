#include "lib/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int durable_sync(int fd, const char *what, struct error *err)
{
	/* An fsync that failed is not tried again: the kernel may have dropped what it could not write. */
	return fsync(fd) == 0 ? 0 : error_sys(err, errno, "syncing %s", what);
}

int durable_folder_of(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int fd;

	if (slash != NULL && (size_t)(slash - path) + 2 > sizeof(folder))
		return error_set(err, ERR_INPUT, "the folder of %s: the path is too long", path);
	(void)snprintf(folder, sizeof(folder), "%.*s/", slash != NULL ? (int)(slash - path) : 1,
	               slash != NULL ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : error_sys(err, errno, "opening the folder of %s", path);
}

static int write_all(int fd, const char *data, size_t len_bytes)
{
	while (len_bytes != 0) {
		ssize_t n = write(fd, data, len_bytes);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len_bytes -= (size_t)n;
		}
	}
	return 0;
}

int durable_write(int folder_fd, const char *name, mode_t mode, const void *data, size_t len_bytes, struct error *err)
{
	char beside[NAME_MAX + 1];
	int fd;
	int rc = -1;

	if (snprintf(beside, sizeof(beside), ".%s.new", name) >= (int)sizeof(beside))
		return error_set(err, ERR_INPUT, "the name %s is too long", name);
	fd = openat(folder_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return error_sys(err, errno, "creating %s", beside);
	if (mode == DURABLE_PRIVATE && fchmod(fd, mode) != 0) /* one that a killed process left may be anything */
		(void)error_sys(err, errno, "the rights of %s", beside);
	else if (write_all(fd, data, len_bytes) != 0)
		(void)error_sys(err, errno, "writing %s", beside);
	else
		rc = durable_sync(fd, beside, err);
	if (close(fd) != 0 && rc == 0)
		rc = error_sys(err, errno, "closing %s", beside);
	if (rc == 0 && renameat(folder_fd, beside, folder_fd, name) != 0)
		rc = error_sys(err, errno, "renaming %s to %s", beside, name);
	if (rc != 0) {
		(void)unlinkat(folder_fd, beside, 0);
		return -1;
	}
	return durable_sync(folder_fd, name, err);
}

int durable_read(int folder_fd, const char *name, size_t max_bytes, char **text, size_t *len_bytes, struct error *err)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *made = NULL;
	size_t used = 0;
	ssize_t n = 1;

	*text = NULL;
	if (fd < 0)
		return error_sys(err, errno, "opening %s", name);
	if (fstat(fd, &st) != 0) {
		(void)error_sys(err, errno, "looking at %s", name);
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > max_bytes) {
		(void)error_set(err, ERR_DAMAGED, "%s is no file of at most %zu bytes", name, max_bytes);
		goto fail;
	}
	made = malloc((size_t)st.st_size + 1);
	if (made == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	while (used < (size_t)st.st_size && n != 0) {
		n = read(fd, made + used, (size_t)st.st_size - used);
		if (n < 0 && errno != EINTR) {
			(void)error_sys(err, errno, "reading %s", name);
			goto fail;
		}
		used += n > 0 ? (size_t)n : 0;
	}
	made[used] = '\0';
	*text = made;
	*len_bytes = used;
	(void)close(fd);
	return 0;
fail:
	free(made);
	(void)close(fd);
	return -1;
}
