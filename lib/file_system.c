#include "lib/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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
