#include "lib/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BY_UUID "/dev/disk/by-uuid"

/* linux/fs.h has it since 6.9; headers may be older than the kernel. */
struct fs_uuid {
	uint8_t len_bytes;
	uint8_t uuid[16];
};
#define GET_FS_UUID _IOR(0x15, 0, struct fs_uuid)

static bool ask_kernel(int fd, char name[FILE_SYSTEM_NAME_SIZE])
{
	struct fs_uuid got = { .len_bytes = 0 };
	const uint8_t *u = got.uuid;

	if (ioctl(fd, GET_FS_UUID, &got) != 0 || got.len_bytes != sizeof(got.uuid))
		return false;
	(void)snprintf(name, FILE_SYSTEM_NAME_SIZE,
	               "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
	               u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return true;
}

static bool ask_udev(int fd, char name[FILE_SYSTEM_NAME_SIZE])
{
	DIR *dir = opendir(BY_UUID);
	struct dirent *entry;
	struct stat own;
	struct stat device;
	bool found = false;

	if (dir == NULL)
		return false;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (fstat(fd, &own) == 0 && !found && (entry = readdir(dir)) != NULL)
		found = strlen(entry->d_name) < FILE_SYSTEM_NAME_SIZE &&
		        fstatat(dirfd(dir), entry->d_name, &device, 0) == 0 && S_ISBLK(device.st_mode) &&
		        device.st_rdev == own.st_dev &&
		        snprintf(name, FILE_SYSTEM_NAME_SIZE, "%.36s", entry->d_name) > 0;
	(void)closedir(dir);
	return found;
}

static bool ask_statfs(int fd, char name[FILE_SYSTEM_NAME_SIZE])
{
	struct statfs fs;
	uint64_t id = 0;

	if (fstatfs(fd, &fs) == 0)
		memcpy(&id, &fs.f_fsid, sizeof(fs.f_fsid) < sizeof(id) ? sizeof(fs.f_fsid) : sizeof(id));
	(void)snprintf(name, FILE_SYSTEM_NAME_SIZE, "fs-%016llx", (unsigned long long)id);
	return true;
}

static bool (*const ways[])(int fd, char name[FILE_SYSTEM_NAME_SIZE]) = { ask_kernel, ask_udev, ask_statfs };

void file_system_name(int fd, char name[FILE_SYSTEM_NAME_SIZE])
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i](fd, name))
			return;
}

bool file_system_is(int fd, const char *name)
{
	char own[FILE_SYSTEM_NAME_SIZE];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i](fd, own) && strcasecmp(own, name) == 0)
			return true;
	return false;
}

/* linux/magic.h has most of them, and not all. */
static const struct {
	uint32_t magic;
	const char *kind;
} kinds[] = {
	{ 0x4d44, FILE_SYSTEM_FAT },
	{ 0x2011bab0, "exFAT" },
	{ 0x7366746e, "NTFS" },
	{ 0x5346544e, "NTFS" },
	{ 0xef53, "ext2/3/4" },
	{ 0x58465342, "XFS" },
	{ 0x9123683e, "btrfs" },
	{ 0x01021994, "tmpfs" },
	{ 0xf2f52010, "F2FS" },
	{ 0x2fc12fc1, "ZFS" },
	{ 0x482b, "HFS+" },
	{ 0x6969, "an NFS share" },
	{ 0xff534d42, "an SMB share" },
	{ 0xfe534d42, "an SMB share" },
	{ 0xf15f, "eCryptfs" },
};

/* What the first block of a disk says: both have their name there. */
static const char *kind_on(const char *device)
{
	char block[16] = "";
	int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, block, sizeof(block)) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (n == (ssize_t)sizeof(block) && memcmp(block + 3, "EXFAT   ", 8) == 0)
		return "exFAT";
	return n == (ssize_t)sizeof(block) && memcmp(block + 3, "NTFS    ", 8) == 0 ? "NTFS" : "FUSE";
}

/* Of one by FUSE the list of mounts tells more: "fuse.sshfs", or the disk that it lies on. */
static void kind_by_fuse(int fd, char kind[FILE_SYSTEM_KIND_SIZE])
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	struct stat st;
	char *line = NULL;
	size_t room = 0;

	(void)snprintf(kind, FILE_SYSTEM_KIND_SIZE, "FUSE");
	while (in != NULL && fstat(fd, &st) == 0 && getline(&line, &room, in) > 0) {
		const char *more = strstr(line, " - ");
		char number[32];
		char wanted[32];
		char type[32];
		char device[256];

		(void)snprintf(wanted, sizeof(wanted), "%u:%u", major(st.st_dev), minor(st.st_dev));
		if (more == NULL || sscanf(line, "%*s %*s %31s", number) != 1 || strcmp(number, wanted) != 0 ||
		    sscanf(more, " - %31s %255s", type, device) != 2)
			continue;
		if (strcmp(type, "fuseblk") == 0)
			(void)snprintf(kind, FILE_SYSTEM_KIND_SIZE, "%s", kind_on(device));
		else if (strncmp(type, "fuse.", 5) == 0)
			(void)snprintf(kind, FILE_SYSTEM_KIND_SIZE, "%.26s", type + 5);
		break;
	}
	free(line);
	if (in != NULL)
		(void)fclose(in);
}

void file_system_kind(int fd, char kind[FILE_SYSTEM_KIND_SIZE])
{
	struct statfs fs;

	(void)snprintf(kind, FILE_SYSTEM_KIND_SIZE, "this file system");
	if (fstatfs(fd, &fs) != 0)
		return;
	if ((uint32_t)fs.f_type == 0x65735546) {
		kind_by_fuse(fd, kind);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((uint32_t)fs.f_type == kinds[i].magic)
			(void)snprintf(kind, FILE_SYSTEM_KIND_SIZE, "%s", kinds[i].kind);
}
