#include "monitor/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1100 /* the configuration takes at most 1024 bytes */

static int write_all(int fd, const char *text, size_t len_bytes)
{
	while (len_bytes > 0) {
		ssize_t n = write(fd, text, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

int textfile_write(const char *path, const char *text, size_t len_bytes, struct error *err)
{
	char beside[PATH_SIZE];
	int fd;
	int rc;

	(void)snprintf(beside, sizeof(beside), "%s.new", path); /* the collector reads *.prom alone */
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys(err, errno, "opening %s", beside);
	rc = write_all(fd, text, len_bytes) == 0 && fchmod(fd, 0644) == 0 ? 0
	                                                                  : error_sys(err, errno, "writing %s", beside);
	(void)close(fd);
	if (rc == 0 && rename(beside, path) != 0)
		rc = error_sys(err, errno, "renaming to %s", path);
	if (rc != 0)
		(void)unlink(beside);
	return rc;
}
