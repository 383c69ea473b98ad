#include "lib/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/entry_xattr.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "lib/tree_digest.h"

#define TARGET_BYTES_MAX 65536
#define PROC_BYTES 32
#define STAT_BYTES 128
#define COARSE_S 2 /* FAT counts times in these */
/* BTRFS_EMPTY_SUBVOL_DIR_OBJECTID: in a snapshot, the empty folder in place of a nested subvolume; its times are those of the asking. The root of an ext4
 * that is mounted there has this number, too, and is as little part of the tree. */
#define PLACEHOLDER_INODE 2

void entry_memory_init(struct entry_memory *memory)
{
	*memory = (struct entry_memory){ 0 };
}

void entry_memory_done(struct entry_memory *memory)
{
	free(memory->data);
	free(memory->xattrs);
	*memory = (struct entry_memory){ 0 };
}

static enum entry_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return ENTRY_FOLDER;
	case S_IFLNK:
		return ENTRY_SYMLINK;
	case S_IFIFO:
		return ENTRY_FIFO;
	case S_IFCHR:
		return ENTRY_CHAR_DEVICE;
	case S_IFBLK:
		return ENTRY_BLOCK_DEVICE;
	case S_IFSOCK:
		return ENTRY_SOCKET;
	default:
		return ENTRY_FILE;
	}
}

static mode_t mode_of(enum entry_type type)
{
	switch (type) {
	case ENTRY_FOLDER:
		return S_IFDIR;
	case ENTRY_SYMLINK:
		return S_IFLNK;
	case ENTRY_FIFO:
		return S_IFIFO;
	case ENTRY_CHAR_DEVICE:
		return S_IFCHR;
	case ENTRY_BLOCK_DEVICE:
		return S_IFBLK;
	case ENTRY_SOCKET:
		return S_IFSOCK;
	case ENTRY_FILE:
		break;
	}
	return S_IFREG;
}

/* An unprivileged receiver's tree is a fake-super tree; for root, names like user.rsync.* are attributes like others, so
 * that a source that holds such a tree is copied as it is; but where it is told that this is one. */
static bool taken_for_fake_super;
static bool taken_as_it_is;

void entry_take_for_fake_super(void)
{
	taken_for_fake_super = true;
}

void entry_take_as_it_is(void)
{
	taken_as_it_is = true;
}

static bool leaves_symlinks;

void entry_leave_symlinks(void)
{
	leaves_symlinks = true;
}

static bool doubts_links;

void entry_doubt_links(void)
{
	doubts_links = true;
}

uint32_t entry_names(const struct stat *st)
{
	return doubts_links && !S_ISDIR(st->st_mode) && st->st_nlink < 2 ? 2 : (uint32_t)st->st_nlink;
}

static bool reads_symlink_files;

void entry_read_symlink_files(void)
{
	reads_symlink_files = true;
}

static bool all_is_fake_super(void)
{
	return taken_for_fake_super || (!taken_as_it_is && geteuid() != 0);
}

static bool reads_fake_super(const struct entry_memory *memory)
{
	return memory->fake_super || (!memory->plain && all_is_fake_super());
}

static void from_stat(const struct stat *st, struct entry *entry)
{
	entry->type = type_of(st->st_mode);
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->size_bytes = entry->type == ENTRY_FILE ? (uint64_t)st->st_size : 0;
	entry->mtime_s = st->st_mtim.tv_sec;
	entry->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	entry->ctime_s = st->st_ctim.tv_sec;
	entry->ctime_ns = (uint32_t)st->st_ctim.tv_nsec;
	entry->inode = st->st_ino;
	entry->links = entry_names(st);
	if (entry->type == ENTRY_CHAR_DEVICE || entry->type == ENTRY_BLOCK_DEVICE) {
		entry->rdev_major = major(st->st_rdev);
		entry->rdev_minor = minor(st->st_rdev);
	}
	if (entry->type == ENTRY_FOLDER && st->st_ino == PLACEHOLDER_INODE && *entry->path != '\0') {
		entry->mtime_s = 0;
		entry->mtime_ns = 0;
	}
	if (entry->type == ENTRY_FILE && st->st_blocks < st->st_size / 512)
		entry->flags |= ENTRY_SPARSE;
}

