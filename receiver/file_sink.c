#include "receiver/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <librsync.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "receiver/apply.h"
#include "receiver/basis.h"
#include "receiver/crash_point.h"
#include "receiver/shatag.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

#define OUT_BYTES 131072u
#define HOLE_BYTES 4096u /* zeros of this length and alignment stay unwritten in a sparse file */
#define LEFT_MOST 65536u /* delta bytes that librsync may leave for the next piece */

struct file_sink {
	struct incoming *incoming;
	struct entry_memory memory; /* holds what entry's pointers lead to */
	struct entry entry;
	char part[BASIS_NAME_SIZE];
	struct basis basis;
	struct error basis_err; /* what went wrong inside librsync's callback */
	int fd;                 /* the part; -1: no file under way */
	rs_job_t *job;
	EVP_MD_CTX *sha;
	uint64_t written;
	bool done; /* the delta's end was met */
	uint8_t left[LEFT_MOST + WIRE_DATA_MAX];
	size_t left_bytes;
	uint8_t out[OUT_BYTES];
};

int file_sink_new(struct incoming *incoming, struct file_sink **sink, struct error *err)
{
	struct file_sink *made = calloc(1, sizeof(*made));

	*sink = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->incoming = incoming;
	made->fd = -1;
	made->basis = (struct basis){ .part_fd = -1, .tree_fd = -1 };
	entry_memory_init(&made->memory);
	made->sha = EVP_MD_CTX_new();
	if (made->sha == NULL) {
		file_sink_destroy(&made);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	*sink = made;
	return 0;
}

bool file_sink_busy(const struct file_sink *sink)
{
	return sink->fd >= 0;
}

static void put_away(struct file_sink *sink)
{
	if (sink->job != NULL) {
		sink->incoming->record.new_bytes += (uint64_t)rs_job_statistics(sink->job)->lit_bytes;
		(void)rs_job_free(sink->job);
	}
	sink->job = NULL;
	basis_close(&sink->basis);
	if (sink->fd >= 0)
		(void)close(sink->fd);
	sink->fd = -1;
	sink->left_bytes = 0;
}

void file_sink_destroy(struct file_sink **sink)
{
	if (*sink == NULL)
		return;
	put_away(*sink);
	EVP_MD_CTX_free((*sink)->sha);
	entry_memory_done(&(*sink)->memory);
	free(*sink);
	*sink = NULL;
}

/* librsync's: fill *buf with at most *len bytes of the old content from pos on. */
static rs_result read_basis(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
	struct file_sink *sink = opaque;
	int64_t n = pos < 0 ? 0 : basis_read(&sink->basis, (uint64_t)pos, *buf, *len, &sink->basis_err);

	if (n < 0)
		return RS_IO_ERROR;
	*len = (size_t)n;
	return n == 0 ? RS_INPUT_ENDED : RS_DONE;
}

int file_sink_begin(struct file_sink *sink, const uint8_t *payload, size_t len_bytes, struct error *err)
{
	struct decoder d;
	uint8_t with_basis;

	if (sink->fd >= 0)
		return error_set(err, ERR_PROTOCOL, "FILE_BEGIN inside another file");
	decoder_init(&d, payload, len_bytes);
	with_basis = get_u8(&d);
	get_entry(&d, &sink->memory, &sink->entry);
	if (codec_done(&d, "FILE_BEGIN", err) != 0)
		return -1;
	if (sink->entry.type != ENTRY_FILE || *sink->entry.path == '\0')
		return error_set(err, ERR_PROTOCOL, "FILE_BEGIN for something that is no file");
	if (basis_part_name(sink->entry.path, sink->part, err) != 0 ||
	    basis_keep(sink->incoming, sink->entry.path, err) != 0 ||
	    (with_basis != 0 && basis_open(sink->incoming, sink->entry.path, &sink->basis, err) != 0))
		return -1;
	/* A part that is longer than the file is now is of little use, and takes room that the file may need. */
	if (basis_drop_old(sink->incoming, sink->entry.path, sink->entry.size_bytes, err) != 0)
		return -1;
	sink->fd =
	        openat(sink->incoming->parts_fd, sink->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (sink->fd < 0)
		return error_sys(err, errno, "beginning \"%.300s\"", sink->entry.path);
	error_clear(&sink->basis_err);
	sink->job = rs_patch_begin(read_basis, sink);
	sink->written = 0;
	sink->left_bytes = 0;
	sink->done = false;
	if (sink->job == NULL || EVP_DigestInit_ex(sink->sha, EVP_sha256(), NULL) != 1)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return 0;
}

static bool all_zero(const uint8_t *data, size_t len_bytes)
{
	return len_bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, len_bytes - 1) == 0);
}

/* The disk is full. If the file would fit in the place of its own kept part, that goes, and the next attempt has its room. Returns -1. */
static int make_room(struct file_sink *sink)
{
	struct statvfs fs;
	uint64_t free_bytes;

	if (fstatvfs(sink->fd, &fs) != 0)
		return -1;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize + sink->written;
	if (free_bytes < sink->entry.size_bytes && free_bytes + sink->basis.part_bytes >= sink->entry.size_bytes)
		(void)basis_drop_old(sink->incoming, sink->entry.path, 0, NULL);
	return -1;
}

