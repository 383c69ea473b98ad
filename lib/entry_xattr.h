/* entry_xattr: the extended attributes of one object, by the O_PATH descriptor that holds it (through /proc/self/fd, so that
 * symlinks and files that may not be opened have theirs too).
 *
 * Left out both ways: user.aob.* (our own), btrfs.*, trusted.SGI_ACL_* (XFS's own form of an ACL, which comes as one) and security.selinux (they belong to one file system, one host).
 * fake_super: names that an unprivileged process may not use are kept behind "user.rsync.", as rsync --fake-super does;
 * "user.rsync.%stat" is no attribute but entry.c's, nor are "%aacl" and "%dacl", rsync's form of an ACL, where the kernel's lies beside it.
 *
 * threads: none shared. */
#ifndef AOB_ENTRY_XATTR_H
#define AOB_ENTRY_XATTR_H

#include <stdbool.h>

#include "lib/entry.h"

#define ENTRY_XATTR_STAT "user.rsync.%stat"

/* entry_xattr_read: sorted, into entry->xattrs (memory->data from offset `at` on). errors: ERR_INPUT (too many), by errno. */
int entry_xattr_read(int path_fd, bool fake_super, struct entry_memory *memory, size_t at, struct entry *entry,
                     struct error *err);

/* entry_xattr_clear: remove those that entry does not name. entry_xattr_set: set those that are (acls), or are no (!acls), ACLs. One
 * that is larger than the file system can hold is left out, with a warning in the log, and *lacks becomes true.
 * lost: NULL: one that can't be kept there is an error; else ENTRY_LOST_XATTRS or ENTRY_LOST_ACL is put to it, instead of a warning too; and what can't be removed stays. */
int entry_xattr_clear(int path_fd, const struct entry *entry, bool fake_super, const unsigned *lost, struct error *err);
int entry_xattr_set(int path_fd, const struct entry *entry, bool acls, bool fake_super, bool *lacks, unsigned *lost,
                    struct error *err);

/* entry_xattr_too_large: does this errno of setting one, at an open object, say that it is larger than the file system can hold there, and not that the disk is full? */
bool entry_xattr_too_large(int fd, int sys);

/* entry_xattr_copy_lacks: from one open file to another, as far as it goes. */
void entry_xattr_copy_lacks(int from_fd, int to_fd);

/* entry_xattr_lacks: sets ENTRY_LACKS to this value; others make way for it if they must. What has no attributes goes without. */
void entry_xattr_lacks(int path_fd, const struct entry *entry, bool fake_super, const void *value, size_t len_bytes);

#endif
