#include "lib/entry_xattr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "lib/log.h"
#include "lib/tree_digest.h"

#define LIST_BYTES 65536 /* XATTR_LIST_MAX of the kernel */
#define NAMES_MAX 4096
#define NAME_BYTES 512                  /* XATTR_NAME_MAX is 255, and a prefix */
#define ROOM_BYTES (UINT64_C(16) << 20) /* a disk with so much is not full */
#define PROC_BYTES 32
#define FAKE "user.rsync."
#define TRIES 5

static const char *proc_path(int path_fd, char out[PROC_BYTES])
{
	(void)snprintf(out, PROC_BYTES, "/proc/self/fd/%d", path_fd);
	return out;
}

static bool starts(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* XFS shows root an ACL a second time, in a form of its own. */
static bool left_out(const char *name)
{
	return starts(name, "user.aob.") || starts(name, "btrfs.") || starts(name, "trusted.SGI_ACL_") ||
	       strcmp(name, "security.selinux") == 0;
}

static bool is_acl(const char *name)
{
	return starts(name, "system.posix_acl_");
}

/* The name on disk of an attribute. */
static const char *name_there(const char *name, bool fake_super, char out[NAME_BYTES])
{
	if (!fake_super || (starts(name, "user.") && !starts(name, FAKE)))
		return name;
	(void)snprintf(out, NAME_BYTES, FAKE "%s", name);
	return out;
}

/* The attribute that a name on disk stands for; NULL: none that is kept. */
static const char *name_here(const char *there, bool fake_super)
{
	if (fake_super && strcmp(there, ENTRY_XATTR_STAT) == 0)
		return NULL;
	if (fake_super && starts(there, FAKE))
		there += strlen(FAKE);
	return left_out(there) ? NULL : there;
}

/* The list of names, NUL after NUL. Returns its length, 0 where there are no attributes at all, -1. */
static ssize_t list(const char *proc, char names[LIST_BYTES], struct error *err)
{
	ssize_t n = listxattr(proc, names, LIST_BYTES);

	if (n < 0 && (errno == ENOTSUP || errno == EPERM || errno == EACCES))
		return 0;
	if (n < 0)
		return error_sys(err, errno, "listing extended attributes");
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry_xattr *)a)->name, ((const struct entry_xattr *)b)->name);
}

static int make_room(struct entry_memory *memory, size_t bytes, struct error *err)
{
	if (bytes > memory->room_bytes) {
		void *grown = realloc(memory->data, bytes);

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory for extended attributes");
		memory->data = grown;
		memory->room_bytes = bytes;
	}
	return 0;
}

static int add_row(struct entry_memory *memory, size_t n, struct error *err)
{
	if (n < memory->room_xattrs)
		return 0;
	if (n >= NAMES_MAX)
		return error_set(err, ERR_INPUT, "more than %d extended attributes", NAMES_MAX);
	size_t room = memory->room_xattrs != 0 ? 2 * memory->room_xattrs : 16;
	struct entry_xattr *grown = realloc(memory->xattrs, room * sizeof(*grown));

	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory for extended attributes");
	memory->xattrs = grown;
	memory->room_xattrs = room;
	return 0;
}

/* Appends name and value at *at. Rows hold offsets while memory may still move. Returns 0, 1 (gone meanwhile), -1. */
static int read_one(const char *proc, const char *there, const char *here, struct entry_memory *memory, size_t *at,
                    size_t row, struct error *err)
{
	size_t name_bytes = strlen(here) + 1;

	for (int i = 0; i < TRIES; i++) {
		ssize_t want = getxattr(proc, there, NULL, 0);
		ssize_t n = -1;

		if (want >= 0) {
			if ((size_t)want + name_bytes > ENTRY_XATTRS_MAX_BYTES)
				return error_set(err, ERR_INPUT, "extended attribute %s is too large (%zd bytes)", here,
				                 want);
			if (make_room(memory, *at + name_bytes + (size_t)want + 1, err) != 0)
				return -1;
			n = getxattr(proc, there, (char *)memory->data + *at + name_bytes, (size_t)want + 1);
		}
		if (n >= 0) {
			memcpy((char *)memory->data + *at, here, name_bytes);
			memory->xattrs[row] = (struct entry_xattr){ .value = NULL, .len_bytes = (size_t)n };
			*at += name_bytes + (size_t)n;
			return 0;
		}
		if (errno == ENODATA || errno == EPERM || errno == EACCES)
			return 1;
		if (errno != ERANGE)
			return error_sys(err, errno, "reading extended attribute %s", here);
	}
	return error_set(err, ERR_BUSY, "extended attribute %s changes all the time", here);
}

/* Memory does not move any more: offsets become pointers, rows are sorted, the digest is made. */
static void settle(struct entry_memory *memory, size_t from, size_t n, struct entry *entry)
{
	char *at = n != 0 ? (char *)memory->data + from : NULL; /* there may be no memory yet */

	for (size_t i = 0; i < n; i++) {
		memory->xattrs[i].name = at;
		memory->xattrs[i].value = at + strlen(at) + 1;
		at += strlen(at) + 1 + memory->xattrs[i].len_bytes;
	}
	if (n > 1)
		qsort(memory->xattrs, n, sizeof(memory->xattrs[0]), by_name);
	entry->xattrs = n != 0 ? memory->xattrs : NULL;
	entry->n_xattrs = n;
	entry_digest(entry->xattrs, n, entry->xattr_digest);
}

