#include "lib/inode_path.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROOT_INODE 256 /* BTRFS_FIRST_FREE_OBJECTID */

int inode_path(int fd, uint64_t inode, char path[INODE_PATH_SIZE], struct error *err)
{
	struct btrfs_ioctl_ino_lookup_args lookup;
	size_t n;

	path[0] = '\0';
	if (inode == ROOT_INODE)
		return 1;
	memset(&lookup, 0, sizeof(lookup));
	lookup.objectid = inode;
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) < 0)
		return errno == ENOENT ? 0
		                       : error_sys(err, errno, "asking btrfs for the path of inode %llu",
		                                   (unsigned long long)inode);
	n = strnlen(lookup.name, sizeof(lookup.name) - 1);
	if (n > 0 && lookup.name[n - 1] == '/')
		n--;
	memcpy(path, lookup.name, n);
	path[n] = '\0';
	return 1;
}