/* The next number of *text, with that character behind it. */
static bool take_number(const char **text, int base, char behind, uint32_t *number)
{
	unsigned long long value;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	value = strtoull(*text, &end, base);
	if (errno != 0 || value > UINT32_MAX || *end != behind)
		return false;
	*number = (uint32_t)value;
	*text = end + (behind != '\0');
	return true;
}

/* rsync's form (rsync.h, XSTAT_ATTR): "%o %u,%u %u:%u": mode with type, device, owner. */
static int from_fake_stat(const char *proc, struct entry *entry, struct error *err)
{
	char text[STAT_BYTES];
	const char *at = text;
	uint32_t mode;
	ssize_t n = getxattr(proc, ENTRY_XATTR_STAT, text, sizeof(text) - 1);

	if (n < 0)
		return errno == ENODATA || errno == ENOTSUP || errno == EPERM || errno == EACCES
		               ? 0
		               : error_sys(err, errno, "reading %s", ENTRY_XATTR_STAT);
	text[n] = '\0';
	if (!take_number(&at, 8, ' ', &mode) || !take_number(&at, 10, ',', &entry->rdev_major) ||
	    !take_number(&at, 10, ' ', &entry->rdev_minor) || !take_number(&at, 10, ':', &entry->uid) ||
	    !take_number(&at, 10, '\0', &entry->gid))
		return error_set(err, ERR_DAMAGED, "unreadable %s", ENTRY_XATTR_STAT);
	entry->type = type_of(mode);
	entry->mode = mode & 07777;
	if (entry->type != ENTRY_FILE)
		entry->size_bytes = 0;
	return 0;
}

/* rsync --fake-super keeps a symlink as a file, which holds where it leads to. */
static ssize_t target_in_file(int path_fd, char *target, size_t size)
{
	char proc[PROC_BYTES];
	ssize_t n;
	int fd;

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	fd = open(proc, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, target, size);
	(void)close(fd);
	return n;
}

static int read_target(int path_fd, bool in_file, struct entry_memory *memory, size_t *used, struct entry *entry,
                       struct error *err)
{
	ssize_t n;

	if (memory->room_bytes < TARGET_BYTES_MAX) {
		void *grown = realloc(memory->data, TARGET_BYTES_MAX);

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		memory->data = grown;
		memory->room_bytes = TARGET_BYTES_MAX;
	}
	n = in_file ? target_in_file(path_fd, memory->data, TARGET_BYTES_MAX - 1)
	            : readlinkat(path_fd, "", memory->data, TARGET_BYTES_MAX - 1);
	if (n < 0)
		return error_sys(err, errno, "reading the symlink");
	((char *)memory->data)[n] = '\0';
	entry->target = memory->data;
	*used = (size_t)n + 1;
	return 0;
}

static int read_held(int path_fd, bool digest, struct entry_memory *memory, struct entry *entry, struct error *err)
{
	char proc[PROC_BYTES];
	struct stat st;
	size_t used = 0;

	if (fstat(path_fd, &st) != 0)
		return error_sys(err, errno, "stat");
	from_stat(&st, entry);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	if (reads_fake_super(memory) && entry->type != ENTRY_SYMLINK && from_fake_stat(proc, entry, err) != 0)
		return -1;
	if (entry->type == ENTRY_SYMLINK && leaves_symlinks)
		entry->flags |= ENTRY_OWNERLESS | ENTRY_TIMELESS;
	else if (entry->type == ENTRY_SYMLINK && all_is_fake_super())
		entry->flags |= ENTRY_OWNERLESS;
	if (entry->type == ENTRY_SYMLINK &&
	    read_target(path_fd, reads_symlink_files && S_ISREG(st.st_mode), memory, &used, entry, err) != 0)
		return -1;
	if (entry_xattr_read(path_fd, reads_fake_super(memory), memory, used, entry, err) != 0)
		return -1;
	if (used != 0)
		entry->target = memory->data; /* reading the attributes may have moved it */
	if (digest) {
		entry->flags |= ENTRY_DIGEST_ONLY;
		entry->xattrs = NULL;
		entry->n_xattrs = 0;
	}
	return 0;
}

