#include "receiver/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <librsync.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "receiver/apply.h"
#include "receiver/basis.h"
#include "receiver/file_copy.h"
#include "receiver/flusher.h"
#include "receiver/part_writer.h"
#include "receiver/hash_tag.h"
#include "receiver/write_out.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

#define OUT_BYTES 131072u
#define LEFT_MOST 65536u  /* delta bytes that librsync may leave for the next piece */
#define COPIES_MOST 64u   /* of one piece that comes out of librsync; what is over is written, not shared */
#define FLUSH_RUN 131072u /* content between two looks at the clock inside a file */
#define PUSH_RUN (UINT64_C(8) << 20)
#define PUSH_LEAST (UINT64_C(1) << 20)
#define ZEROS_BYTES 65536u
#define LOOK_RUN (UINT64_C(1) << 20) /* of a hole, between two looks whether anybody is there */
#define READ_AHEAD (8 << 20)

enum from { FROM_NOTHING, FROM_SIGNED, FROM_TREE };

/* A range of `out` that librsync copied from the basis. */
struct copied {
	size_t at, len_bytes;
	uint64_t from;
};

struct file_sink {
	struct incoming *incoming;
	struct entry_memory memory; /* holds what entry's pointers lead to */
	struct entry entry;
	char part[BASIS_NAME_SIZE];
	struct basis basis;
	struct error basis_err; /* what went wrong inside librsync's callback */
	int fd;                 /* the part; -1: no file under way */
	struct part_writer writer;
	bool had_parts; /* an earlier connection left some */
	rs_job_t *job;  /* of the delta under way; NULL: none */
	struct sha256 sha;
	char hashed[BASIS_NAME_SIZE]; /* the part that PART_WANT asked for, whose bytes sha has seen; "" */
	uint64_t hashed_bytes;
	struct flusher *flusher;
	struct write_out write_out;
	uint64_t since_flush;
	uint64_t pushed; /* of the file under way: the kernel is writing it out up to here */
	/* Of the old content, in the new one so far, and up to where of the old. Only what comes in its order counts: copied here and there, a few old bytes
	 * could be made into anything. */
	uint64_t kept_bytes, kept_to;
	struct copied copied[COPIES_MOST];
	size_t n_copied;
	uint8_t left[LEFT_MOST + WIRE_DATA_MAX];
	size_t left_bytes;
	uint8_t out[OUT_BYTES];
};

/* True also if that can't be told. */
static bool has_parts(const struct incoming *incoming)
{
	struct basis_parts *parts;
	struct basis_part part;
	bool any;

	if (basis_parts_open(incoming, &parts, NULL) != 0)
		return true;
	any = basis_parts_next(parts, &part, NULL) != 0;
	basis_parts_close(&parts);
	return any;
}

int file_sink_new(struct incoming *incoming, struct file_sink **sink, struct error *err)
{
	struct file_sink *made = calloc(1, sizeof(*made));

	*sink = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->incoming = incoming;
	made->fd = -1;
	write_out_init(&made->write_out);
	made->basis = (struct basis){ .part_fd = -1, .tree_fd = -1 };
	entry_memory_init(&made->memory);
	made->had_parts = has_parts(incoming);
	if (flusher_new(incoming->tree_fd, &made->flusher, err) != 0) {
		file_sink_destroy(&made);
		return -1;
	}
	*sink = made;
	return 0;
}

bool file_sink_busy(const struct file_sink *sink)
{
	return sink->fd >= 0;
}

static void end_job(struct file_sink *sink)
{
	if (sink->job == NULL)
		return;
	sink->incoming->record.new_bytes += (uint64_t)rs_job_statistics(sink->job)->lit_bytes;
	(void)rs_job_free(sink->job);
	sink->job = NULL;
}

/* What came of a file that is not whole stays, as long as it is: the next connection goes on behind it. */
static void keep_part(struct file_sink *sink)
{
	struct error aside = { .class = ERR_NONE };

	(void)snprintf(sink->incoming->tally.part, sizeof(sink->incoming->tally.part), "%s", sink->part);
	sink->incoming->tally.kept_bytes = sink->kept_bytes;
	sink->incoming->tally.kept_to = sink->kept_to;
	if (part_writer_flush(&sink->writer, &aside) != 0 || ftruncate(sink->fd, (off_t)sink->writer.at) != 0)
		log_error(LOG_INFO, &aside, "what came of \"%.300s\" is shorter on the disk", sink->entry.path);
}

