/* entry: one object of a tree (file, folder, symlink, fifo, device) with all the metadata that a backup keeps.
 * Read from a file system by entry_read, put onto one by entry_apply; sent over the wire by wire/entry_codec.
 *
 * Names are bytes, not text: anything but '/' and NUL. Paths are relative to the tree's root, without a leading "./";
 * the root itself is "". Order of a tree everywhere: entry_order, a parent before what it holds, siblings by memcmp of names.
 *
 * threads: none shared. */
#ifndef AOB_ENTRY_H
#define AOB_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/error.h"

enum entry_type {
	ENTRY_FILE = 1,
	ENTRY_FOLDER,
	ENTRY_SYMLINK,
	ENTRY_FIFO,
	ENTRY_CHAR_DEVICE,
	ENTRY_BLOCK_DEVICE,
	ENTRY_SOCKET
};

#define ENTRY_SPARSE 0x01u    /* has holes worth keeping: st_blocks * 512 < st_size */
#define ENTRY_OWNERLESS 0x04u /* its owner could not be kept: a symlink of a fake-super tree has no user.* attributes */
#define ENTRY_TIMELESS 0x08u  /* nor its time: it was left as it was made, entry_leave_symlinks */
#define ENTRY_DIGEST_ONLY 0x02u /* listing: xattrs are told by their digest, not by value */

#define ENTRY_XATTRS_MAX_BYTES (768u << 10) /* all names and values together; more is refused by name */
#define ENTRY_DIGEST_BYTES 16
/* A file's size: holes have to be hashed, too, at both ends, and no disk bounds what a file says that it has. So much is half a day's work; more is refused by name. */
#define ENTRY_FILE_MOST_BYTES (UINT64_C(64) << 40)
#define ENTRY_FILE_MOST_TEXT "64 TiB"
#define ENTRY_LACKS "user.aob.lacks" /* see entry_mark_lacks */

struct entry_xattr {
	const char *name; /* ACLs are system.posix_acl_access / _default, as the kernel gives them */
	const void *value;
	size_t len_bytes;
};

struct entry {
	const char *path;
	enum entry_type type;
	uint8_t flags;
	bool lacks;    /* it has the attribute ENTRY_LACKS; neither sent nor applied */
	uint32_t mode; /* permission bits, 07777 */
	uint32_t uid, gid;
	uint64_t size_bytes;
	int64_t mtime_s;
	uint32_t mtime_ns;
	int64_t ctime_s; /* of this machine, when read here; neither sent nor applied */
	uint32_t ctime_ns;
	uint32_t rdev_major, rdev_minor;
	uint64_t inode;
	uint32_t links;
	const char *target;               /* of a symlink; else "" */
	const struct entry_xattr *xattrs; /* sorted by name */
	size_t n_xattrs;
	uint8_t xattr_digest
	        [ENTRY_DIGEST_BYTES]; /* first bytes of SHA-256 over name NUL u32be-length value, sorted; zeros: none */
};

/* Owns what an entry's pointers lead to; reused from entry to entry. */
struct entry_memory {
	void *data;
	size_t room_bytes;
	struct entry_xattr *xattrs;
	size_t room_xattrs;
	bool plain;      /* what is read is no fake-super tree, whoever reads it */
	bool fake_super; /* what is read is a fake-super tree, whoever reads it; false: if this process is not root's */
};
void entry_memory_init(struct entry_memory *memory);
void entry_memory_done(struct entry_memory *memory);

/* entry_read: what lies at `name` in the open folder parent_fd (name "." with the root's own descriptor for the root).
 * in:      path is borrowed and stored in entry->path
 * decode:  not as root (but see entry_take_as_it_is), or if memory says so: user.rsync.%stat and user.rsync.* of a fake-super tree are turned back into what they stand for, and
 *          our own user.aob.* and btrfs.* attributes are left out
 * digest:  true: flags |= ENTRY_DIGEST_ONLY, xattrs empty
 * errors:  by errno; ERR_DAMAGED for an unreadable %stat; ERR_INPUT for too many xattrs */
int entry_read(int parent_fd, const char *name, const char *path, bool digest, struct entry_memory *memory,
               struct entry *entry, struct error *err);

/* entry_take_for_fake_super: from now on this process decodes even if it is root: what it reads was written by a receiver that was not. Before other threads are started. */
void entry_take_for_fake_super(void);

