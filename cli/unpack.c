#include "cli/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/parents.h"
#include "lib/crash_point.h"
#include "lib/inside.h"
#include "lib/link_map.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "wire/codec.h"
#include "wire/wire.h"

#define HOLE_BYTES 4096u
#define PIECE_BYTES 131072u
#define PART_NAME_SIZE 40
#define LINK_NAME "link"
#define SPECIAL_NAME "special"
#define PLACE_TRIES 5

struct unpack {
	struct unpack_options options;
	struct restore_work *work;
	struct inside *tree, *other;
	dev_t device;              /* of the target */
	const struct entry *entry; /* the file under way; NULL: none is */
	struct sha256 sha;
	int fd;
	char part[PART_NAME_SIZE];
	uint64_t began_at, written;
	bool too_long;
	bool with_own; /* not all of it came */
	struct unpack_totals totals;
	struct link_map *bad; /* over: first names of files with several that did not come whole; NULL: none yet */
	struct entry_xattr kept[TAME_XATTRS_MOST];
	char safe[1024];
	uint8_t piece[PIECE_BYTES];
};

int unpack_new(struct restore_work *work, const struct unpack_options *options, struct unpack **unpack,
               struct error *err)
{
	struct unpack *made = calloc(1, sizeof(*made));
	struct stat st;

	*unpack = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->options = *options;
	made->work = work;
	made->fd = -1;
	if (fstat(work->target_fd, &st) != 0) {
		(void)error_sys(err, errno, "stat of the target");
	} else if (inside_new(work->target_fd, &made->tree, err) == 0 &&
	           inside_new(work->target_fd, &made->other, err) == 0) {
		made->device = st.st_dev;
		*unpack = made;
		return 0;
	}
	unpack_destroy(&made);
	return -1;
}

void unpack_destroy(struct unpack **unpack)
{
	struct unpack *u = *unpack;

	if (u == NULL)
		return;
	*unpack = NULL;
	if (u->fd >= 0)
		(void)close(u->fd);
	inside_destroy(&u->tree);
	inside_destroy(&u->other);
	link_map_destroy(&u->bad);
	free(u);
}

struct unpack_totals unpack_totals(const struct unpack *unpack)
{
	return unpack->totals;
}

static void complain(struct unpack *u, const char *path, const char *what)
{
	if (u->options.complain != NULL)
		u->options.complain(u->options.context, path, what);
}

static void tell(struct unpack *u, const char *path, const char *what)
{
	if (u->options.tell != NULL)
		u->options.tell(u->options.context, path, what);
}

static int apply(struct unpack *u, int parent_fd, const char *leaf, const struct entry *entry, struct error *err)
{
	struct entry tamed = tame_entry(&u->options.tame, entry, u->kept);
	unsigned lost;

	if (entry_apply_kept(parent_fd, leaf, &tamed, &lost, err) != 0)
		return -1;
	restore_lost_count(&u->totals.lost, lost);
	return 0;
}

/* The folder that path lies in, which may have to be made. */
static int locate(struct unpack *u, const char *path, int *parent_fd, const char **leaf, struct error *err)
{
	return parents_locate(u->tree, path, 0755, parent_fd, leaf, err);
}

static bool is_file_there(int parent_fd, const char *leaf)
{
	struct stat st;

	return fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode);
}

/* 0; else errno. What is replaced is kept, if it is to be; a folder goes there with all in it in any case: a rename does not replace it. What comes in between is not replaced. */
static int put_there(struct unpack *u, const char *name, int parent_fd, const char *leaf, const char *path,
                     struct error *err)
{
	bool keeps = u->options.aside != NULL;
	unsigned flags = keeps || !u->options.replaces ? RENAME_NOREPLACE : 0;

	if (keeps && faccessat(parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!u->options.discards || !is_file_there(parent_fd, leaf)) {
			inside_forget(u->other); /* it may have led through a folder there */
			return restore_aside_swap(u->options.aside, u->work->fd, name, parent_fd, leaf, path, err);
		}
		flags = 0;
	}
	return renameat2(u->work->fd, name, parent_fd, leaf, flags) == 0 ? 0 : errno;
}