static void put_away(struct file_sink *sink)
{
	end_job(sink);
	basis_close(&sink->basis);
	if (sink->fd >= 0)
		(void)close(sink->fd);
	sink->fd = -1;
	sink->left_bytes = 0;
	sink->hashed[0] = '\0';
}

void file_sink_destroy(struct file_sink **sink)
{
	if (*sink == NULL)
		return;
	if ((*sink)->fd >= 0)
		keep_part(*sink);
	put_away(*sink);
	write_out_done(&(*sink)->write_out);
	flusher_destroy(&(*sink)->flusher);
	entry_memory_done(&(*sink)->memory);
	free(*sink);
	*sink = NULL;
}

/* [from, from + len_bytes) of the old content has come into the new one. */
static void keep(struct file_sink *sink, uint64_t from, uint64_t len_bytes)
{
	uint64_t begin = from > sink->kept_to ? from : sink->kept_to;

	/* Of a basis that begins with a part, nobody knows what is old. */
	if (sink->basis.part_fd >= 0 || from + len_bytes <= begin)
		return;
	sink->kept_bytes += from + len_bytes - begin;
	sink->kept_to = from + len_bytes;
}

/* librsync's: fill *buf with at most *len bytes of the old content from pos on. It reads into `out` itself, so we know what of it is a copy. */
static rs_result read_basis(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
	struct file_sink *sink = opaque;
	uint8_t *to = *buf;
	int64_t n = pos < 0 ? 0 : basis_read(&sink->basis, (uint64_t)pos, to, *len, &sink->basis_err);

	if (n < 0)
		return RS_IO_ERROR;
	*len = (size_t)n;
	keep(sink, (uint64_t)pos, (uint64_t)n);
	if (sink->n_copied < COPIES_MOST && to >= sink->out && to < sink->out + OUT_BYTES)
		sink->copied[sink->n_copied++] = (struct copied){ .at = (size_t)(to - sink->out),
			                                          .len_bytes = (size_t)n,
			                                          .from = (uint64_t)pos };
	return n == 0 ? RS_INPUT_ENDED : RS_DONE;
}

/* The part of an earlier connection, from the byte on behind which the client goes on. It was hashed for PART_HASH. */
static int reopen_part(struct file_sink *sink, uint64_t at, struct error *err)
{
	struct tally *tally = &sink->incoming->tally;

	if (strcmp(sink->hashed, sink->part) != 0 || sink->hashed_bytes != at)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" goes on where nothing was asked for", sink->entry.path);
	sink->fd = openat(sink->incoming->parts_fd, sink->part, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (sink->fd < 0 || ftruncate(sink->fd, (off_t)at) != 0)
		return error_sys(err, errno, "going on with \"%.300s\"", sink->entry.path);
	if (strcmp(tally->part, sink->part) == 0) {
		sink->kept_bytes = tally->kept_bytes < at ? tally->kept_bytes : at;
		sink->kept_to = tally->kept_to;
	}
	return 0;
}

