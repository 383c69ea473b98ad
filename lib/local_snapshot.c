#include "lib/local_snapshot.h"

#include <btrfsutil.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOTS_MOST 10000
#define ROOT_INODE 256

int local_snapshot_make(const char *subvolume, const char *path, struct error *err)
{
	enum btrfs_util_error rc =
	        btrfs_util_create_snapshot(subvolume, path, BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY, NULL, NULL);

	if (rc != BTRFS_UTIL_OK)
		return error_sys(err, errno, "making the snapshot %s of %s", path, subvolume);
	return 0;
}

/* 1: a read-only snapshot, described in *subvolume; 0: something else, or nothing; -1. */
static int look_at(const char *path, struct subvolume *subvolume, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		               ? 0
		               : error_sys(err, errno, "opening %s", path);
	if (fstat(fd, &st) != 0)
		rc = error_sys(err, errno, "stat of %s", path);
	else if (st.st_ino != ROOT_INODE)
		rc = 0;
	else if (subvolume_read(fd, subvolume, err) != 0)
		rc = -1;
	else
		rc = subvolume->read_only && subvolume->parent_uuid[0] != '\0';
	(void)close(fd);
	return rc;
}

int local_snapshot_remove(const char *path, struct error *err)
{
	struct subvolume subvolume;
	struct stat st;
	int rc;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "stat of %s", path);
	rc = look_at(path, &subvolume, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return error_set(err, ERR_REFUSED, "%s is no read-only snapshot; it is left alone", path);
	if (btrfs_util_delete_subvolume(path, 0) != BTRFS_UTIL_OK && errno != ENOENT)
		return error_sys(err, errno, "removing the snapshot %s", path);
	return 0;
}

static int add(struct local_snapshot **list, size_t *n, size_t *room, const char *folder, const char *name,
               struct error *err)
{
	struct subvolume subvolume;
	struct local_snapshot *at;
	char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = look_at(path, &subvolume, err);
	if (rc <= 0) {
		free(path);
		return rc;
	}
	if (*n == *room) {
		size_t more = *room != 0 ? 2 * *room : 16;
		struct local_snapshot *grown = *n < SNAPSHOTS_MOST ? realloc(*list, more * sizeof(*grown)) : NULL;

		if (grown == NULL) {
			free(path);
			return error_set(err, ERR_SYSTEM, "too many snapshots in %s", folder);
		}
		*list = grown;
		*room = more;
	}
	at = &(*list)[(*n)++];
	*at = (struct local_snapshot){
		.path = path, .name = strrchr(path, '/') + 1, .id = subvolume.id, .ctransid = subvolume.ctransid
	};
	memcpy(at->uuid, subvolume.uuid, sizeof(at->uuid));
	memcpy(at->parent_uuid, subvolume.parent_uuid, sizeof(at->parent_uuid));
	return 0;
}

int local_snapshot_list(const char *folder, struct local_snapshot **list, size_t *n, struct error *err)
{
	DIR *dir = opendir(folder);
	struct dirent *found;
	size_t room = 0;
	int rc = 0;

	*list = NULL;
	*n = 0;
	if (dir == NULL)
		return errno == ENOENT ? 0 : error_sys(err, errno, "opening %s", folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL)
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
			rc = add(list, n, &room, folder, found->d_name, err);
	(void)closedir(dir);
	if (rc != 0) {
		local_snapshot_list_free(*list, *n);
		*list = NULL;
		*n = 0;
	}
	return rc;
}

void local_snapshot_list_free(struct local_snapshot *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].path);
	free(list);
}
