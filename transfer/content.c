#include "transfer/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sha256.h"
#include "transfer/delta_writer.h"
#include "transfer/ledger.h"
#include "transfer/patience.h"
#include "wire/entry_codec.h"

#define PIECE_BYTES 131072u
#define READ_AHEAD (8 << 20)
#define DROP_RUN (UINT64_C(8) << 20)   /* what has been read leaves the memory in runs of this size */
#define DROP_LEAST (UINT64_C(1) << 20) /* … and at the end of a file, if it is worth a call */
#define HOLE_LEAST 65536u              /* a shorter one is not worth ending a delta for */
#define CELL_BYTES 32u                 /* differences are told apart in cells: about what a command costs */
#define BLOCK_BYTES 4096u              /* … and equal blocks passed over as a whole */

struct content {
	struct sender *sender;
	const struct entry *entry;
	int fd;
	struct sha256 sha;
	uint64_t at;      /* everything in front of it is hashed, and sent or there */
	uint64_t dropped; /* everything in front of it has left the memory */
	uint32_t extent;
	uint64_t searched_bytes, searched_ns; /* by a signature, and what of this thread's processor that took */
	bool crawls;                          /* … too much: the rest is sent as it is */
	struct delta_writer writer;
	uint8_t now[PIECE_BYTES];
	uint8_t old[PIECE_BYTES];
};

