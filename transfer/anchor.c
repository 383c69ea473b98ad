#include "transfer/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/local_snapshot.h"
#include "lib/sha256.h"

#define PATTERNS_MOST 10000u

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void digest(const char *below, const char **sorted, size_t n, char view[ANCHOR_VIEW_SIZE])
{
	uint8_t sha256[SHA256_BYTES];
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, below, strlen(below) + 1);
	for (size_t i = 0; i < n; i++)
		sha256_update(&sha, sorted[i], strlen(sorted[i]) + 1);
	sha256_so_far(&sha, sha256);
	hex_text(sha256, ANCHOR_VIEW_SIZE / 2, view);
}

int anchor_view(const char *below, const char *const *excludes, char view[ANCHOR_VIEW_SIZE], struct error *err)
{
	const char **sorted;
	size_t n = 0;

	while (excludes != NULL && excludes[n] != NULL)
		n++;
	if (n > PATTERNS_MOST)
		return error_set(err, ERR_CONFIG, "exclude: more than %u patterns", PATTERNS_MOST);
	sorted = calloc(n + 1, sizeof(*sorted));
	if (sorted == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		sorted[i] = excludes[i];
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), by_text);
	digest(below, sorted, n, view);
	free(sorted);
	return 0;
}

const char *anchor_below(const char *snapshot, const char *path)
{
	size_t n = strlen(snapshot);

	while (n > 1 && snapshot[n - 1] == '/')
		n--;
	if (strncmp(path, snapshot, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	path += n;
	while (*path == '/')
		path++;
	return path;
}

/* The path of the snapshot with that UUID in the folder. */
static int find(const char *folder, const char *uuid, char path[4096], bool *found, struct error *err)
{
	struct local_snapshot *list;
	size_t n;

	*found = false;
	if (local_snapshot_list(folder, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && !*found; i++) {
		*found = strcmp(list[i].uuid, uuid) == 0 && strlen(list[i].path) < 4096;
		if (*found)
			(void)snprintf(path, 4096, "%s", list[i].path);
	}
	local_snapshot_list_free(list, n);
	return 0;
}

static int open_folder(struct anchor *anchor, const char **why, struct error *err)
{
	anchor->subvolume_fd = open(anchor->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (anchor->subvolume_fd < 0)
		return error_sys(err, errno, "opening the anchor %s", anchor->path);
	anchor->folder_fd = openat(anchor->subvolume_fd, *anchor->below != '\0' ? anchor->below : ".",
	                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (anchor->folder_fd < 0) {
		*why = "the source folder was not there then";
		return errno == ENOENT || errno == ENOTDIR
		               ? 1
		               : error_sys(err, errno, "opening the source folder in %s", anchor->path);
	}
	return inside_new(anchor->folder_fd, &anchor->folder, err);
}

int anchor_open(const char *snapshot, const char *below, const char *uuid, struct anchor *anchor, const char **why,
                struct error *err)
{
	const char *slash = strrchr(snapshot, '/');
	char folder[4096];
	bool found;

	*anchor = (struct anchor){ .subvolume_fd = -1, .folder_fd = -1, .below = below };
	*why = "the vault does not know which snapshot its last generation was made from";
	if (*uuid == '\0')
		return 1;
	*why = "the snapshot lies in no folder of snapshots";
	if (slash == NULL || slash == snapshot || (size_t)(slash - snapshot) >= sizeof(folder))
		return 1;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - snapshot), snapshot);
	if (find(folder, uuid, anchor->path, &found, err) != 0)
		return -1;
	*why = "the snapshot that the vault's last generation was made from is not here any more";
	return found ? open_folder(anchor, why, err) : 1;
}

void anchor_close(struct anchor *anchor)
{
	inside_destroy(&anchor->folder);
	if (anchor->folder_fd >= 0)
		(void)close(anchor->folder_fd);
	if (anchor->subvolume_fd >= 0)
		(void)close(anchor->subvolume_fd);
	*anchor = (struct anchor){ .subvolume_fd = -1, .folder_fd = -1 };
}
