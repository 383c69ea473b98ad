#include "receiver/content_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int content_check_open(int fd, uint64_t size_bytes, struct breath *breath, struct content_check *check,
                       struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	uint8_t now[HASH_TAG_BYTES];

	*check = (struct content_check){ .state = CONTENT_UNHASHED };
	if (hash_tag_find(fd, check->sha256, &check->hashed, &fault) == 0 && !check->hashed)
		memset(check->sha256, 0, sizeof(check->sha256));
	if (fault.class != ERR_NONE || breath_sha256(breath, fd, size_bytes, now, &fault) != 0) {
		/* Of a socket that is gone it would be ERR_LINK. */
		if (fault.class == ERR_IO) {
			check->state = CONTENT_UNREADABLE;
			return 0;
		}
		if (err != NULL)
			*err = fault;
		return -1;
	}
	if (check->hashed)
		check->state = memcmp(now, check->sha256, sizeof(now)) == 0 ? CONTENT_GOOD : CONTENT_WRONG;
	return 0;
}

int content_check(int parent_fd, const char *name, uint64_t size_bytes, struct breath *breath,
                  struct content_check *check, struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		*check = (struct content_check){ .state = CONTENT_UNREADABLE };
		if (errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == ENXIO)
			check->state = CONTENT_GONE;
		else if (errno == EACCES || errno == EPERM)
			check->state = CONTENT_SHUT;
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			return error_sys(err, errno, "opening a file");
		return 0;
	}
	rc = content_check_open(fd, size_bytes, breath, check, err);
	(void)close(fd);
	return rc;
}