/* entry_read_symlink_files: from now on a file that stands for a symlink, as rsync --fake-super keeps one, has its target; else, in what is written, it is one that has to be made. Before other threads are started. */
void entry_read_symlink_files(void);

/* entry_take_as_it_is: from now on this process decodes nothing, though it is not root's: what it reads is somebody's files, which it has the right to read. Before other threads are started. */
void entry_take_as_it_is(void);

/* entry_read_open: the same of an open file (not a symlink). */
int entry_read_open(int fd, const char *path, bool digest, struct entry_memory *memory, struct entry *entry,
                    struct error *err);

/* entry_apply: give the object at `name` in parent_fd this owner, mode, xattrs (those not named are removed) and mtime.
 * fake_super: keep in user.rsync.* what an unprivileged process may not set (as rsync --fake-super).
 * ENTRY_OWNERLESS: the owner stays who makes it.
 * A file with more than one link is the caller's fault: break the link first. Never follows a symlink.
 * order: owner, xattrs, mode, ACLs, times (each undoes a part of the one before). */
int entry_apply(int parent_fd, const char *name, const struct entry *entry, bool fake_super, struct error *err);

/* What of an entry's metadata was not kept. */
#define ENTRY_LOST_OWNER 0x01u
#define ENTRY_LOST_MODE 0x02u
#define ENTRY_LOST_XATTRS 0x04u
#define ENTRY_LOST_ACL 0x08u
#define ENTRY_LOST_TIME 0x10u /* it is off by more than the two seconds that FAT counts in */

/* entry_apply_kept: entry_apply, without fake_super, onto a file system that may not be able to hold all of it, by a user who may not be allowed to: that is no error.
 * out: *lost: ENTRY_LOST_*, also of what was taken without a word and is not there. */
int entry_apply_kept(int parent_fd, const char *name, const struct entry *entry, unsigned *lost, struct error *err);

/* entry_not_held: is this errno how a file system, or the kernel, says that such a thing can't be kept there at all? Pure. */
bool entry_not_held(int sys);

/* entry_mark_lacks: from now on, entry_apply marks what this file system can't hold as told (a time, an attribute that is too large): the digest of the metadata that
 * it should have (tree_digest_meta) goes into its attribute ENTRY_LACKS, and away again when all fits. Called once, before there are threads, by who keeps a vault. */
void entry_mark_lacks(void);

/* entry_leave_symlinks: from now on, entry_apply leaves symlinks as they were made, and entry_read calls them ENTRY_OWNERLESS and ENTRY_TIMELESS. Called once, before there are threads, by who keeps
 * a vault on GlusterFS: there a symlink whose owner or time was set while a brick was away is never healed, nor what its folder holds
 * (https://github.com/gluster/glusterfs/issues/4064; Debian 12 has it). */
void entry_leave_symlinks(void);

/* entry_doubt_links: from now on, a file that has one name may have more. Called once, before there are threads, by who keeps a vault on GlusterFS: there the link count is that of one brick, and a
 * brick that was away lacks the names that were made meanwhile until it is healed.
 * entry_names: how many names there are, at least; 2 where one is doubted. Folders have theirs. */
void entry_doubt_links(void);
uint32_t entry_names(const struct stat *st);

/* entry_apply_open: the same for an open file. */
int entry_apply_open(int fd, const struct entry *entry, bool fake_super, struct error *err);

/* entry_make: create folder, symlink, fifo or device `name` (mode 0700/0600 at first); not files. With fake_super, devices (and
 * what can't be made) become empty files. EEXIST is an error. entry_apply comes after. */
int entry_make(int parent_fd, const char *name, const struct entry *entry, bool fake_super, struct error *err);

/* entry_order: <0, 0, >0; compares paths as if '/' were smaller than every other byte. */
int entry_order(const char *path_a, const char *path_b);

/* entry_same_metadata: owner and xattrs (unless one is ENTRY_OWNERLESS), mode, mtime (unless one is ENTRY_TIMELESS), xattr digest (and target, device numbers): all but content, links and size. */
bool entry_same_metadata(const struct entry *a, const struct entry *b);

/* entry_digest: of sorted xattrs. */
void entry_digest(const struct entry_xattr *xattrs, size_t n_xattrs, uint8_t digest[ENTRY_DIGEST_BYTES]);

#endif
