#include "receiver/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/presence.h"
#include "lib/generation_name.h"
#include "receiver/record.h"

int reading_current(const struct vault *vault, char name[32], struct error *err)
{
	char(*names)[32];
	size_t n;

	if (vault_current(vault, name, err) != 0)
		return -1;
	if (name[0] != '\0')
		return 0;
	if (record_names(vault, &names, &n, err) != 0)
		return -1;
	while (n > 0 && name[0] == '\0') {
		struct record record;

		if (record_read(vault, names[--n], &record, NULL) == 0 && !record.gone)
			(void)snprintf(name, 32, "%s", names[n]);
	}
	free(names);
	return 0;
}

int reading_choose(const struct vault *vault, char generation[32], struct error *err)
{
	if (generation[0] == '\0' && reading_current(vault, generation, err) != 0)
		return -1;
	if (generation[0] == '\0')
		return error_set(err, ERR_NOT_FOUND, "pipeline %s has no generation yet", vault->pipeline);
	if (!generation_name_valid(generation))
		return error_set(err, ERR_INPUT, "\"%s\" is not the name of a generation, as `aob list` shows them",
		                 generation);
	return 0;
}

int reading_open(const struct vault *vault, const char *generation, int *fd, struct error *err)
{
	*fd = openat(vault->generations_fd, generation, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? error_set(err, ERR_NOT_FOUND,
		                                   "there is no generation %s; `aob list %s --vault` shows those that "
		                                   "are",
		                                   generation, vault->pipeline)
		                       : error_sys(err, errno, "opening generation %s", generation);
	if (flock(*fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		(void)error_set(err, ERR_LOCKED, "generation %s is just being removed", generation);
	else
		(void)error_sys(err, errno, "locking generation %s", generation);
	(void)close(*fd);
	*fd = -1;
	return -1;
}

int reading_check(const struct vault *vault, const char *generation, int fd, struct error *err)
{
	return presence_check(fd, vault->generations_fd, generation, "folder", ERR_NOT_FOUND, err);
}

int reading_check_files(const struct vault *vault, const char *generation, int fd, uint64_t files, struct error *err)
{
	struct record record;

	if (reading_check(vault, generation, fd, err) != 0)
		return -1;
	if (record_read(vault, generation, &record, NULL) != 0 || record.files == files)
		return 0;
	return error_set(
	        err, ERR_DAMAGED,
	        "it has %llu files, and had %llu when it was published: somebody has changed it by hand, or "
	        "its disk is damaged; another generation may be whole, and `aob restore --path` brings parts of "
	        "this one",
	        (unsigned long long)files, (unsigned long long)record.files);
}
