#include "lib/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* A file system that has no O_TMPFILE, or a machine that has no such folder, or none that we may write to: then /tmp. */
static bool is_unfit(int sys)
{
	return sys == EOPNOTSUPP || sys == EISDIR || sys == ENOENT || sys == EACCES || sys == EROFS;
}

FILE *scratch_file(struct error *err)
{
	const char *folder = secure_getenv("TMPDIR");
	FILE *file;
	int fd;

	if (folder == NULL || *folder != '/')
		folder = "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && is_unfit(errno)) {
		file = tmpfile();
	} else {
		file = fd >= 0 ? fdopen(fd, "w+") : NULL;
		if (file == NULL && fd >= 0)
			(void)close(fd);
	}
	if (file == NULL)
		(void)error_sys(err, errno, "making a temporary file in %s", folder);
	return file;
}
