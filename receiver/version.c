#include "receiver/version.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool version_untouched(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino &&
	       (a->st_dev == b->st_dev || (a->st_size == b->st_size && same_time(&a->st_ctim, &b->st_ctim) &&
	                                   same_time(&a->st_mtim, &b->st_mtim)));
}

void version_read_hash(struct version *version, int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	version->hashed = fd >= 0 && hash_tag_get(fd, version->sha256);
	if (fd >= 0)
		(void)close(fd);
}

bool version_same_content(const struct version *a, const struct version *b)
{
	if (a->st.st_size != b->st.st_size)
		return false;
	return a->hashed && b->hashed ? memcmp(a->sha256, b->sha256, HASH_TAG_BYTES) == 0
	                              : same_time(&a->st.st_mtim, &b->st.st_mtim);
}
