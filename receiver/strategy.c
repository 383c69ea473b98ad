#include "receiver/strategy.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRIAL "trial"
#define TRIAL_OTHER "trial.other"
#define TRIAL_BYTES 4096
#define TRIAL_XATTR "user.aob.trial"
#define SUBVOLUME_INODE 256 /* BTRFS_FIRST_FREE_OBJECTID, linux/btrfs_tree.h */

static const char *const names[] = { "auto", "snapshot", "reflink", "hardlink" };

const char *strategy_name(enum strategy strategy)
{
	return names[strategy];
}

int strategy_named(const char *name, enum strategy *strategy, struct error *err)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*strategy = (enum strategy)i;
			return 0;
		}
	return error_set(err, ERR_CONFIG, "strategy: %.100s: it is one of auto, snapshot, reflink, hardlink", name);
}

/* f_type is signed, and of 32 bits on some machines; the numbers in linux/magic.h are not signed. */
static bool is_btrfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == BTRFS_SUPER_MAGIC;
}

bool strategy_is_subvolume(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == SUBVOLUME_INODE && is_btrfs(fd);
}

/* Both ways: a subvolume that could be made, and not removed, would be of no use. */
static bool snapshot_works(int fd)
{
	if (!is_btrfs(fd))
		return false;
	(void)btrfs_util_delete_subvolume_fd(fd, TRIAL, 0);
	(void)unlinkat(fd, TRIAL, AT_REMOVEDIR);
	if (btrfs_util_create_subvolume_fd(fd, TRIAL, 0, NULL, NULL) != BTRFS_UTIL_OK)
		return false;
	return btrfs_util_delete_subvolume_fd(fd, TRIAL, 0) == BTRFS_UTIL_OK || unlinkat(fd, TRIAL, AT_REMOVEDIR) == 0;
}

static int make_file(int folder_fd, const char *name)
{
	return openat(folder_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool reflink_works(int folder_fd)
{
	static const char block[TRIAL_BYTES] = { 1 };
	int from = make_file(folder_fd, TRIAL);
	int to = make_file(folder_fd, TRIAL_OTHER);
	bool works = from >= 0 && to >= 0 && write(from, block, sizeof(block)) == (ssize_t)sizeof(block) &&
	             ioctl(to, FICLONE, from) == 0;

	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
	(void)unlinkat(folder_fd, TRIAL, 0);
	(void)unlinkat(folder_fd, TRIAL_OTHER, 0);
	return works;
}

static bool hardlink_works(int folder_fd)
{
	int from = make_file(folder_fd, TRIAL);
	bool works;

	(void)unlinkat(folder_fd, TRIAL_OTHER, 0);
	works = from >= 0 && linkat(folder_fd, TRIAL, folder_fd, TRIAL_OTHER, 0) == 0;
	if (from >= 0)
		(void)close(from);
	(void)unlinkat(folder_fd, TRIAL, 0);
	(void)unlinkat(folder_fd, TRIAL_OTHER, 0);
	return works;
}

/* In them lie each file's hash, what a source's files bear themselves, and the owners that a receiver without root may not set. */
static bool xattrs_work(int folder_fd)
{
	int fd = make_file(folder_fd, TRIAL);
	bool work = fd >= 0 && (fsetxattr(fd, TRIAL_XATTR, "1", 1, 0) == 0 || errno != ENOTSUP);

	if (fd >= 0)
		(void)close(fd);
	(void)unlinkat(folder_fd, TRIAL, 0);
	return work;
}

bool strategy_works(int folder_fd, enum strategy strategy)
{
	switch (strategy) {
	case STRATEGY_SNAPSHOT:
		return snapshot_works(folder_fd);
	case STRATEGY_REFLINK:
		return reflink_works(folder_fd) && hardlink_works(folder_fd);
	case STRATEGY_HARDLINK:
		return hardlink_works(folder_fd);
	case STRATEGY_AUTO:
		break;
	}
	return true;
}

static const char *file_system(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return "this file system";
	switch ((uint32_t)fs.f_type) {
	case MSDOS_SUPER_MAGIC:
		return "FAT";
	case EXFAT_SUPER_MAGIC:
		return "exFAT";
	case FUSE_SUPER_MAGIC:
		return "this FUSE file system";
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
		return "this SMB share";
	default:
		return "this file system";
	}
}

static int refuse(int folder_fd, enum strategy wanted, struct error *err)
{
	if (wanted != STRATEGY_AUTO && hardlink_works(folder_fd))
		return error_set(err, ERR_CONFIG, "the strategy `%s` does not work on %s; leave it to `auto`",
		                 strategy_name(wanted), file_system(folder_fd));
	return error_set(
	        err, ERR_CONFIG,
	        "%s has no hard links, so every generation would take the room of a whole copy; use a disk with "
	        "btrfs, XFS or ext4 for the vault",
	        file_system(folder_fd));
}

static int keeps_xattrs(int folder_fd, bool used, struct error *err)
{
	if (used || xattrs_work(folder_fd))
		return 0;
	return error_set(err, ERR_CONFIG,
	                 "%s keeps no extended attributes (user.*), so neither the source's nor the files' "
	                 "hashes would be "
	                 "in the vault; use a disk with btrfs, XFS or ext4, or mount it so that it keeps them",
	                 file_system(folder_fd));
}

int strategy_choose(int folder_fd, enum strategy wanted, enum strategy recorded, bool used, enum strategy *chosen,
                    struct error *err)
{
	*chosen = wanted != STRATEGY_AUTO ? wanted : recorded;
	if (*chosen != STRATEGY_AUTO && *chosen == recorded)
		return 0; /* it was tried then */
	if (*chosen != STRATEGY_AUTO)
		return strategy_works(folder_fd, *chosen) ? keeps_xattrs(folder_fd, used, err)
		                                          : refuse(folder_fd, *chosen, err);
	*chosen = used ? STRATEGY_REFLINK : STRATEGY_SNAPSHOT;
	while (*chosen <= STRATEGY_HARDLINK && !strategy_works(folder_fd, *chosen))
		++*chosen;
	return *chosen <= STRATEGY_HARDLINK ? keeps_xattrs(folder_fd, used, err)
	                                    : refuse(folder_fd, STRATEGY_AUTO, err);
}
