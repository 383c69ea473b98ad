#include "cli/seed_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/room.h"
#include "lib/seed_folder.h"

#define PROBE "user.aob.probe"

/* Is path the folder, or below it? */
static bool is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0' || n == 1);
}

static int check_sources(const struct config *config, const char *real, struct error *err)
{
	for (size_t i = 0; i < config->n_pipelines; i++) {
		char source[PATH_MAX];

		if (realpath(config->pipelines[i].source, source) == NULL)
			continue; /* a disk that is away */
		if (is_in(real, source) || is_in(source, real))
			return error_set(
			        err, ERR_CONFIG,
			        "%s and %s, the source of %s, lie in one another; a seed goes on a disk of its own",
			        real, source, config->pipelines[i].name);
	}
	return 0;
}

static int check_mount(const struct config_pipeline *pipeline, const char *real, struct error *err)
{
	char above[PATH_MAX + 4];
	struct stat here;
	struct stat there;
	struct room disk;
	struct room source;

	(void)snprintf(above, sizeof(above), "%s/..", real);
	if (stat(real, &here) != 0 || stat(above, &there) != 0)
		return error_sys(err, errno, "stat of %s", real);
	if (here.st_dev == there.st_dev)
		return error_set(err, ERR_CONFIG,
		                 "nothing is mounted at %s: is the disk connected? To write the seed into that folder "
		                 "all the same: --force",
		                 real);
	if (room_read(pipeline->source, &source, NULL) == 0 && room_read(real, &disk, NULL) == 0 &&
	    room_same(&source, &disk))
		return error_set(
		        err, ERR_CONFIG,
		        "%s lies on the same disk as the source; to write the seed there all the same: --force", real);
	return 0;
}

/* The receiver tries out hard links by itself; hashes and owners need attributes. */
static int check_attributes(const char *root, struct error *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening %s", root);
	if (fsetxattr(fd, PROBE, "", 0, 0) != 0)
		rc = errno == ENOTSUP || errno == EPERM
		             ? error_set(
		                       err, ERR_CONFIG,
		                       "the file system at %s keeps no extended attributes, and so neither hashes nor "
		                       "rights: format the disk as ext4, XFS or btrfs",
		                       root)
		             : error_sys(err, errno, "setting an attribute of %s", root);
	else
		(void)fremovexattr(fd, PROBE);
	(void)close(fd);
	return rc;
}

int seed_place_make(const struct config *config, const struct config_pipeline *pipeline, const char *dir, bool force,
                    char root[SEED_PLACE_SIZE], struct error *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (realpath(dir, real) == NULL)
		return error_sys(err, errno, "%s", dir);
	if (stat(real, &st) != 0 || !S_ISDIR(st.st_mode))
		return error_set(err, ERR_CONFIG, "%s is no folder", dir);
	if (check_sources(config, real, err) != 0 || (!force && check_mount(pipeline, real, err) != 0))
		return -1;
	(void)snprintf(root, SEED_PLACE_SIZE, "%s/" SEED_FOLDER, strcmp(real, "/") == 0 ? "" : real);
	if (mkdir(root, 0755) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", root);
	return check_attributes(root, err);
}
