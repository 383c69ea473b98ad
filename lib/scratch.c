#include "lib/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

FILE *scratch_file(struct error *err)
{
	const char *folder = secure_getenv("TMPDIR");
	FILE *file;
	int fd;

	if (folder == NULL || *folder != '/')
		folder = "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		file = tmpfile(); /* a file system that has no O_TMPFILE */
	} else {
		file = fd >= 0 ? fdopen(fd, "w+") : NULL;
		if (file == NULL && fd >= 0)
			(void)close(fd);
	}
	if (file == NULL)
		(void)error_sys(err, errno, "making a temporary file in %s", folder);
	return file;
}