/* rsync --fake-super -A keeps an ACL in a form of its own. With -X, where nothing filters them, the kernel's form lies beside it, and that is the one that counts. */
static bool is_told_twice(const char *there, const char *names, size_t len_bytes)
{
	static const char *const forms[][2] = { { FAKE "%aacl", FAKE "system.posix_acl_access" },
		                                { FAKE "%dacl", FAKE "system.posix_acl_default" } };

	const char *kernels = NULL;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(there, forms[i][0]) == 0)
			kernels = forms[i][1];
	if (kernels == NULL)
		return false;
	for (const char *other = names; other < names + len_bytes; other += strlen(other) + 1)
		if (strcmp(other, kernels) == 0)
			return true;
	return false;
}

int entry_xattr_read(int path_fd, bool fake_super, struct entry_memory *memory, size_t at, struct entry *entry,
                     struct error *err)
{
	static _Thread_local char names[LIST_BYTES];
	char proc[PROC_BYTES];
	ssize_t len = list(proc_path(path_fd, proc), names, err);
	size_t from = at;
	size_t n = 0;

	if (len < 0)
		return -1;
	for (const char *there = names; there < names + len; there += strlen(there) + 1) {
		const char *here = name_here(there, fake_super);
		int rc;

		if (here == NULL || (fake_super && is_told_twice(there, names, (size_t)len))) {
			entry->lacks = entry->lacks || strcmp(there, ENTRY_LACKS) == 0;
			continue;
		}
		if (add_row(memory, n, err) != 0)
			return -1;
		rc = read_one(proc, there, here, memory, &at, n, err);
		if (rc < 0)
			return -1;
		if (at - from > ENTRY_XATTRS_MAX_BYTES)
			return error_set(err, ERR_INPUT, "extended attributes of more than %u bytes together",
			                 ENTRY_XATTRS_MAX_BYTES);
		n += rc == 0;
	}
	settle(memory, from, n, entry);
	return 0;
}

static bool named(const struct entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (strcmp(entry->xattrs[i].name, name) == 0)
			return true;
	return false;
}

int entry_xattr_clear(int path_fd, const struct entry *entry, bool fake_super, const unsigned *lost, struct error *err)
{
	static _Thread_local char names[LIST_BYTES];
	char proc[PROC_BYTES];
	ssize_t len = list(proc_path(path_fd, proc), names, err);

	if (len < 0)
		return -1;
	for (const char *there = names; there < names + len; there += strlen(there) + 1) {
		const char *here = name_here(there, fake_super);

		if ((here == NULL && strcmp(there, ENTRY_LACKS) != 0) || (here != NULL && named(entry, here)))
			continue;
		if (removexattr(proc, there) != 0 && errno != ENODATA && (lost == NULL || !entry_not_held(errno)))
			return error_sys(err, errno, "removing extended attribute %s", there);
	}
	return 0;
}

/* ext4 says ENOSPC for attributes that don't fit into one block, however empty the disk is. */
bool entry_xattr_too_large(int fd, int sys)
{
	struct statvfs fs;

	if (sys == E2BIG || sys == ERANGE)
		return true;
	return sys == ENOSPC && fstatvfs(fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize > ROOM_BYTES;
}

int entry_xattr_set(int path_fd, const struct entry *entry, bool acls, bool fake_super, bool *lacks, unsigned *lost,
                    struct error *err)
{
	char proc[PROC_BYTES];

	(void)proc_path(path_fd, proc);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct entry_xattr *x = &entry->xattrs[i];
		char name[NAME_BYTES];
		const char *there = name_there(x->name, fake_super, name);

		if (is_acl(x->name) != acls || left_out(x->name))
			continue;
		if (fake_super && entry->type == ENTRY_SYMLINK)
			continue; /* symlinks can't have user.* attributes */
		if (setxattr(proc, there, x->value, x->len_bytes, 0) == 0)
			continue;
		if (lost != NULL && (entry_not_held(errno) || entry_xattr_too_large(path_fd, errno))) {
			*lost |= acls ? ENTRY_LOST_ACL : ENTRY_LOST_XATTRS;
			continue;
		}
		if (!entry_xattr_too_large(path_fd, errno))
			return error_sys(err, errno, "setting extended attribute %s (%zu bytes)", there, x->len_bytes);
		log_line(LOG_WARNING,
		         "\"%.300s\": this file system has no room for its attribute %s (%zu bytes); it is left out",
		         entry->path, there, x->len_bytes);
		*lacks = true;
	}
	return 0;
}

void entry_xattr_lacks(int path_fd, const struct entry *entry, bool fake_super, const void *value, size_t len_bytes)
{
	char proc[PROC_BYTES];

	(void)proc_path(path_fd, proc);
	for (size_t i = entry->n_xattrs; setxattr(proc, ENTRY_LACKS, value, len_bytes, 0) != 0; i--) {
		char name[NAME_BYTES];

		if (i == 0 || !entry_xattr_too_large(path_fd, errno))
			return;
		(void)removexattr(proc, name_there(entry->xattrs[i - 1].name, fake_super, name));
	}
}

void entry_xattr_copy_lacks(int from_fd, int to_fd)
{
	uint8_t meta[TREE_DIGEST_BYTES];

	if (fgetxattr(from_fd, ENTRY_LACKS, meta, sizeof(meta)) == (ssize_t)sizeof(meta))
		(void)fsetxattr(to_fd, ENTRY_LACKS, meta, sizeof(meta), 0);
}
