#include "lib/presence.h"

#include <errno.h>
#include <sys/stat.h>

int presence_check(int fd, int at_fd, const char *path, const char *what, enum error_class class, struct error *err)
{
	struct stat held;
	struct stat now;

	if (fstat(fd, &held) != 0)
		return error_sys(err, errno, "looking at the %s %s", what, path);
	if (fstatat(at_fd, path, &now, 0) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_sys(err, errno, "looking for the %s %s", what, path);
	} else if (now.st_dev == held.st_dev && now.st_ino == held.st_ino) {
		return 0;
	}
	return error_set(err, class, "the %s %s was removed while it was read", what, path);
}
