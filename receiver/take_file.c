#include "receiver/take_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/entry.h"
#include "lib/sha256.h"
#include "receiver/apply.h"
#include "receiver/hash_tag.h"
#include "receiver/only_copy.h"
#include "receiver/part_writer.h"

#define PIECE_BYTES ((size_t)1 << 20)
#define PUSH_BYTES (UINT64_C(8) << 20)

int take_file_init(struct take_file *take, struct error *err)
{
	write_out_init(&take->write_out);
	take->piece = malloc(PIECE_BYTES);
	if (take->piece == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return flusher_new(take->incoming->tree_fd, &take->flusher, err);
}

void take_file_done(struct take_file *take)
{
	flusher_destroy(&take->flusher);
	write_out_done(&take->write_out);
	free(take->piece);
	take->piece = NULL;
}

/* A file on its way. */
struct passing {
	struct take_file *take;
	int in_fd, out_fd; /* out_fd -1: it is only read */
	struct sha256 sha;
	struct part_writer writer;
	uint64_t pushed;
	bool unreadable; /* what failed was reading */
	bool hollow;     /* … it has too many holes */
};

static int pass_data(struct passing *p, off_t from, off_t to, struct error *err)
{
	struct take_file *take = p->take;

	while (from < to) {
		size_t want = to - from < (off_t)PIECE_BYTES ? (size_t)(to - from) : PIECE_BYTES;
		ssize_t n = pread(p->in_fd, take->piece, want, from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			p->unreadable = true;
			return n < 0 ? error_sys(err, errno, "reading")
			             : error_set(err, ERR_IO, "it became shorter while it was read");
		}
		sha256_update(&p->sha, take->piece, (size_t)n);
		if (p->out_fd >= 0 && part_writer_data(&p->writer, take->piece, (size_t)n, err) != 0)
			return -1;
		if (p->out_fd >= 0 && p->writer.at - p->pushed >= PUSH_BYTES) {
			write_out_begin(&take->write_out, p->out_fd, p->pushed, p->writer.at - p->pushed);
			p->pushed = p->writer.at;
		}
		from += n;
		take->bar->done += (uint64_t)n;
		progress_show(take->bar);
	}
	return 0;
}

/* Zeros count for the hash, and take no room. */
static int pass_hole(struct passing *p, uint64_t len_bytes, struct error *err)
{
	uint64_t left = len_bytes;

	if (len_bytes > ENTRY_FILE_MOST_BYTES - p->take->hole_bytes) {
		p->hollow = true;
		return error_set(err, ERR_DAMAGED, "too many holes");
	}
	p->take->hole_bytes += len_bytes;
	memset(p->take->piece, 0, PIECE_BYTES);
	while (left != 0) {
		size_t n = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		sha256_update(&p->sha, p->take->piece, n);
		left -= n;
	}
	p->take->bar->done += len_bytes;
	progress_show(p->take->bar);
	return p->out_fd >= 0 ? part_writer_hole(&p->writer, len_bytes, err) : 0;
}

static int pass_content(struct passing *p, off_t size, struct error *err)
{
	off_t at = 0;

	part_writer_begin(&p->writer, p->out_fd, -1, 0, false);
	while (at < size) {
		off_t data = lseek(p->in_fd, at, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno == ENXIO)
			data = size; /* a hole to the end */
		if (data < 0) {      /* a file system that knows of none */
			data = at;
			hole = size;
		} else {
			hole = data < size ? lseek(p->in_fd, data, SEEK_HOLE) : size;
		}
		if (hole <= data)
			hole = size;
		if (data > size)
			data = size;
		if (hole > size)
			hole = size;
		if ((data > at && pass_hole(p, (uint64_t)(data - at), err) != 0) || pass_data(p, data, hole, err) != 0)
			return -1;
		at = hole;
	}
	if (p->out_fd < 0)
		return 0;
	if (part_writer_flush(&p->writer, err) != 0)
		return -1;
	/* A hole at the end. */
	return ftruncate(p->out_fd, size) == 0 ? 0 : error_sys(err, errno, "setting the size");
}

static int hash(struct passing *p, off_t size, uint8_t sha256[HASH_TAG_BYTES], struct error *err)
{
	sha256_init(&p->sha);
	if (pass_content(p, size, err) != 0)
		return -1;
	sha256_so_far(&p->sha, sha256);
	return 0;
}

/* Was it written to while it was read? */
static int same_still(int fd, const struct stat *before, const char *path, struct error *err)
{
	struct stat now;

	if (fstat(fd, &now) != 0)
		return error_sys(err, errno, "stat of \"%.300s\"", path);
	if (now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return 0;
	return error_set(err, ERR_BUSY, "\"%.300s\" was written to while it was read; see that nothing writes there",
	                 path);
}

static const char *wrong_with(const struct take_file *take, int in_fd, const uint8_t sha256[HASH_TAG_BYTES])
{
	uint8_t recorded[HASH_TAG_BYTES];

	if (!hash_tag_get(in_fd, recorded))
		return take->recorded ? "it carries no hash" : NULL;
	return memcmp(recorded, sha256, HASH_TAG_BYTES) == 0 ? NULL : "its content is not what its recorded hash says";
}

/* By rename, so that at each moment it lies in the one place or in the other. Its hash is with it before. */
static int take_away(struct take_file *take, int from_fd, const char *name, int in_fd, const struct entry *entry,
                     const uint8_t sha256[HASH_TAG_BYTES], struct error *err)
{
	struct incoming *in = take->incoming;
	struct stat old;
	struct stat now;
	int parent_fd;
	const char *leaf;
	bool there;

	if (hash_tag_set(in_fd, sha256, NULL) != 0 || !hash_tag_is(in_fd, sha256))
		return error_set(err, ERR_IO, "\"%.300s\" can't be given its hash; take it up without --move",
		                 entry->path);
	if (!take->marked && only_copy_mark(in->vault, in->fd, in->record.source, err) != 0)
		return -1;
	take->marked = true;
	if (inside_parent(in->tree, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	there = fstatat(parent_fd, leaf, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return error_sys(err, errno, "stat of \"%.300s\"", entry->path);
	if (there && S_ISDIR(old.st_mode)) {
		if (apply_remove(in, entry->path, err) != 0 ||
		    inside_parent(in->tree, entry->path, &parent_fd, &leaf, err) != 0)
			return -1;
		there = false;
	}
	if (fstat(in_fd, &now) != 0 || only_copy_move(from_fd, name, parent_fd, leaf, from_fd) != 0)
		return error_sys(err, errno, "moving \"%.300s\"", entry->path);
	tally_put(&in->tally, there ? &old : NULL, &now, 0);
	take->moved_bytes += (uint64_t)now.st_size;
	return 0;
}

/* 1: it is a copy that shares its blocks; 0: that can't be. */
static int share(struct take_file *take, int in_fd, int out_fd)
{
	if (take->sharing == SHARING_FAILS)
		return 0;
	if (ioctl(out_fd, FICLONE, in_fd) == 0) {
		take->sharing = SHARING_WORKS;
		return 1;
	}
	/* Where it works at all, there may be files that it does not work for. */
	if (take->sharing == SHARING_UNKNOWN && (errno == EXDEV || errno == EOPNOTSUPP || errno == ENOTTY))
		take->sharing = SHARING_FAILS;
	return 0;
}

static int put(struct take_file *take, int out_fd, const struct entry *entry, const uint8_t sha256[HASH_TAG_BYTES],
               struct error *err)
{
	struct incoming *in = take->incoming;
	struct stat now;

	if (hash_tag_set(out_fd, sha256, err) != 0 ||
	    entry_apply(in->parts_fd, in->aside, entry, in->vault->fake_super, err) != 0)
		return -1;
	if (fstat(out_fd, &now) != 0)
		return error_sys(err, errno, "stat of \"%.300s\"", entry->path);
	return apply_put(in, in->aside, entry->path, &now, 0, err);
}

/* What both ways have in common. out_fd -1: taken away. */
static int take_open(struct take_file *take, int from_fd, const char *name, int in_fd, int out_fd,
                     const struct stat *st, const struct entry *entry, enum take_file_result *result, const char **why,
                     struct error *err)
{
	struct passing p = { .take = take, .in_fd = in_fd, .out_fd = out_fd };
	uint8_t sha256[HASH_TAG_BYTES];
	bool shared = out_fd >= 0 && share(take, in_fd, out_fd) == 1;

	if (shared)
		p.out_fd = -1;
	if (hash(&p, st->st_size, sha256, err) != 0) {
		if (p.hollow) {
			*result = TAKE_FILE_DAMAGED;
			*why = "it has holes of more than " ENTRY_FILE_MOST_TEXT
			       ", with those of the files before it, which nobody can "
			       "wait for to be hashed";
			return 0;
		}
		*result = p.unreadable ? TAKE_FILE_UNREADABLE : TAKE_FILE_TAKEN;
		return p.unreadable ? 0 : error_prefix(err, "\"%.300s\"", entry->path);
	}
	if (same_still(in_fd, st, entry->path, err) != 0)
		return -1;
	*why = wrong_with(take, in_fd, sha256);
	if (*why != NULL) {
		*result = TAKE_FILE_DAMAGED;
		return 0;
	}
	if (out_fd < 0)
		return take_away(take, from_fd, name, in_fd, entry, sha256, err);
	*(shared ? &take->shared_bytes : &take->copied_bytes) += (uint64_t)st->st_size;
	return put(take, out_fd, entry, sha256, err);
}

/* Only what nobody else has by another name, out of a folder that may be written to, and only where it can't be shared; and never without its hash: after a restart, what has none is taken for torn, and removed. */
static bool goes_away(struct take_file *take, int from_fd, int in_fd, const struct stat *st)
{
	int probe_fd;
	struct stat there;

	if (!take->move || entry_names(st) != 1 || fstat(take->incoming->tree_fd, &there) != 0 ||
	    there.st_dev != st->st_dev || !hash_tag_may_set(in_fd) || faccessat(from_fd, ".", W_OK, AT_EACCESS) != 0)
		return false;
	if (take->sharing != SHARING_UNKNOWN)
		return take->sharing == SHARING_FAILS;
	probe_fd = openat(take->incoming->parts_fd, take->incoming->aside,
	                  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (probe_fd < 0)
		return false;
	(void)share(take, in_fd, probe_fd);
	(void)close(probe_fd);
	(void)incoming_aside(take->incoming, NULL);
	return take->sharing == SHARING_FAILS;
}

int take_file_take(struct take_file *take, int from_fd, const char *name, const struct entry *entry,
                   enum take_file_result *result, const char **why, struct error *err)
{
	int in_fd = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int out_fd = -1;
	struct stat st;
	int rc = -1;

	*result = TAKE_FILE_TAKEN;
	*why = NULL;
	if (in_fd < 0) {
		(void)error_sys(err, errno, "opening \"%.300s\"", entry->path);
		*result = err != NULL && err->class == ERR_IO ? TAKE_FILE_UNREADABLE : TAKE_FILE_TAKEN;
		return *result == TAKE_FILE_UNREADABLE ? 0 : -1;
	}
	if (fstat(in_fd, &st) != 0)
		(void)error_sys(err, errno, "stat of \"%.300s\"", entry->path);
	else if (!S_ISREG(st.st_mode) || st.st_ino != entry->inode)
		(void)error_set(err, ERR_BUSY, "\"%.300s\" was replaced while it was read", entry->path);
	else if (incoming_aside(take->incoming, err) == 0)
		rc = 0;
	if (rc == 0 && !goes_away(take, from_fd, in_fd, &st)) {
		out_fd = openat(take->incoming->parts_fd, take->incoming->aside,
		                O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (out_fd < 0)
			rc = error_sys(err, errno, "making a file for \"%.300s\"", entry->path);
	}
	if (rc == 0)
		rc = take_open(take, from_fd, name, in_fd, out_fd, &st, entry, result, why, err);
	crash_point("taken"); /* killed here: what is in the tree is passed over by the next attempt */
	(void)posix_fadvise(in_fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)close(in_fd);
	if (out_fd >= 0 && close(out_fd) != 0 && rc == 0)
		rc = error_sys(err, errno, "closing \"%.300s\"", entry->path);
	if (rc == 0 && flusher_due(take->flusher))
		rc = flusher_ask(take->flusher, err);
	return rc;
}