/* What is complete in our own folder takes its place in the tree. */
static int place(struct unpack *u, const char *name, const char *path, struct error *err)
{
	int parent_fd;
	const char *leaf;
	int rc = EEXIST;

	if (locate(u, path, &parent_fd, &leaf, err) != 0)
		return -1;
	crash_point("restore-place");
	for (unsigned i = 0; i < PLACE_TRIES && rc == EEXIST; i++) {
		rc = put_there(u, name, parent_fd, leaf, path, err);
		if (rc <= 0)
			return rc;
		if (u->options.aside == NULL)
			break;
	}
	/* A file system that can't do it at one stroke: nobody else works there. */
	if (rc == EINVAL && faccessat(parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
	    renameat(u->work->fd, name, parent_fd, leaf) == 0)
		return 0;
	if (rc == EEXIST || rc == EISDIR || rc == ENOTDIR || rc == EINVAL)
		return error_set(err, ERR_REFUSED,
		                 "\"%.300s\" is there already and is not what the vault has; move it away, or restore "
		                 "into an empty folder",
		                 path);
	return rc == EXDEV ? error_set(err, ERR_REFUSED,
	                               "\"%.300s\" lies on another file system than the target; restore it with a "
	                               "--to of its own",
	                               path)
	                   : error_sys(err, rc, "putting \"%.300s\" in its place", path);
}

/* Before a file that nothing is kept of goes, what takes its place is on the disk. A rename alone does not order that everywhere (XFS). */
static int settle(struct unpack *u, int fd, const char *path, struct error *err)
{
	int parent_fd;
	const char *leaf;

	if (!u->options.discards || locate(u, path, &parent_fd, &leaf, err) != 0)
		return u->options.discards ? -1 : 0;
	if (!is_file_there(parent_fd, leaf) || fsync(fd) == 0)
		return 0;
	return error_sys(err, errno, "syncing \"%.300s\"", path);
}

int unpack_folder(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (*entry->path == '\0')
		return 0;
	if (locate(unpack, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	if (mkdirat(parent_fd, leaf, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, errno, "looking at \"%.300s\"", entry->path);
	if (S_ISDIR(st.st_mode))
		return 0;
	if (unpack->options.aside == NULL)
		return error_set(err, ERR_REFUSED, "\"%.300s\" is there already and is no folder; move it away",
		                 entry->path);
	if (restore_aside_move(unpack->options.aside, parent_fd, leaf, entry->path, err) != 0)
		return -1;
	return mkdirat(parent_fd, leaf, 0700) == 0 ? 0
	                                           : error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
}

void unpack_leave_out(struct unpack *unpack, const struct entry *entry)
{
	char what[512];

	if (entry->type == ENTRY_SYMLINK)
		(void)snprintf(what, sizeof(what), "left out, as it can't be held there: a symlink to %.400s",
		               log_escape(entry->target, unpack->safe, sizeof(unpack->safe)));
	else
		(void)snprintf(what, sizeof(what), "left out, as it can't be held there: a device or pipe");
	tell(unpack, entry->path, what);
}

void unpack_tell_name(struct unpack *unpack, const char *path, const char *place)
{
	char what[512];

	(void)snprintf(what, sizeof(what), "stands there as %.400s",
	               log_escape(place, unpack->safe, sizeof(unpack->safe)));
	tell(unpack, path, what);
}

int unpack_special(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	struct error aside = { .class = ERR_NONE };
	int fd = unpack->work->fd;

	(void)unlinkat(fd, SPECIAL_NAME, 0);
	if (entry_make(fd, SPECIAL_NAME, entry, false, &aside) != 0) {
		if (!entry_not_held(aside.sys)) {
			if (err != NULL)
				*err = aside;
			return -1;
		}
		if (entry->type == ENTRY_SYMLINK)
			unpack->totals.lost.symlinks++;
		else
			unpack->totals.lost.specials++;
		unpack_leave_out(unpack, entry);
		return 0;
	}
	if (apply(unpack, fd, SPECIAL_NAME, entry, err) != 0)
		return error_prefix(err, "\"%.300s\"", entry->path);
	return place(unpack, SPECIAL_NAME, entry->path, err);
}

static bool is_there(struct unpack *u, const char *path)
{
	int parent_fd;
	const char *leaf;

	return inside_parent(u->tree, path, &parent_fd, &leaf, NULL) == 0 &&
	       faccessat(parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static uint64_t key_of(const char *path)
{
	uint8_t sha256[SHA256_BYTES];
	uint64_t key;

	sha256_of(path, strlen(path), sha256);
	memcpy(&key, sha256, sizeof(key));
	return key;
}

static int remember_bad(struct unpack *u, const struct entry *entry, struct error *err)
{
	if (u->options.aside == NULL || entry->links < 2)
		return 0;
	if (u->bad == NULL && link_map_new(&u->bad, err) != 0)
		return -1;
	return link_map_put(u->bad, key_of(entry->path), "", 0, err);
}

/* 1: the file that it should be a name of did not come whole, and what is there stays; 0; -1 */
static int stays(struct unpack *u, const char *path, const char *first, struct error *err)
{
	size_t n;
	int rc;

	if (u->bad == NULL || !is_there(u, path))
		return 0;
	rc = link_map_get(u->bad, key_of(first), NULL, 0, &n, err);
	if (rc == 1)
		complain(u, path, "what is there stays");
	return rc;
}

/* The file that path becomes another name of. */
static int settle_first(struct unpack *u, int first_fd, const char *first_leaf, const char *path, struct error *err)
{
	int fd;
	int rc;

	if (!u->options.discards)
		return 0;
	fd = openat(first_fd, first_leaf, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", path);
	rc = settle(u, fd, path, err);
	(void)close(fd);
	return rc;
}

int unpack_link(struct unpack *unpack, const char *path, const char *first, struct error *err)
{
	struct stat st;
	struct stat first_st;
	int parent_fd;
	int first_fd;
	const char *leaf;
	const char *first_leaf;
	int rc = stays(unpack, path, first, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (locate(unpack, path, &parent_fd, &leaf, err) != 0 ||
	    inside_parent(unpack->other, first, &first_fd, &first_leaf, err) != 0)
		return -1;
	if (fstatat(first_fd, first_leaf, &first_st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, errno, "linking \"%.300s\" to \"%.300s\"", path, first);
	if (S_ISDIR(first_st.st_mode))
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" should be a link to a folder", path);
	unpack->totals.files += S_ISREG(first_st.st_mode);
	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == first_st.st_dev &&
	    st.st_ino == first_st.st_ino)
		return 0;
	if (S_ISREG(first_st.st_mode) && settle_first(unpack, first_fd, first_leaf, path, err) != 0)
		return -1;
	(void)unlinkat(unpack->work->fd, LINK_NAME, 0);
	if (linkat(first_fd, first_leaf, unpack->work->fd, LINK_NAME, 0) != 0)
		return error_sys(err, errno, "linking \"%.300s\"", path);
	return place(unpack, LINK_NAME, path, err);
}

int unpack_meta(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (inside_parent(unpack->tree, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	/* What is mounted there is not what was backed up: of that only the folder below came along. */
	if (entry->type == ENTRY_FOLDER && fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev != unpack->device)
		return 0;
	/* Its content would be new, and its time that of the old one, by which the next backup may pass over it. */
	if (entry->type == ENTRY_FILE && unpack->options.aside != NULL &&
	    fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_ctim.tv_sec != entry->ctime_s || (uint32_t)st.st_ctim.tv_nsec != entry->ctime_ns)) {
		complain(unpack, entry->path, "something has changed it meanwhile, so it is left as it is; once more?");
		return 0;
	}
	return apply(unpack, parent_fd, leaf, entry, err);
}

/* Of another content, or of another file, there is another part. */
static void part_name(const struct entry *entry, const uint8_t sha256[32], char name[PART_NAME_SIZE])
{
	uint8_t digest[SHA256_BYTES];
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, entry->path, strlen(entry->path) + 1);
	sha256_update(&sha, &entry->size_bytes, sizeof(entry->size_bytes));
	sha256_update(&sha, sha256, 32);
	sha256_so_far(&sha, digest);
	(void)snprintf(name, PART_NAME_SIZE, "part-");
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(name + 5 + 2 * i, PART_NAME_SIZE - 5 - 2 * i, "%02x", digest[i]);
}

uint64_t unpack_part_bytes(const struct restore_work *work, const struct entry *entry, const uint8_t sha256[32])
{
	char name[PART_NAME_SIZE];
	struct stat st;

	if (work->fd < 0)
		return 0;
	part_name(entry, sha256, name);
	return fstatat(work->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

/* What is there of it goes into the hash. */
static int hash_part(struct unpack *u, uint64_t bytes, struct error *err)
{
	while (u->written < bytes) {
		uint64_t left = bytes - u->written;
		ssize_t n = pread(u->fd, u->piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, (off_t)u->written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_sys(err, n < 0 ? errno : EIO, "reading what is there of \"%.300s\"",
			                 u->entry->path);
		sha256_update(&u->sha, u->piece, (size_t)n);
		u->written += (uint64_t)n;
		if (u->options.busy != NULL && u->options.busy(u->options.context, err) != 0)
			return -1;
	}
	return 0;
}

int unpack_file_begin(struct unpack *unpack, const struct entry *entry, const uint8_t sha256[32], uint64_t at,
                      struct error *err)
{
	unpack->entry = entry;
	unpack->began_at = at;
	unpack->written = 0;
	unpack->too_long = unpack->with_own = false;
	part_name(entry, sha256, unpack->part);
	unpack->fd = openat(unpack->work->fd, unpack->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (unpack->fd < 0 || ftruncate(unpack->fd, (off_t)at) != 0)
		return error_sys(err, errno, "beginning \"%.300s\"", entry->path);
	sha256_init(&unpack->sha);
	return hash_part(unpack, at, err);
}

static bool all_zero(const uint8_t *data, size_t len_bytes)
{
	return data[0] == 0 && memcmp(data, data + 1, len_bytes - 1) == 0;
}

static int write_data(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err)
{
	bool sparse = (unpack->entry->flags & ENTRY_SPARSE) != 0;

	/* It does not fill the disk with what nobody counted on. */
	if (len_bytes > unpack->entry->size_bytes - unpack->written) {
		unpack->too_long = true;
		len_bytes = (size_t)(unpack->entry->size_bytes - unpack->written);
	}
	sha256_update(&unpack->sha, data, len_bytes);
	while (len_bytes != 0) {
		size_t piece = HOLE_BYTES - (size_t)(unpack->written % HOLE_BYTES);
		ssize_t n;

		if (!sparse || piece > len_bytes)
			piece = len_bytes;
		n = sparse && all_zero(data, piece) ? (ssize_t)piece
		                                    : pwrite(unpack->fd, data, piece, (off_t)unpack->written);
		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "writing \"%.300s\"", unpack->entry->path);
		if (n > 0) {
			data += n;
			len_bytes -= (size_t)n;
			unpack->written += (uint64_t)n;
		}
	}
	/* A hole counts as well, should it go on from here another time. */
	if (sparse && ftruncate(unpack->fd, (off_t)unpack->written) != 0)
		return error_sys(err, errno, "writing \"%.300s\"", unpack->entry->path);
	crash_point("restore-data");
	return 0;
}

int unpack_data(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (unpack->entry == NULL)
		return error_set(err, ERR_PROTOCOL, "FETCH_DATA outside a file");
	unpack->totals.bytes += len_bytes;
	return write_data(unpack, data, len_bytes, err);
}

int unpack_own(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err)
{
	unpack->with_own = true;
	return write_data(unpack, data, len_bytes, err);
}

/* The file under way is complete, with what there is of it. */
static int close_file(struct unpack *u, bool bad, struct error *err)
{
	const struct entry *entry = u->entry;
	int rc =
	        ftruncate(u->fd, (off_t)u->written) == 0 ? 0 : error_sys(err, errno, "writing \"%.300s\"", entry->path);

	if (rc == 0)
		rc = settle(u, u->fd, entry->path, err);
	if (close(u->fd) != 0 && rc == 0)
		rc = error_sys(err, errno, "closing \"%.300s\"", entry->path);
	u->fd = -1;
	u->entry = NULL;
	if (rc == 0 && bad)
		rc = remember_bad(u, entry, err);
	/* What is there is better than what is known to be wrong. */
	if (rc == 0 && bad && u->options.aside != NULL && is_there(u, entry->path)) {
		complain(u, entry->path, "what is there stays");
		(void)unlinkat(u->work->fd, u->part, 0);
		return 0;
	}
	if (rc != 0 || apply(u, u->work->fd, u->part, entry, err) != 0 ||
	    (bad && restore_work_bad(u->work, entry->path, err) != 0))
		return -1;
	u->totals.files++;
	return place(u, u->part, entry->path, err);
}

int unpack_file_end(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err)
{
	uint8_t have[SHA256_BYTES];
	const uint8_t *recorded;
	uint64_t size_bytes;
	struct decoder d;
	bool good;

	if (unpack->entry == NULL)
		return error_set(err, ERR_PROTOCOL, "FETCH_FILE_END outside a file");
	decoder_init(&d, payload, len_bytes);
	recorded = get_raw(&d, 32);
	size_bytes = get_u64(&d);
	if (codec_done(&d, "FETCH_FILE_END", err) != 0)
		return -1;
	sha256_so_far(&unpack->sha, have);
	good = !unpack->too_long && size_bytes == unpack->written && memcmp(have, recorded, 32) == 0;
	if (!good && size_bytes != WIRE_FETCH_UNREADABLE && (unpack->began_at != 0 || unpack->with_own)) {
		(void)close(unpack->fd);
		unpack->fd = -1;
		unpack->entry = NULL;
		return 1;
	}
	if (size_bytes == WIRE_FETCH_UNREADABLE) {
		unpack->totals.missing++;
		complain(unpack, unpack->entry->path,
		         "the vault's disk could not read it; what came before the fault is kept");
	} else if (!good) {
		unpack->totals.damaged++;
		complain(unpack, unpack->entry->path, "its content is not what was recorded when it was backed up");
	}
	return close_file(unpack, !good, err);
}

int unpack_sync(struct unpack *unpack, struct error *err)
{
	return syncfs(unpack->work->target_fd) == 0 ? 0 : error_sys(err, errno, "syncing the target");
}
