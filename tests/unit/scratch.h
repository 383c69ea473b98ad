/* scratch: a folder of a test's own, below $TMPDIR or else /tmp, and all that lies in it taken away again. */
#ifndef AOB_TESTS_SCRATCH_H
#define AOB_TESTS_SCRATCH_H

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* scratch_make: out: folder, of size bytes: a caller that wants a short path (of a socket) has little room, and gets one below /tmp if that of $TMPDIR does not fit.
 * name: of what is tested; more is put behind it. 0, -1. */
static inline int scratch_make(char *folder, size_t size, const char *name)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
	const char *base = getenv("TMPDIR");
	int n = snprintf(folder, size, "%s/aob-%s.XXXXXX", base != NULL ? base : "/tmp", name);

	if (n < 0 || (size_t)n >= size)
		n = snprintf(folder, size, "/tmp/aob-%s.XXXXXX", name);
	return n > 0 && (size_t)n < size && mkdtemp(folder) != NULL ? 0 : -1;
}

/* scratch_remove: 0, or what rm(1) ended with. */
static inline int scratch_remove(const char *folder)
{
	char command[PATH_MAX + 16];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
	return system(command);
}

/* scratch_write: a byte at the beginning of a file in it, which is made if it is not there. scratch_below: a folder in it. 0, -1. */
static inline int scratch_write(const char *folder, const char *name)
{
	char path[2 * PATH_MAX];
	int fd;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	rc = fd >= 0 && write(fd, "x", 1) == 1 ? 0 : -1;
	return fd >= 0 && close(fd) == 0 ? rc : -1;
}

static inline int scratch_below(const char *folder, const char *name)
{
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return mkdir(path, 0700);
}

#endif
