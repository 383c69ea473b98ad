#include "receiver/linking.h"

#include <errno.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOM_BYTES (16ull << 20) /* a name needs less on any file system, and a full one has less */
#define ROOM_INODES 16

int linking_error(int sys, unsigned long long free_bytes, unsigned long long free_inodes)
{
	return sys == ENOSPC && free_bytes >= ROOM_BYTES && free_inodes >= ROOM_INODES ? EMLINK : sys;
}

int linking_at(int from_fd, const char *from, int to_fd, const char *to)
{
	struct statfs fs;
	int sys;

	if (linkat(from_fd, from, to_fd, to, 0) == 0)
		return 0;
	sys = errno;
	if (sys != ENOSPC || fstatfs(to_fd, &fs) != 0)
		return sys;
	/* No inodes at all: they are not counted there, as on btrfs. */
	return linking_error(sys, (unsigned long long)fs.f_bavail * (unsigned long long)fs.f_bsize,
	                     fs.f_files == 0 ? ROOM_INODES : fs.f_ffree);
}