static int create_part(struct file_sink *sink, enum from from, struct error *err)
{
	const char *path = sink->entry.path;

	if (sink->had_parts && basis_keep(sink->incoming, path, err) != 0)
		return -1;
	if (from == FROM_SIGNED && basis_open(sink->incoming, path, &sink->basis, err) != 0)
		return -1;
	/* A part that is longer than the file is now is of little use, and takes room that the file may need. */
	if (sink->had_parts && basis_drop_old(sink->incoming, path, sink->entry.size_bytes, err) != 0)
		return -1;
	sink->fd =
	        openat(sink->incoming->parts_fd, sink->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (sink->fd < 0)
		return error_sys(err, errno, "beginning \"%.300s\"", path);
	sha256_init(&sink->sha);
	return 0;
}

int file_sink_begin(struct file_sink *sink, const uint8_t *payload, size_t len_bytes, struct error *err)
{
	struct decoder d;
	enum from from;
	uint64_t at;
	int clone_fd;

	if (sink->fd >= 0)
		return error_set(err, ERR_PROTOCOL, "FILE_BEGIN inside another file");
	decoder_init(&d, payload, len_bytes);
	from = (enum from)get_u8(&d);
	at = get_u64(&d);
	get_entry(&d, &sink->memory, &sink->entry);
	if (codec_done(&d, "FILE_BEGIN", err) != 0)
		return -1;
	if (sink->entry.type != ENTRY_FILE || *sink->entry.path == '\0' || from > FROM_TREE ||
	    at > sink->entry.size_bytes)
		return error_set(err, ERR_PROTOCOL, "FILE_BEGIN for something that is no file");
	if (sink->entry.size_bytes > ENTRY_FILE_MOST_BYTES)
		return error_set(err, ERR_INPUT,
		                 "\"%.300s\" is larger than the " ENTRY_FILE_MOST_TEXT " that a file may have",
		                 sink->entry.path);
	sink->kept_bytes = sink->kept_to = 0;
	basis_part_name(sink->entry.path, sink->part);
	if (incoming_allows(sink->incoming, sink->entry.path, err) != 0 ||
	    (at != 0 ? reopen_part(sink, at, err) : create_part(sink, from, err)) != 0 ||
	    (from == FROM_TREE && basis_open_tree(sink->incoming, sink->entry.path, &sink->basis, err) != 0))
		return -1;
	error_clear(&sink->basis_err);
	sink->pushed = at;
	/* Read while the delta is on its way. */
	if (sink->basis.tree_fd >= 0)
		(void)posix_fadvise(sink->basis.tree_fd, (off_t)at, READ_AHEAD, POSIX_FADV_WILLNEED);
	clone_fd = sink->basis.part_fd < 0 && sink->incoming->vault->strategy != STRATEGY_HARDLINK ? sink->basis.tree_fd
	                                                                                           : -1;
	part_writer_begin(&sink->writer, sink->fd, clone_fd, at, (sink->entry.flags & ENTRY_SPARSE) != 0);
	return 0;
}

/* The disk is full. If the file would fit in the place of its own kept part, that goes, and the next attempt has its room. Returns -1. */
static int make_room(struct file_sink *sink)
{
	struct statvfs fs;
	uint64_t free_bytes;

	if (fstatvfs(sink->fd, &fs) != 0)
		return -1;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize + sink->writer.at;
	if (free_bytes < sink->entry.size_bytes && free_bytes + sink->basis.part_bytes >= sink->entry.size_bytes)
		(void)basis_drop_old(sink->incoming, sink->entry.path, 0, NULL);
	return -1;
}

static int wrote(struct file_sink *sink, int rc, struct error *err)
{
	if (rc == 0)
		return 0;
	error_prefix(err, "\"%.300s\"", sink->entry.path);
	return err->class == ERR_SPACE ? make_room(sink) : -1;
}

static int fits(const struct file_sink *sink, uint64_t len_bytes, struct error *err)
{
	return len_bytes <= sink->entry.size_bytes - sink->writer.at
	               ? 0
	               : error_set(err, ERR_PROTOCOL,
	                           "\"%.300s\": more content than the %llu bytes that were announced", sink->entry.path,
	                           (unsigned long long)sink->entry.size_bytes);
}

/* What came out of librsync: new bytes, and between them what it copied. */
static int take(struct file_sink *sink, size_t len_bytes, struct error *err)
{
	size_t at = 0;
	int rc = 0;

	if (fits(sink, len_bytes, err) != 0)
		return -1;
	sha256_update(&sink->sha, sink->out, len_bytes);
	sink->since_flush += len_bytes;
	for (size_t i = 0; i < sink->n_copied && rc == 0; i++) {
		const struct copied *c = &sink->copied[i];

		rc = part_writer_data(&sink->writer, sink->out + at, c->at - at, err);
		if (rc == 0)
			rc = part_writer_copy(&sink->writer, sink->out + c->at, c->from, c->len_bytes, err);
		at = c->at + c->len_bytes;
	}
	if (rc == 0)
		rc = part_writer_data(&sink->writer, sink->out + at, len_bytes - at, err);
	sink->n_copied = 0;
	return wrote(sink, rc, err);
}

/* Runs the patch over what lies in left, until it wants more, or the delta is whole. eof: nothing more comes. */
static int run(struct file_sink *sink, bool eof, struct error *err)
{
	rs_buffers_t b = { .next_in = (char *)sink->left, .avail_in = sink->left_bytes, .eof_in = eof };
	rs_result result = RS_BLOCKED;

	while (result != RS_DONE) {
		size_t before = b.avail_in;

		b.next_out = (char *)sink->out;
		b.avail_out = OUT_BYTES;
		result = rs_job_iter(sink->job, &b);
		if (result != RS_DONE && result != RS_BLOCKED) {
			if (sink->basis_err.class != ERR_NONE) {
				*err = sink->basis_err;
				return -1;
			}
			return error_set(err, ERR_PROTOCOL, "\"%.300s\": its delta can't be applied: %s",
			                 sink->entry.path, rs_strerror(result));
		}
		if (take(sink, OUT_BYTES - b.avail_out, err) != 0)
			return -1;
		if (b.avail_out == OUT_BYTES && b.avail_in == before)
			break; /* it wants more than there is */
	}
	if (b.avail_in > LEFT_MOST || (result == RS_DONE && b.avail_in != 0))
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": bytes behind the end of its delta", sink->entry.path);
	memmove(sink->left, b.next_in, b.avail_in);
	sink->left_bytes = b.avail_in;
	if (result == RS_DONE)
		end_job(sink);
	return 0;
}