int content_new(struct sender *sender, struct content **content, struct error *err)
{
	struct content *c = calloc(1, sizeof(*c));

	*content = NULL;
	if (c == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	c->sender = sender;
	c->fd = -1;
	*content = c;
	return 0;
}

/* A snapshot is read once: its pages need not drive out what others on this machine work with. */
static void drop_behind(struct content *c, uint64_t end, uint64_t least)
{
	if (end < c->dropped + least)
		return;
	(void)posix_fadvise(c->fd, (off_t)c->dropped, (off_t)(end - c->dropped), POSIX_FADV_DONTNEED);
	c->dropped = end;
}

static void shut(struct content *c)
{
	if (c->fd >= 0) {
		drop_behind(c, c->at, DROP_LEAST);
		(void)close(c->fd);
	}
	c->fd = -1;
}

void content_destroy(struct content **content)
{
	if (*content == NULL)
		return;
	shut(*content);
	free(*content);
	*content = NULL;
}

int content_open(struct content *c, const char *path, struct entry *entry, struct error *err)
{
	int parent_fd;
	const char *leaf;

	shut(c);
	if (inside_parent(c->sender->tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	c->fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", path);
	if (entry_read_open(c->fd, path, false, &c->sender->memory, entry, err) != 0)
		return -1;
	if (entry->type != ENTRY_FILE)
		return error_set(err, ERR_BUSY, "\"%.300s\" is no file any more", path);
	if (entry->size_bytes > ENTRY_FILE_MOST_BYTES)
		return error_set(err, ERR_INPUT,
		                 "\"%.300s\" is larger than the " ENTRY_FILE_MOST_TEXT
		                 " that a file may have; make it smaller, or exclude it",
		                 path);
	sha256_init(&c->sha);
	c->entry = entry;
	c->at = c->dropped = 0;
	c->extent = 0;
	c->searched_bytes = c->searched_ns = 0;
	c->crawls = false;
	c->writer.literal_bytes = c->writer.matched_bytes = 0;
	return 0;
}

int content_fd(const struct content *c)
{
	return c->fd;
}

static ssize_t read_at(int fd, uint8_t *out, size_t len_bytes, uint64_t at)
{
	size_t used = 0;

	while (used < len_bytes) {
		ssize_t n = pread(fd, out + used, len_bytes - used, (off_t)(at + used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* The next piece of the new content, at most `most` bytes of it, into now. */
static int read_now(struct content *c, uint64_t most, size_t *n, struct error *err)
{
	ssize_t got;

	drop_behind(c, c->at, DROP_RUN);
	*n = most < PIECE_BYTES ? (size_t)most : PIECE_BYTES;
	got = read_at(c->fd, c->now, *n, c->at);
	if (got < 0)
		return error_sys(err, errno, "reading");
	if ((size_t)got != *n)
		return error_set(err, ERR_BUSY, "it has become shorter than %llu bytes while it was read",
		                 (unsigned long long)c->entry->size_bytes);
	sha256_update(&c->sha, c->now, *n);
	meter_bytes(c->sender->meter, *n);
	return wire_keepalive(c->sender->wire, err);
}

/* Ends of the data that begins at c->at, and of the hole behind it. */
static int next_hole(const struct content *c, uint64_t *data_end, uint64_t *hole_end, struct error *err)
{
	uint64_t size = c->entry->size_bytes;
	uint64_t from = c->at;

	*data_end = *hole_end = size;
	if ((c->entry->flags & ENTRY_SPARSE) == 0)
		return 0;
	while (from < size) {
		off_t hole = lseek(c->fd, (off_t)from, SEEK_HOLE);
		off_t data = hole < 0 ? -1 : lseek(c->fd, hole, SEEK_DATA);

		if (hole < 0)
			return errno == ENXIO || errno == EINVAL ? 0 : error_sys(err, errno, "looking for holes");
		if (data < 0 && errno != ENXIO)
			return error_sys(err, errno, "looking for data");
		if (data < 0 || (uint64_t)data > size)
			data = (off_t)size;
		if ((uint64_t)hole >= size)
			return 0;
		if ((uint64_t)(data - hole) >= HOLE_LEAST) {
			*data_end = (uint64_t)hole;
			*hole_end = (uint64_t)data;
			return 0;
		}
		from = (uint64_t)data;
	}
	return 0;
}

static int hash_hole(struct content *c, uint64_t end, struct error *err)
{
	static const uint8_t zeros[BLOCK_BYTES * 4];

	while (c->at < end) {
		size_t n = end - c->at < sizeof(zeros) ? (size_t)(end - c->at) : sizeof(zeros);

		sha256_update(&c->sha, zeros, n);
		meter_bytes(c->sender->meter, n);
		c->at += n;
		if (wire_keepalive(c->sender->wire, err) != 0)
			return -1;
	}
	return 0;
}

static int send_hole(struct content *c, uint64_t end, struct error *err)
{
	struct encoder *e = &c->sender->encoder;

	if (end == c->at)
		return 0;
	encoder_reset(e);
	put_u64(e, end - c->at);
	return sender_frame(c->sender, FRAME_FILE_HOLE, err) == 0 ? hash_hole(c, end, err) : -1;
}

int content_has_prefix(struct content *c, uint64_t bytes, const uint8_t sha256[32], struct error *err)
{
	uint8_t have[SHA256_BYTES];
	bool same;

	if (bytes == 0 || bytes > c->entry->size_bytes)
		return 0;
	while (c->at < bytes) {
		size_t n;

		if (read_now(c, bytes - c->at, &n, err) != 0)
			return -1;
		c->at += n;
	}
	sha256_so_far(&c->sha, have);
	same = memcmp(have, sha256, 32) == 0;
	if (!same) {
		c->at = 0;
		sha256_init(&c->sha);
	}
	return same;
}

/* Up to where c->at's byte and those behind it are known to be as they were, or known to be possibly different. */
static uint64_t known_until(struct content *c, const struct content_basis *basis, uint64_t end, bool *may_differ)
{
	uint64_t until = end;

	*may_differ = true;
	if (c->at >= basis->old_bytes)
		return until;
	until = until < basis->old_bytes ? until : basis->old_bytes;
	if (basis->n_extents == PLAN_EVERYWHERE)
		return until;
	while (c->extent < basis->n_extents &&
	       basis->extents[c->extent].at + basis->extents[c->extent].len_bytes <= c->at)
		c->extent++;
	if (c->extent < basis->n_extents) {
		const struct plan_extent *next = &basis->extents[c->extent];
		uint64_t edge = next->at > c->at ? next->at : next->at + next->len_bytes;

		*may_differ = next->at <= c->at;
		return until < edge ? until : edge;
	}
	*may_differ = false;
	return until;
}

/* One piece that lies in both, n bytes of now and old: what is equal is copied, the rest goes as it is. */
static int write_differences(struct content *c, size_t n, struct error *err)
{
	size_t from = 0; /* of the run at hand */
	bool run_same = false;

	for (size_t i = 0; i <= n;) {
		size_t step = n - i < CELL_BYTES ? n - i : CELL_BYTES;
		bool same = false;

		if (i < n && i % BLOCK_BYTES == 0 && n - i >= BLOCK_BYTES &&
		    memcmp(c->now + i, c->old + i, BLOCK_BYTES) == 0) {
			step = BLOCK_BYTES;
			same = true;
		} else if (i < n) {
			same = memcmp(c->now + i, c->old + i, step) == 0;
		}
		if (i > from && (i == n || same != run_same)) {
			int rc = run_same ? delta_writer_copy(&c->writer, c->at + from, i - from, err)
			                  : delta_writer_literal(&c->writer, c->now + from, i - from, err);

			if (rc != 0)
				return -1;
			from = i;
		}
		run_same = same;
		if (i == n)
			break;
		i += step;
	}
	return 0;
}

/* By position: one delta for the data from c->at to end. */
static int send_data(struct content *c, const struct content_basis *basis, uint64_t end, struct error *err)
{
	delta_writer_begin(&c->writer, c->sender->wire);
	while (c->at < end) {
		bool may_differ;
		uint64_t until = known_until(c, basis, end, &may_differ);
		uint64_t at = c->at;
		size_t n;
		int rc;

		if (read_now(c, until - c->at, &n, err) != 0)
			return -1;
		if (!may_differ || basis->same) {
			rc = delta_writer_copy(&c->writer, at, n, err);
		} else if (at >= basis->old_bytes || basis->old_fd < 0) {
			rc = delta_writer_literal(&c->writer, c->now, n, err);
		} else {
			ssize_t got = read_at(basis->old_fd, c->old, n, at);

			rc = got != (ssize_t)n ? error_sys(err, got < 0 ? errno : EIO, "reading its old content")
			                       : write_differences(c, n, err);
		}
		if (rc != 0)
			return -1;
		c->at += n;
	}
	return delta_writer_end(&c->writer, err);
}

/* There is nothing to copy from. */
static int send_new(struct content *c, uint64_t end, struct error *err)
{
	while (c->at < end) {
		size_t n;

		if (read_now(c, end - c->at, &n, err) != 0 ||
		    wire_send(c->sender->wire, FRAME_FILE_DATA, c->now, n, err) != 0)
			return -1;
		c->at += n;
		c->sender->literal_bytes += n;
	}
	return 0;
}

static uint64_t spent_ns(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What is searched: the piece that was read, by slices. */
struct search {
	rs_job_t *job;
	rs_buffers_t b;
	const uint8_t *next; /* of the piece, not given to the job yet */
	size_t left;
	size_t slice;
	bool foreign; /* the signature came from the far end */
};

static int feed(struct content *c, struct search *s, uint64_t end, struct error *err)
{
	size_t n;

	if (s->left == 0 && c->at < end && !c->crawls) {
		if (read_now(c, end - c->at, &s->left, err) != 0)
			return -1;
		c->at += s->left;
		s->next = c->now;
	}
	n = c->crawls ? 0 : s->left < s->slice ? s->left : s->slice;
	s->b.next_in = (char *)c->now + (s->next - c->now);
	s->b.avail_in = n;
	s->next += n;
	s->left -= n;
	c->searched_bytes += n;
	s->b.eof_in = c->crawls || (s->left == 0 && c->at >= end);
	return 0;
}

/* Of a signature of our own there is no end to patience. */
static rs_result step(struct content *c, struct search *s)
{
	uint64_t began_ns = spent_ns();
	rs_result result;

	s->b.next_out = (char *)c->old;
	s->b.avail_out = PIECE_BYTES;
	result = rs_job_iter(s->job, &s->b);
	c->searched_ns += spent_ns() - began_ns;
	if (s->foreign && !c->crawls && patience_is_over(c->searched_ns, c->searched_bytes)) {
		c->crawls = true;
		log_line(LOG_WARNING,
		         "the far end's signature of \"%.300s\" makes the search crawl (%llu s for %llu bytes): the "
		         "rest "
		         "is sent as it is",
		         c->entry->path, (unsigned long long)(c->searched_ns / 1000000000u),
		         (unsigned long long)c->searched_bytes);
	}
	return result;
}

/* By signature: likewise; what is left when patience is over goes behind the delta. */
static int search_data(struct content *c, const struct content_basis *basis, uint64_t end, struct error *err)
{
	struct search s = { .job = rs_delta_begin(basis->sums),
		            .next = c->now,
		            .foreign = basis->from == CONTENT_SIGNED,
		            .slice = patience_slice(basis->block_bytes, PIECE_BYTES) };
	rs_result result = s.job != NULL ? RS_BLOCKED : RS_MEM_ERROR;
	int rc = 0;

	while (result == RS_BLOCKED && rc == 0) {
		if (s.b.avail_in == 0 && !s.b.eof_in)
			rc = feed(c, &s, end, err);
		if (rc == 0)
			result = step(c, &s);
		if (rc == 0 && s.b.avail_out != PIECE_BYTES)
			rc = wire_send(c->sender->wire, FRAME_FILE_DELTA, c->old, PIECE_BYTES - s.b.avail_out, err);
	}
	if (rc == 0 && result != RS_DONE)
		rc = error_set(err, ERR_INTERNAL, "delta: %s", rs_strerror(result));
	if (rc == 0) {
		const rs_stats_t *stats = rs_job_statistics(s.job);

		c->sender->literal_bytes += (uint64_t)stats->lit_bytes + s.left;
		c->sender->matched_bytes += (uint64_t)stats->copy_bytes;
	}
	if (s.job != NULL)
		(void)rs_job_free(s.job);
	if (rc == 0 && s.left > 0)
		rc = wire_send(c->sender->wire, FRAME_FILE_DATA, s.next, s.left, err);
	return rc == 0 && c->at < end ? send_new(c, end, err) : rc;
}

static int begin(struct content *c, const struct content_basis *basis, struct error *err)
{
	struct encoder *e = &c->sender->encoder;

	encoder_reset(e);
	put_u8(e, (uint8_t)basis->from);
	put_u64(e, c->at);
	put_entry(e, c->entry);
	return sender_frame(c->sender, FRAME_FILE_BEGIN, err);
}

int content_send(struct content *c, const struct content_basis *basis, struct error *err)
{
	uint8_t sha256[SHA256_BYTES];

	if (c->entry->size_bytes > PIECE_BYTES) {
		(void)posix_fadvise(c->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		(void)posix_fadvise(c->fd, (off_t)c->at, READ_AHEAD, POSIX_FADV_WILLNEED);
	}
	if (begin(c, basis, err) != 0)
		return -1;
	while (c->at < c->entry->size_bytes) {
		uint64_t data_end;
		uint64_t hole_end;
		int rc = next_hole(c, &data_end, &hole_end, err);

		if (rc == 0 && data_end > c->at)
			rc = basis->from == CONTENT_NOTHING || c->crawls ? send_new(c, data_end, err)
			     : basis->sums != NULL                       ? search_data(c, basis, data_end, err)
			                                                 : send_data(c, basis, data_end, err);
		if (rc != 0 || send_hole(c, hole_end, err) != 0)
			return -1;
	}
	c->sender->literal_bytes += c->writer.literal_bytes;
	c->sender->matched_bytes += c->writer.matched_bytes;
	sha256_so_far(&c->sha, sha256);
	if (c->sender->ledger != NULL && ledger_sent(c->sender->ledger, c->entry, sha256, err) != 0)
		return -1;
	return wire_send(c->sender->wire, FRAME_FILE_END, sha256, 32, err);
}
