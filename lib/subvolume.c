#include "lib/subvolume.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOT_READ_ONLY 1u /* BTRFS_ROOT_SUBVOL_RDONLY: this ioctl gives the root item's own flags */
#define ROOT_INODE 256    /* BTRFS_FIRST_FREE_OBJECTID: the inode number of every subvolume's root folder */

static void uuid_text(const uint8_t u[16], char text[SUBVOLUME_UUID_SIZE])
{
	static const uint8_t none[16] = { 0 };

	if (memcmp(u, none, sizeof(none)) == 0) {
		text[0] = '\0';
		return;
	}
	(void)snprintf(text, SUBVOLUME_UUID_SIZE,
	               "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
	               u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

int subvolume_read(int fd, struct subvolume *subvolume, struct error *err)
{
	struct btrfs_ioctl_get_subvol_info_args args;
	struct statfs fs;

	memset(&args, 0, sizeof(args));
	if (fstatfs(fd, &fs) != 0)
		return error_sys(err, errno, "statfs");
	if ((uint32_t)fs.f_type != BTRFS_SUPER_MAGIC)
		return error_set(err, ERR_CONFIG, "it does not lie on btrfs");
	/* Answers 1 on success on some kernels: only a negative value is an error. */
	if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, &args) < 0)
		return error_sys(err, errno, "asking btrfs about the subvolume");
	*subvolume = (struct subvolume){ .id = args.treeid,
		                         .ctransid = args.ctransid,
		                         .made_s = (int64_t)args.otime.sec,
		                         .ctime_s = (int64_t)args.ctime.sec,
		                         .ctime_ns = args.ctime.nsec,
		                         .read_only = (args.flags & ROOT_READ_ONLY) != 0 };
	uuid_text(args.uuid, subvolume->uuid);
	uuid_text(args.parent_uuid, subvolume->parent_uuid);
	return 0;
}

static bool uuid_bytes(const char *text, uint8_t u[16])
{
	size_t n = 0;

	for (const char *at = text; *at != '\0' && n < 16; at += 2) {
		char byte[3];

		at += *at == '-';
		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
			return false;
		byte[0] = at[0];
		byte[1] = at[1];
		byte[2] = '\0';
		u[n++] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n == 16;
}

bool subvolume_is_known(int fd, const char *uuid)
{
	struct btrfs_ioctl_search_args args;
	uint8_t u[16];
	uint64_t key[2];

	if (!uuid_bytes(uuid, u))
		return false;
	memcpy(key, u, sizeof(key));
	memset(&args, 0, sizeof(args));
	args.key = (struct btrfs_ioctl_search_key){ .tree_id = BTRFS_UUID_TREE_OBJECTID,
		                                    .min_objectid = le64toh(key[0]),
		                                    .max_objectid = le64toh(key[0]),
		                                    .min_type = BTRFS_UUID_KEY_SUBVOL,
		                                    .max_type = BTRFS_UUID_KEY_SUBVOL,
		                                    .min_offset = le64toh(key[1]),
		                                    .max_offset = le64toh(key[1]),
		                                    .max_transid = UINT64_MAX,
		                                    .nr_items = 1 };
	return ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) >= 0 && args.key.nr_items > 0;
}

int subvolume_root(const char *path, char root[PATH_MAX], struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (realpath(path, root) == NULL)
		return error_sys(err, errno, "%s", path);
	if (statfs(root, &fs) != 0)
		return error_sys(err, errno, "statfs of %s", root);
	if ((uint32_t)fs.f_type != BTRFS_SUPER_MAGIC)
		return error_set(err, ERR_CONFIG, "%s does not lie on btrfs", path);
	for (;;) {
		char *slash;

		if (stat(root, &st) != 0)
			return error_sys(err, errno, "stat of %s", root);
		if (st.st_ino == ROOT_INODE && S_ISDIR(st.st_mode))
			return 0;
		slash = strrchr(root, '/');
		if (slash == NULL || strcmp(root, "/") == 0)
			return error_set(err, ERR_CONFIG, "%s: no subvolume is found above it", path);
		slash[slash == root ? 1 : 0] = '\0';
	}
}

/* Without its last name; "/" stays. */
static void cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		slash[slash == path ? 1 : 0] = '\0';
}

static int file_system_id(const char *path, uint8_t id[BTRFS_FSID_SIZE], struct error *err)
{
	struct btrfs_ioctl_fs_info_args args;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	memset(&args, 0, sizeof(args));
	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	rc = ioctl(fd, BTRFS_IOC_FS_INFO, &args);
	if (rc < 0 && errno == ENOTTY)
		rc = 0; /* not btrfs: zeros, like no other */
	else if (rc < 0)
		(void)error_sys(err, errno, "asking the file system of %s", path);
	(void)close(fd);
	memcpy(id, args.fsid, BTRFS_FSID_SIZE);
	return rc < 0 ? -1 : 0;
}

/* statfs's f_fsid won't do: btrfs mixes the subvolume's number into it. */
static int same_file_system(const char *root, const char *above, const char *source, struct error *err)
{
	uint8_t a[BTRFS_FSID_SIZE];
	uint8_t b[BTRFS_FSID_SIZE];

	if (file_system_id(root, a, err) != 0 || file_system_id(above, b, err) != 0)
		return -1;
	if (memcmp(a, b, sizeof(a)) == 0)
		return 0;
	return error_set(
	        err, ERR_CONFIG,
	        "%s: its subvolume %s has no place for snapshots beside it on the same file system; make the source "
	        "a subvolume of its own (btrfs subvolume create), or name a folder by `dir:` of the snapshot stage",
	        source, root);
}

int subvolume_snapshots(const char *source, const char *wanted, char folder[PATH_MAX], struct error *err)
{
	char root[PATH_MAX];
	char above[PATH_MAX];
	char holder[PATH_MAX];

	if (subvolume_root(source, root, err) != 0)
		return -1;
	if (wanted == NULL) {
		(void)snprintf(above, sizeof(above), "%s", root);
		cut_last(above);
		if (snprintf(folder, PATH_MAX, "%s/.aob-snapshots", strcmp(above, "/") == 0 ? "" : above) >= PATH_MAX)
			return error_set(err, ERR_CONFIG, "the path of the snapshots' folder is too long");
	} else {
		if (wanted[0] != '/' || snprintf(folder, PATH_MAX, "%s", wanted) >= PATH_MAX)
			return error_set(err, ERR_CONFIG, "dir: %s: want an absolute path", wanted);
		(void)snprintf(above, sizeof(above), "%s", wanted);
		while (access(above, F_OK) != 0 && strcmp(above, "/") != 0)
			cut_last(above);
	}
	if (same_file_system(root, above, source, err) != 0 || subvolume_root(above, holder, err) != 0)
		return -1;
	if (strcmp(holder, root) == 0)
		return error_set(err, ERR_CONFIG,
		                 "the snapshots' folder %s lies inside the source's own subvolume %s, where making one "
		                 "would count as a "
		                 "change; make the source a subvolume of its own, or name a folder outside by `dir:` "
		                 "of the snapshot stage",
		                 folder, root);
	return 0;
}