/* Large files begin to be written out while more arrives: the sync before publishing finds little left. */
static void push_out(struct file_sink *sink, uint64_t least)
{
	if (sink->writer.at - sink->pushed < least)
		return;
	write_out_begin(&sink->write_out, sink->fd, sink->pushed, sink->writer.at - sink->pushed);
	sink->pushed = sink->writer.at;
}

/* What has come is on the disk within ten seconds. */
static int checkpoint(struct file_sink *sink, struct error *err)
{
	if (sink->since_flush < FLUSH_RUN && sink->fd >= 0)
		return 0;
	sink->since_flush = 0;
	if (sink->fd >= 0)
		push_out(sink, PUSH_RUN);
	if (!flusher_due(sink->flusher))
		return 0;
	if (sink->fd >= 0 && wrote(sink, part_writer_flush(&sink->writer, err), err) != 0)
		return -1;
	return flusher_ask(sink->flusher, err);
}

int file_sink_delta(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (sink->fd < 0)
		return error_set(err, ERR_PROTOCOL, "FILE_DELTA without FILE_BEGIN");
	if (len_bytes > WIRE_DATA_MAX)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": too much at once", sink->entry.path);
	if (sink->job == NULL) {
		sink->job = rs_patch_begin(read_basis, sink);
		if (sink->job == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
	}
	memcpy(sink->left + sink->left_bytes, data, len_bytes);
	sink->left_bytes += len_bytes;
	return run(sink, false, err) == 0 ? checkpoint(sink, err) : -1;
}

int file_sink_data(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (sink->fd < 0 || sink->job != NULL)
		return error_set(err, ERR_PROTOCOL, "FILE_DATA inside a delta, or without a file");
	if (fits(sink, len_bytes, err) != 0)
		return -1;
	sha256_update(&sink->sha, data, len_bytes);
	sink->since_flush += len_bytes;
	sink->incoming->record.new_bytes += len_bytes;
	return wrote(sink, part_writer_data(&sink->writer, data, len_bytes, err), err) == 0 ? checkpoint(sink, err)
	                                                                                    : -1;
}

/* A hole costs no room, but its hash takes time: 4 TiB are hours, and a client can claim 2^63. */
static int hash_zeros(struct file_sink *sink, uint64_t len_bytes, const struct wire *wire, struct error *err)
{
	static uint8_t zeros[ZEROS_BYTES]; /* never written; const, it would take that room in the executable as well */

	for (uint64_t done = 0; done < len_bytes;) {
		size_t n = len_bytes - done < sizeof(zeros) ? (size_t)(len_bytes - done) : sizeof(zeros);

		if (wire != NULL && done != 0 && done % LOOK_RUN == 0 && wire_other_gone(wire))
			return error_set(err, ERR_LINK, "the client went away inside a hole");
		sha256_update(&sink->sha, zeros, n);
		done += n;
	}
	return 0;
}

/* A hole that the old file has at the same place is old content, too. */
static void keep_hole(struct file_sink *sink, uint64_t hole_bytes)
{
	uint64_t end = sink->writer.at + hole_bytes;
	struct stat old;
	off_t data;

	if (sink->basis.tree_fd < 0 || fstat(sink->basis.tree_fd, &old) != 0 || (uint64_t)old.st_size < end)
		return;
	data = lseek(sink->basis.tree_fd, (off_t)sink->writer.at, SEEK_DATA);
	if (data < 0 ? errno == ENXIO : (uint64_t)data >= end)
		keep(sink, sink->writer.at, hole_bytes);
}

int file_sink_hole(struct file_sink *sink, const uint8_t *payload, size_t len_bytes, const struct wire *wire,
                   struct error *err)
{
	struct decoder d;
	uint64_t hole_bytes;