int entry_read(int parent_fd, const char *name, const char *path, bool digest, struct entry_memory *memory,
               struct entry *entry, struct error *err)
{
	int path_fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	*entry = (struct entry){ .path = path, .target = "" };
	if (path_fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", path);
	rc = read_held(path_fd, digest, memory, entry, err);
	if (rc != 0)
		error_prefix(err, "\"%.300s\"", path);
	(void)close(path_fd);
	return rc;
}

int entry_read_open(int fd, const char *path, bool digest, struct entry_memory *memory, struct entry *entry,
                    struct error *err)
{
	*entry = (struct entry){ .path = path, .target = "" };
	return read_held(fd, digest, memory, entry, err) == 0 ? 0 : error_prefix(err, "\"%.300s\"", path);
}

static int set_fake_stat(const char *proc, const struct stat *st, const struct entry *entry, struct error *err)
{
	char text[STAT_BYTES];
	mode_t mode = mode_of(entry->type) | entry->mode;
	int n;

	if (st->st_mode == mode && st->st_uid == entry->uid && st->st_gid == entry->gid) {
		if (removexattr(proc, ENTRY_XATTR_STAT) != 0 && errno != ENODATA && errno != ENOTSUP)
			return error_sys(err, errno, "removing %s", ENTRY_XATTR_STAT);
		return 0;
	}
	n = snprintf(text, sizeof(text), "%o %u,%u %u:%u", mode, entry->rdev_major, entry->rdev_minor, entry->uid,
	             entry->gid);
	if (setxattr(proc, ENTRY_XATTR_STAT, text, (size_t)n, 0) != 0)
		return error_sys(err, errno, "setting %s", ENTRY_XATTR_STAT);
	return 0;
}

/* What owner and mode stand for, in the attributes of a file that this user owns and must be able to work with. */
static int apply_fake(const char *proc, int path_fd, const struct entry *entry, struct error *err)
{
	struct stat st;

	if (entry->type == ENTRY_SYMLINK)
		return 0;
	if (chmod(proc, (entry->mode & 0777) | (entry->type == ENTRY_FOLDER ? 0700 : 0600)) != 0)
		return error_sys(err, errno, "setting the mode");
	if (fstat(path_fd, &st) != 0)
		return error_sys(err, errno, "stat");
	return set_fake_stat(proc, &st, entry, err);
}

static bool marks_lacks;

void entry_mark_lacks(void)
{
	marks_lacks = true;
}

/* All is applied: is it there? */
static int look_for_lacks(int path_fd, const struct entry *entry, bool fake_super, bool lacks, struct error *err)
{
	uint8_t meta[TREE_DIGEST_BYTES] = { 0 };
	struct tree_digest *digest;
	struct entry whole = *entry;
	struct stat st;

	if (!marks_lacks)
		return 0;
	if (fstat(path_fd, &st) != 0)
		return error_sys(err, errno, "stat");
	/* Fractions of a second would fill the log. */
	if (st.st_mtim.tv_sec != entry->mtime_s)
		log_line(LOG_WARNING, "\"%.300s\": this file system can't hold its time; it has the nearest",
		         entry->path);
	if (entry->type != ENTRY_FILE && entry->type != ENTRY_FOLDER)
		return 0;
	if (!lacks && st.st_mtim.tv_sec == entry->mtime_s && (uint32_t)st.st_mtim.tv_nsec == entry->mtime_ns)
		return 0;
	if (tree_digest_new(&digest, err) != 0)
		return -1;
	entry_digest(entry->xattrs, entry->n_xattrs, whole.xattr_digest);
	tree_digest_meta(digest, &whole, meta);
	tree_digest_destroy(&digest);
	entry_xattr_lacks(path_fd, entry, fake_super, meta, sizeof(meta));
	return 0;
}

bool entry_not_held(int sys)
{
	return sys == EPERM || sys == EOPNOTSUPP || sys == ENOSYS || sys == EINVAL || sys == EOVERFLOW;
}

/* How an entry is put on. */
struct applying {
	bool fake_super;
	bool lacks;     /* an attribute is larger than there is room for */
	unsigned *lost; /* NULL: what can't be kept is an error */
};

/* What was just refused need not be kept. */
static bool forgiven(const struct applying *how, unsigned what)
{
	if (how->lost == NULL || !entry_not_held(errno))
		return false;
	*how->lost |= what;
	return true;
}

static int apply_held(int path_fd, const struct entry *entry, struct applying *how, struct error *err)
{
	char proc[PROC_BYTES];
	bool fake_super = how->fake_super;

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	if (!fake_super && (entry->flags & ENTRY_OWNERLESS) == 0 &&
	    fchownat(path_fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) != 0 && !forgiven(how, ENTRY_LOST_OWNER))
		return error_sys(err, errno, "setting owner %u:%u", entry->uid, entry->gid);
	if (entry_xattr_clear(path_fd, entry, fake_super, how->lost, err) != 0 ||
	    entry_xattr_set(path_fd, entry, false, fake_super, &how->lacks, how->lost, err) != 0)
		return -1;
	if (fake_super) {
		if (apply_fake(proc, path_fd, entry, err) != 0)
			return -1;
	} else if (entry->type != ENTRY_SYMLINK && chmod(proc, entry->mode) != 0 && !forgiven(how, ENTRY_LOST_MODE)) {
		return error_sys(err, errno, "setting mode %04o", entry->mode);
	}
	return entry_xattr_set(path_fd, entry, true, fake_super, &how->lacks, how->lost, err);
}

static bool has_time(const struct stat *st, const struct entry *entry)
{
	int64_t have_s = st->st_mtim.tv_sec;
	uint64_t apart_s = have_s > entry->mtime_s ? (uint64_t)have_s - (uint64_t)entry->mtime_s
	                                           : (uint64_t)entry->mtime_s - (uint64_t)have_s;

	return apart_s <= COARSE_S;
}

/* Some (FAT mounted "quiet", shares of other machines) say that all went well. Some by FUSE take the time of reading and that of writing together, or none. */
static int look_for_lost(int parent_fd, const char *name, int path_fd, const struct entry *entry, unsigned *lost,
                         struct error *err)
{
	const struct timespec time = { .tv_sec = entry->mtime_s, .tv_nsec = (long)entry->mtime_ns };
	const struct timespec both[2] = { time, time };
	struct stat st;

