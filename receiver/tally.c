#include "receiver/tally.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/tree_walk.h"
#include "receiver/brake.h"

void tally_gone(struct tally *tally, const struct stat *old)
{
	if (!S_ISREG(old->st_mode))
		return;
	tally->files--;
	tally->bytes -= (int64_t)old->st_size;
	tally->lost_files++;
	tally->lost_bytes += (uint64_t)old->st_size;
}

static void rewritten(struct tally *tally, uint64_t old_bytes, uint64_t kept_bytes)
{
	if (kept_bytes >= old_bytes)
		return;
	tally->lost_bytes += old_bytes - kept_bytes;
	tally->lost_files += brake_file_lost(old_bytes, kept_bytes);
}

void tally_put(struct tally *tally, const struct stat *old, const struct stat *now, uint64_t kept_bytes)
{
	bool was_file = old != NULL && S_ISREG(old->st_mode);

	/* Another name of the same file was renamed over it: rename(2) leaves both. */
	if (old != NULL && old->st_dev == now->st_dev && old->st_ino == now->st_ino)
		return;
	if (was_file && !S_ISREG(now->st_mode)) {
		tally_gone(tally, old);
		return;
	}
	if (!S_ISREG(now->st_mode))
		return;
	tally->files += !was_file;
	tally->bytes += (int64_t)now->st_size - (was_file ? (int64_t)old->st_size : 0);
	if (was_file)
		rewritten(tally, (uint64_t)old->st_size, kept_bytes);
}

static int count(int fd, struct tally *inside)
{
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(fd, true, NULL, &walk, NULL) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, NULL)) == 1) {
		struct stat st;

		if (entry->type != ENTRY_FILE)
			continue;
		if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			rc = -1;
			break;
		}
		tally_gone(inside, &st);
	}
	tree_walk_destroy(&walk);
	return rc;
}

void tally_folder(int parent_fd, const char *name, struct tally *inside)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	*inside = (struct tally){ .unsure = fd < 0 };
	if (fd < 0)
		return;
	inside->unsure = count(fd, inside) != 0;
	(void)close(fd);
}

void tally_take(struct tally *tally, const struct tally *more)
{
	tally->files += more->files;
	tally->bytes += more->bytes;
	tally->lost_files += more->lost_files;
	tally->lost_bytes += more->lost_bytes;
	tally->unsure = tally->unsure || more->unsure;
}