	decoder_init(&d, payload, len_bytes);
	hole_bytes = get_u64(&d);
	if (codec_done(&d, "FILE_HOLE", err) != 0)
		return -1;
	if (sink->fd < 0 || sink->job != NULL)
		return error_set(err, ERR_PROTOCOL, "FILE_HOLE inside a delta, or without a file");
	if (fits(sink, hole_bytes, err) != 0)
		return -1;
	keep_hole(sink, hole_bytes);
	if (part_writer_hole(&sink->writer, hole_bytes, err) != 0)
		return -1;
	return hash_zeros(sink, hole_bytes, wire, err);
}

int file_sink_part(struct file_sink *sink, const char *path, struct ticker *ticker, uint64_t *bytes, uint8_t sha256[32],
                   struct error *err)
{
	int fd;
	int rc;

	memset(sha256, 0, 32);
	*bytes = 0;
	sink->hashed[0] = '\0';
	if (sink->fd >= 0)
		return error_set(err, ERR_PROTOCOL, "PART_WANT inside a file");
	basis_part_name(path, sink->part);
	if (basis_restore(sink->incoming, path, err) != 0)
		return -1;
	fd = openat(sink->incoming->parts_fd, sink->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "opening a part of \"%.300s\"", path);
	rc = file_copy_hash(fd, &sink->sha, ticker, bytes, err);
	(void)close(fd);
	if (rc != 0)
		return -1;
	(void)snprintf(sink->hashed, sizeof(sink->hashed), "%s", sink->part);
	sink->hashed_bytes = *bytes;
	sha256_so_far(&sink->sha, sha256);
	return 0;
}

static int check(struct file_sink *sink, const uint8_t sha256[32], struct error *err)
{
	uint8_t have[SHA256_BYTES];

	if (sink->job != NULL)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": its delta ends too early", sink->entry.path);
	sha256_so_far(&sink->sha, have);
	if (sink->writer.at != sink->entry.size_bytes || memcmp(have, sha256, 32) != 0) {
		char old[BASIS_NAME_SIZE];

		/* Neither it nor what it was built from is worth keeping: not in the tree either, where its size and time may be those of the right one. */
		(void)snprintf(old, sizeof(old), "%.32s.old", sink->part);
		(void)unlinkat(sink->incoming->parts_fd, sink->part, 0);
		(void)unlinkat(sink->incoming->parts_fd, old, 0);
		if (sink->basis.tree_fd >= 0)
			(void)apply_remove(sink->incoming, sink->entry.path, NULL);
		return error_set(err, ERR_DAMAGED, "\"%.300s\" arrived with another SHA-256 than it was sent with",
		                 sink->entry.path);
	}
	return 0;
}

/* Whole: its blocks, its size, its hash. */
static int complete(struct file_sink *sink, const uint8_t sha256[32], struct error *err)
{
	if (check(sink, sha256, err) != 0 || wrote(sink, part_writer_flush(&sink->writer, err), err) != 0)
		return -1;
	if (sink->writer.data_end != sink->entry.size_bytes && ftruncate(sink->fd, (off_t)sink->entry.size_bytes) != 0)
		return error_sys(err, errno, "setting the size of \"%.300s\"", sink->entry.path);
	if (hash_tag_set(sink->fd, sha256, err) != 0)
		return error_prefix(err, "\"%.300s\"", sink->entry.path);
	push_out(sink, PUSH_LEAST);
	return 0;
}

int file_sink_finish(struct file_sink *sink, const uint8_t sha256[32], struct error *err)
{
	struct stat now = { .st_mode = S_IFREG, .st_size = (off_t)sink->entry.size_bytes };
	char old[BASIS_NAME_SIZE];
	int rc = -1;

	if (sink->fd < 0)
		return error_set(err, ERR_PROTOCOL, "FILE_END without FILE_BEGIN");
	if (complete(sink, sha256, err) != 0)
		goto out;
	crash_point("file-built");
	if (entry_apply_open(sink->fd, &sink->entry, sink->incoming->vault->fake_super, err) != 0 ||
	    apply_put(sink->incoming, sink->part, sink->entry.path, &now, sink->kept_bytes, err) != 0)
		goto out;
	(void)snprintf(old, sizeof(old), "%.32s.old", sink->part);
	if (sink->had_parts && unlinkat(sink->incoming->parts_fd, old, 0) != 0 && errno != ENOENT) {
		(void)error_sys(err, errno, "removing a part");
		goto out;
	}
	rc = 0;
out:
	put_away(sink);
	return rc == 0 ? checkpoint(sink, err) : -1;
}