	if (fstat(path_fd, &st) != 0)
		return error_sys(err, errno, "stat");
	if (!has_time(&st, entry) && utimensat(parent_fd, name, both, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(path_fd, &st) != 0)
		return error_sys(err, errno, "stat");
	if ((entry->flags & ENTRY_OWNERLESS) == 0 && (st.st_uid != entry->uid || st.st_gid != entry->gid))
		*lost |= ENTRY_LOST_OWNER;
	if (entry->type != ENTRY_SYMLINK && (st.st_mode & 07777) != entry->mode)
		*lost |= ENTRY_LOST_MODE;
	if (!has_time(&st, entry))
		*lost |= ENTRY_LOST_TIME;
	return 0;
}

static int apply_at(int parent_fd, const char *name, const struct entry *entry, struct applying *how, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		                     { .tv_sec = entry->mtime_s, .tv_nsec = (long)entry->mtime_ns } };
	int path_fd;
	int rc;

	if (leaves_symlinks && entry->type == ENTRY_SYMLINK)
		return 0;
	path_fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path_fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", entry->path);
	rc = apply_held(path_fd, entry, how, err);
	if (rc == 0 && utimensat(parent_fd, name, times, AT_SYMLINK_NOFOLLOW) != 0 &&
	    !forgiven(how, 0)) /* look_for_lost tells */
		rc = error_sys(err, errno, "setting the time");
	if (rc == 0)
		rc = how->lost == NULL ? look_for_lacks(path_fd, entry, how->fake_super, how->lacks, err)
		                       : look_for_lost(parent_fd, name, path_fd, entry, how->lost, err);
	if (rc != 0)
		error_prefix(err, "\"%.300s\"", entry->path);
	(void)close(path_fd);
	return rc;
}

int entry_apply(int parent_fd, const char *name, const struct entry *entry, bool fake_super, struct error *err)
{
	struct applying how = { .fake_super = fake_super };

	return apply_at(parent_fd, name, entry, &how, err);
}

int entry_apply_kept(int parent_fd, const char *name, const struct entry *entry, unsigned *lost, struct error *err)
{
	struct applying how = { .lost = lost };

	*lost = 0;
	return apply_at(parent_fd, name, entry, &how, err);
}

int entry_apply_open(int fd, const struct entry *entry, bool fake_super, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		                     { .tv_sec = entry->mtime_s, .tv_nsec = (long)entry->mtime_ns } };
	struct applying how = { .fake_super = fake_super };
	int rc = apply_held(fd, entry, &how, err);

