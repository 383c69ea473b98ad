/* file_system: by what name a file system is known again, on other than btrfs: after a reboot, when its device may have another number, or another disk lies in its place.
 *
 * threads: none shared. source: FS_IOC_GETFSUUID (Linux 6.9), /dev/disk/by-uuid (udev), statfs(2) */
#ifndef AOB_FILE_SYSTEM_H
#define AOB_FILE_SYSTEM_H

#include <stdbool.h>

#define FILE_SYSTEM_NAME_SIZE 37
#define FILE_SYSTEM_KIND_SIZE 32
#define FILE_SYSTEM_FAT "FAT"
#define FILE_SYSTEM_GLUSTER "glusterfs"

/* file_system_name: of the one that the open file or folder lies on: its UUID, as the kernel or udev tell it; else "fs-" and statfs's number, which some (XFS) make of the
 * device's number. */
void file_system_name(int fd, char name[FILE_SYSTEM_NAME_SIZE]);

/* file_system_is: is it the one that bore this name once? Any of those above will do, as not each of them can be told at any time. */
bool file_system_is(int fd, const char *name);

/* file_system_kind: of which kind it is, as people call it: "XFS", "exFAT", FILE_SYSTEM_FAT, FILE_SYSTEM_GLUSTER, "an SMB share"; "this file system": nobody knows. For words, and where nothing
 * can be tried out. */
void file_system_kind(int fd, char kind[FILE_SYSTEM_KIND_SIZE]);

#endif