static int write_at(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err)
{
	while (len_bytes != 0) {
		size_t piece = len_bytes;
		ssize_t n;

		if ((sink->entry.flags & ENTRY_SPARSE) != 0) {
			piece = HOLE_BYTES - (size_t)(sink->written % HOLE_BYTES);
			piece = piece < len_bytes ? piece : len_bytes;
			if (all_zero(data, piece)) {
				sink->written += piece;
				data += piece;
				len_bytes -= piece;
				continue;
			}
		}
		n = pwrite(sink->fd, data, piece, (off_t)sink->written);
		if (n < 0 && errno != EINTR) {
			(void)error_sys(err, errno, "writing \"%.300s\"", sink->entry.path);
			return err->class == ERR_SPACE ? make_room(sink) : -1;
		}
		if (n > 0) {
			sink->written += (uint64_t)n;
			data += n;
			len_bytes -= (size_t)n;
		}
	}
	return 0;
}

static int take(struct file_sink *sink, size_t len_bytes, struct error *err)
{
	if (sink->written + len_bytes > sink->entry.size_bytes)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": more content than the %llu bytes that were announced",
		                 sink->entry.path, (unsigned long long)sink->entry.size_bytes);
	(void)EVP_DigestUpdate(sink->sha, sink->out, len_bytes);
	return write_at(sink, sink->out, len_bytes, err);
}

/* Runs the patch over what lies in left. eof: nothing more comes. */
static int run(struct file_sink *sink, bool eof, struct error *err)
{
	rs_buffers_t b = { .next_in = (char *)sink->left, .avail_in = sink->left_bytes, .eof_in = eof };

	while (!sink->done) {
		size_t before = b.avail_in;
		rs_result result;

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
		sink->done = result == RS_DONE;
		if (take(sink, OUT_BYTES - b.avail_out, err) != 0)
			return -1;
		if (b.avail_out == OUT_BYTES && b.avail_in == before)
			break; /* it wants more than there is */
	}
	if (b.avail_in > LEFT_MOST || (sink->done && b.avail_in != 0))
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": bytes behind the end of its delta", sink->entry.path);
	memmove(sink->left, b.next_in, b.avail_in);
	sink->left_bytes = b.avail_in;
	return 0;
}

int file_sink_delta(struct file_sink *sink, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (sink->fd < 0)
		return error_set(err, ERR_PROTOCOL, "FILE_DELTA without FILE_BEGIN");
	if (len_bytes > WIRE_DATA_MAX || sink->done)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": bytes behind the end of its delta", sink->entry.path);
	memcpy(sink->left + sink->left_bytes, data, len_bytes);
	sink->left_bytes += len_bytes;
	return run(sink, false, err);
}

static int check(struct file_sink *sink, const uint8_t sha256[32], struct error *err)
{
	uint8_t have[EVP_MAX_MD_SIZE];

	if (!sink->done && run(sink, true, err) != 0)
		return -1;
	if (!sink->done)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": its delta ends too early", sink->entry.path);
	(void)EVP_DigestFinal_ex(sink->sha, have, NULL);
	if (sink->written != sink->entry.size_bytes || memcmp(have, sha256, 32) != 0) {
		char old[BASIS_NAME_SIZE];

		/* Neither it nor what it was built from is worth keeping. */
		(void)snprintf(old, sizeof(old), "%.32s.old", sink->part);
		(void)unlinkat(sink->incoming->parts_fd, sink->part, 0);
		(void)unlinkat(sink->incoming->parts_fd, old, 0);
		return error_set(err, ERR_DAMAGED, "\"%.300s\" arrived with another SHA-256 than it was sent with",
		                 sink->entry.path);
	}
	return 0;
}

int file_sink_finish(struct file_sink *sink, const uint8_t sha256[32], struct error *err)
{
	char old[BASIS_NAME_SIZE];
	int rc = -1;

	if (sink->fd < 0)
		return error_set(err, ERR_PROTOCOL, "FILE_END without FILE_BEGIN");
	if (check(sink, sha256, err) != 0)
		goto out;
	if (ftruncate(sink->fd, (off_t)sink->entry.size_bytes) != 0) {
		(void)error_sys(err, errno, "setting the size of \"%.300s\"", sink->entry.path);
		goto out;
	}
	shatag_set(sink->fd, sha256, sink->entry.mtime_s, sink->entry.mtime_ns);
	crash_point("file-built");
	if (apply_place(sink->incoming, sink->part, &sink->entry, err) != 0)
		goto out;
	(void)snprintf(old, sizeof(old), "%.32s.old", sink->part);
	if (unlinkat(sink->incoming->parts_fd, old, 0) != 0 && errno != ENOENT) {
		(void)error_sys(err, errno, "removing a part");
		goto out;
	}
	rc = 0;
out:
	put_away(sink);
	return rc;
}