	if (rc == 0 && futimens(fd, times) != 0)
		rc = error_sys(err, errno, "setting the time");
	if (rc == 0)
		rc = look_for_lacks(fd, entry, fake_super, how.lacks, err);
	return rc == 0 ? 0 : error_prefix(err, "\"%.300s\"", entry->path);
}

static int make_file(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 ? close(fd) : -1;
}

int entry_make(int parent_fd, const char *name, const struct entry *entry, bool fake_super, struct error *err)
{
	int rc = -1;

	switch (entry->type) {
	case ENTRY_FOLDER:
		rc = mkdirat(parent_fd, name, 0700);
		break;
	case ENTRY_SYMLINK:
		rc = symlinkat(entry->target, parent_fd, name);
		break;
	case ENTRY_FIFO:
	case ENTRY_SOCKET:
	case ENTRY_CHAR_DEVICE:
	case ENTRY_BLOCK_DEVICE:
		rc = fake_super ? make_file(parent_fd, name)
		                : mknodat(parent_fd, name, mode_of(entry->type) | 0600,
		                          makedev(entry->rdev_major, entry->rdev_minor));
		break;
	case ENTRY_FILE:
		return error_set(err, ERR_INTERNAL, "\"%.300s\": files are not made by entry_make", entry->path);
	}
	return rc == 0 ? 0 : error_sys(err, errno, "making \"%.300s\"", entry->path);
}

int entry_order(const char *path_a, const char *path_b)
{
	const unsigned char *a = (const unsigned char *)path_a;
	const unsigned char *b = (const unsigned char *)path_b;

	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	/* The end is smallest (a parent comes before what it holds), then '/', then the rest. */
	int rank_a = *a == '\0' ? -2 : *a == '/' ? -1 : *a;
	int rank_b = *b == '\0' ? -2 : *b == '/' ? -1 : *b;
	return rank_a - rank_b;
}

bool entry_same_metadata(const struct entry *a, const struct entry *b)
{
	bool ownerless = ((a->flags | b->flags) & ENTRY_OWNERLESS) != 0;
	bool timeless = ((a->flags | b->flags) & ENTRY_TIMELESS) != 0;

	return a->type == b->type && (a->type == ENTRY_SYMLINK || a->mode == b->mode) &&
	       (ownerless || (a->uid == b->uid && a->gid == b->gid)) &&
	       (timeless || (a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns)) &&
	       a->rdev_major == b->rdev_major && a->rdev_minor == b->rdev_minor && strcmp(a->target, b->target) == 0 &&
	       (ownerless || memcmp(a->xattr_digest, b->xattr_digest, ENTRY_DIGEST_BYTES) == 0);
}

void entry_digest(const struct entry_xattr *xattrs, size_t n_xattrs, uint8_t digest[ENTRY_DIGEST_BYTES])
{
	uint8_t whole[SHA256_BYTES];
	struct sha256 sha;

	memset(digest, 0, ENTRY_DIGEST_BYTES);
	if (n_xattrs == 0)
		return;
	sha256_init(&sha);
	for (size_t i = 0; i < n_xattrs; i++) {
		size_t n = xattrs[i].len_bytes;
		unsigned char length[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
			                    (unsigned char)n };

		sha256_update(&sha, xattrs[i].name, strlen(xattrs[i].name) + 1);
		sha256_update(&sha, length, sizeof(length));
		sha256_update(&sha, xattrs[i].value, n);
	}
	sha256_so_far(&sha, whole);
	memcpy(digest, whole, ENTRY_DIGEST_BYTES);
}
