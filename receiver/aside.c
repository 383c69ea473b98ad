#include "receiver/aside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/hex.h"

int aside_name(const char *prefix, char name[ASIDE_NAME_SIZE], struct error *err)
{
	uint8_t random[8];
	char digits[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_sys(err, errno, "getrandom");
	hex_text(random, sizeof(random), digits);
	(void)snprintf(name, ASIDE_NAME_SIZE, "%.15s%s", prefix, digits);
	return 0;
}

int aside_clear(int folder_fd, const char *prefix, struct error *err)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;
	int rc = 0;

	if (dir == NULL) {
		(void)error_sys(err, errno, "opening the folder of %s*", prefix);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((errno = 0, found = readdir(dir)) != NULL)
		if (strncmp(found->d_name, prefix, strlen(prefix)) == 0 && strcmp(found->d_name, ".") != 0 &&
		    strcmp(found->d_name, "..") != 0 && unlinkat(folder_fd, found->d_name, 0) != 0 && errno != ENOENT)
			rc = error_sys(err, errno, "removing %s", found->d_name);
	if (errno != 0)
		rc = error_sys(err, errno, "reading the folder of %s*", prefix);
	(void)closedir(dir);
	return rc;
}
