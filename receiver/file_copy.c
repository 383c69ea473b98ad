#include "receiver/file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "receiver/hash_tag.h"

#define PIECE_BYTES ((size_t)1 << 20)

/* Linux before 4.5 has no copy_file_range(2), nor have some file systems and containers; then the bytes go through here. */
static bool is_refused(int sys)
{
	return sys == ENOSYS || sys == EOPNOTSUPP || sys == EINVAL || sys == EXDEV || sys == EPERM;
}

static ssize_t copy_by_hand(int in_fd, off_t *in_at, int out_fd, off_t *out_at, size_t want)
{
	char piece[1 << 16];
	ssize_t n = pread(in_fd, piece, want < sizeof(piece) ? want : sizeof(piece), *in_at);

	if (n > 0)
		n = pwrite(out_fd, piece, (size_t)n, *out_at);
	if (n > 0) {
		*in_at += n;
		*out_at += n;
	}
	return n;
}

static ssize_t copy_some(int in_fd, off_t *in_at, int out_fd, off_t *out_at, size_t want)
{
	ssize_t n = copy_file_range(in_fd, in_at, out_fd, out_at, want, 0);

	return n < 0 && is_refused(errno) ? copy_by_hand(in_fd, in_at, out_fd, out_at, want) : n;
}

static int copy_range(int in_fd, int out_fd, off_t at, off_t end, struct ticker *ticker, struct error *err)
{
	off_t in_at = at;
	off_t out_at = at;

	while (in_at < end) {
		size_t want = end - in_at < (off_t)PIECE_BYTES ? (size_t)(end - in_at) : PIECE_BYTES;
		ssize_t n = copy_some(in_fd, &in_at, out_fd, &out_at, want);

		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "copying");
		if (n == 0)
			return error_set(err, ERR_IO, "a file became shorter while it was copied");
		if (ticker != NULL && ticker_step(ticker, err) != 0)
			return -1;
	}
	return 0;
}

static int copy_content(int in_fd, int out_fd, struct ticker *ticker, struct error *err)
{
	struct stat st;
	off_t at = 0;

	if (ioctl(out_fd, FICLONE, in_fd) == 0)
		return 0;
	if (fstat(in_fd, &st) != 0 || ftruncate(out_fd, st.st_size) != 0)
		return error_sys(err, errno, "preparing a copy");
	while (at < st.st_size) {
		off_t data = lseek(in_fd, at, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno == ENXIO)
			return 0; /* a hole to the end */
		if (data < 0)
			return error_sys(err, errno, "looking for data");
		hole = lseek(in_fd, data, SEEK_HOLE);
		if (hole < 0)
			return error_sys(err, errno, "looking for a hole");
		if (copy_range(in_fd, out_fd, data, hole, ticker, err) != 0)
			return -1;
		at = hole;
	}
	return 0;
}

int file_copy_as(int from_fd, const char *name, int to_fd, const char *leaf, const struct entry *entry,
                 struct ticker *ticker, struct error *err)
{
	int in = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int out = in >= 0 ? openat(to_fd, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	int rc;

	if (out < 0) {
		rc = error_sys(err, errno, "copying \"%.300s\"", entry->path);
	} else {
		rc = copy_content(in, out, ticker, err);
		if (rc == 0)
			rc = hash_tag_copy(in, out, err);
	}
	if (in >= 0)
		(void)close(in);
	if (out >= 0 && close(out) != 0 && rc == 0)
		rc = error_sys(err, errno, "closing the copy of \"%.300s\"", entry->path);
	return rc;
}

int file_copy_hash(int fd, struct sha256 *sha, struct ticker *ticker, uint64_t *bytes, struct error *err)
{
	unsigned char *piece = malloc(PIECE_BYTES);
	off_t at = 0;
	ssize_t n = -1;
	int rc = -1;

	if (piece == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	sha256_init(sha);
	while ((n = pread(fd, piece, PIECE_BYTES, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)error_sys(err, errno, "reading");
			goto out;
		}
		sha256_update(sha, piece, (size_t)n);
		at += n;
		if (ticker != NULL && ticker_step(ticker, err) != 0)
			goto out;
	}
	*bytes = (uint64_t)at;
	rc = 0;
out:
	free(piece);
	return rc;
}

int file_copy_sha256(int fd, struct ticker *ticker, uint8_t sha256[32], struct error *err)
{
	struct sha256 sha;
	uint64_t bytes;

	if (file_copy_hash(fd, &sha, ticker, &bytes, err) != 0)
		return -1;
	sha256_so_far(&sha, sha256);
	return 0;
}
