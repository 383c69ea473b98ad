#include "receiver/part_writer.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK_BYTES                                                                                                    \
	UINT64_C(                                                                                                      \
	        4096) /* of every file system that shares blocks; also zeros of this length and alignment stay unwritten */
#define RUN_MOST (UINT64_C(8) << 20) /* what a crash may find unwritten of a copy */
#define PIECE_BYTES 65536u

void part_writer_begin(struct part_writer *w, int fd, int clone_fd, uint64_t at, bool sparse)
{
	*w = (struct part_writer){ .fd = fd, .clone_fd = clone_fd, .at = at, .data_end = at, .sparse = sparse };
}

static bool all_zero(const uint8_t *data, size_t len_bytes)
{
	return len_bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, len_bytes - 1) == 0);
}

static int write_at(struct part_writer *w, const uint8_t *data, size_t len_bytes, uint64_t at, struct error *err)
{
	while (len_bytes != 0) {
		size_t piece = len_bytes;
		ssize_t n;

		if (w->sparse) {
			piece = (size_t)(BLOCK_BYTES - at % BLOCK_BYTES);
			piece = piece < len_bytes ? piece : len_bytes;
			if (all_zero(data, piece)) {
				at += piece;
				data += piece;
				len_bytes -= piece;
				continue;
			}
		}
		n = pwrite(w->fd, data, piece, (off_t)at);
		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "writing");
		if (n > 0) {
			at += (uint64_t)n;
			data += n;
			len_bytes -= (size_t)n;
			w->data_end = at;
		}
	}
	return 0;
}

/* A copy that can't be shared: read again, and written. */
static int copy_plain(struct part_writer *w, int from_fd, uint64_t from, uint64_t at, uint64_t len_bytes,
                      struct error *err)
{
	uint8_t piece[PIECE_BYTES];

	while (len_bytes != 0) {
		size_t want = len_bytes < sizeof(piece) ? (size_t)len_bytes : sizeof(piece);
		ssize_t n = pread(from_fd, piece, want, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? error_sys(err, errno, "reading the old content")
			             : error_set(err, ERR_DAMAGED, "the old content has become shorter");
		if (write_at(w, piece, (size_t)n, at, err) != 0)
			return -1;
		from += (uint64_t)n;
		at += (uint64_t)n;
		len_bytes -= (uint64_t)n;
	}
	return 0;
}

int part_writer_flush(struct part_writer *w, struct error *err)
{
	uint64_t end = w->run_at + w->run_bytes;
	uint64_t first = (w->run_at + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	uint64_t last = end / BLOCK_BYTES * BLOCK_BYTES;
	struct file_clone_range range = { .src_fd = w->clone_fd };
	int from_fd = w->clone_fd;
	uint64_t run_at = w->run_at;
	uint64_t from = w->run_from;

	if (w->run_bytes == 0)
		return 0;
	w->run_bytes = 0;
	if (last > first) {
		range.src_offset = from + (first - run_at);
		range.src_length = last - first;
		range.dest_offset = first;
		if (ioctl(w->fd, FICLONERANGE, &range) == 0) {
			w->data_end = last > w->data_end ? last : w->data_end;
			return copy_plain(w, from_fd, from, run_at, first - run_at, err) == 0
			               ? copy_plain(w, from_fd, from + (last - run_at), last, end - last, err)
			               : -1;
		}
		if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
			return error_sys(err, errno, "sharing the blocks of the old content");
		w->clone_fd = -1; /* this pair of files can't; the others of the run are copied, too */
	}
	return copy_plain(w, from_fd, from, run_at, end - run_at, err);
}

int part_writer_data(struct part_writer *w, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (len_bytes == 0)
		return 0;
	if (part_writer_flush(w, err) != 0 || write_at(w, data, len_bytes, w->at, err) != 0)
		return -1;
	w->at += len_bytes;
	return 0;
}

int part_writer_copy(struct part_writer *w, const uint8_t *data, uint64_t from, size_t len_bytes, struct error *err)
{
	if (w->clone_fd < 0 || from % BLOCK_BYTES != w->at % BLOCK_BYTES)
		return part_writer_data(w, data, len_bytes, err);
	if (w->run_bytes != 0 && (w->run_from + w->run_bytes != from || w->run_bytes >= RUN_MOST) &&
	    part_writer_flush(w, err) != 0)
		return -1;
	if (w->clone_fd < 0)
		return part_writer_data(w, data, len_bytes, err);
	if (w->run_bytes == 0) {
		w->run_from = from;
		w->run_at = w->at;
	}
	w->run_bytes += len_bytes;
	w->at += len_bytes;
	return 0;
}

int part_writer_hole(struct part_writer *w, uint64_t len_bytes, struct error *err)
{
	if (part_writer_flush(w, err) != 0)
		return -1;
	w->at += len_bytes;
	return 0;
}
