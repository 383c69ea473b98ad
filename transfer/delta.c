#include "transfer/delta.h"

#include <errno.h>
#include <fcntl.h>
#include <librsync.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/scratch.h"
#include "wire/entry_codec.h"

#define WINDOW_FILES 64
#define WINDOW_BYTES (UINT64_C(4) << 20)
#define OLD_LEAST 8192u                /* smaller ones are sent whole: a signature and its answer cost as much */
#define PART_LEAST (UINT64_C(1) << 20) /* from that size on a broken connection's part is asked for */
#define BLOCK_UNIT 4096u
#define BLOCKS_MOST (UINT64_C(1) << 18) /* a signature in memory: at most some 10 MiB */
#define BLOCK_MOST (16u << 20)          /* the receiver's limit */
#define STRONG_LEAST 8u
#define STRONG_MOST 32u
#define SPOOL_MOST (UINT64_C(64) << 20) /* of signatures in one window, whatever the receiver sends */
#define PIECE_BYTES 65536u

/* A file whose signature is asked for. */
struct waiting {
	char *path;
	uint64_t old_bytes;     /* to choose the lengths by */
	uint64_t at, len_bytes; /* its signature in the spool; 0: the receiver has nothing */
};

struct window {
	struct waiting files[WINDOW_FILES];
	size_t n;
	uint64_t expected_bytes;
	FILE *spool;
	uint8_t in[PIECE_BYTES];
	uint8_t out[PIECE_BYTES];
};

struct delta_lengths delta_lengths(uint64_t old_bytes, bool careful)
{
	rs_magic_number magic = RS_RK_BLAKE2_SIG_MAGIC;
	size_t strong = (size_t)-1;
	uint64_t block = BLOCK_UNIT;
	size_t block_len;

	/* About the square root, so that signature and literals weigh the same. */
	while (block * block < old_bytes || old_bytes / block > BLOCKS_MOST)
		block += BLOCK_UNIT;
	if (block > BLOCK_MOST)
		block = BLOCK_MOST;
	block_len = (size_t)block;
	if (careful || rs_sig_args((rs_long_t)old_bytes, &magic, &block_len, &strong) != RS_DONE ||
	    strong > STRONG_MOST)
		strong = STRONG_MOST;
	if (strong < STRONG_LEAST)
		strong = STRONG_LEAST;
	return (struct delta_lengths){ .block = (uint32_t)block,
		                       .strong = (uint32_t)strong,
		                       .signature_bytes = 12 + (old_bytes + block - 1) / block * (4 + strong) };
}

/* Loads the signature from the spool. out: *sums the caller's, rs_free_sumset. */
static int load_signature(struct window *window, const struct waiting *file, rs_signature_t **sums, struct error *err)
{
	rs_job_t *job = rs_loadsig_begin(sums);
	rs_buffers_t b = { 0 };
	uint64_t left = file->len_bytes;
	rs_result result = job != NULL ? RS_BLOCKED : RS_MEM_ERROR;

	if (fseeko(window->spool, (off_t)file->at, SEEK_SET) != 0)
		result = RS_IO_ERROR;
	while (result == RS_BLOCKED) {
		size_t want = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		/* What was not consumed yet stays in front. */
		if (b.avail_in != 0)
			memmove(window->in, b.next_in, b.avail_in);
		want = want < PIECE_BYTES - b.avail_in ? want : PIECE_BYTES - b.avail_in;
		if (fread(window->in + b.avail_in, 1, want, window->spool) != want) {
			result = RS_IO_ERROR;
			break;
		}
		left -= want;
		b.next_in = (char *)window->in;
		b.avail_in += want;
		b.eof_in = left == 0;
		result = rs_job_iter(job, &b);
	}
	if (job != NULL)
		(void)rs_job_free(job);
	if (result == RS_DONE)
		result = rs_build_hash_table(*sums);
	return result == RS_DONE ? 0
	                         : error_set(err, ERR_PROTOCOL, "the receiver's signature: %s", rs_strerror(result));
}

/* Feeds the file through the job and sends what comes out. */
static int stream(struct sender *sender, struct window *window, int fd, uint64_t size_bytes, rs_job_t *job,
                  EVP_MD_CTX *sha, struct error *err)
{
	rs_buffers_t b = { 0 };
	uint64_t at = 0;
	rs_result result;

	do {
		if (b.avail_in == 0 && !b.eof_in) {
			ssize_t n = read(fd, window->in, PIECE_BYTES);

			if (n < 0 && errno == EINTR)
				n = read(fd, window->in, PIECE_BYTES);
			if (n < 0)
				return error_sys(err, errno, "reading");
			at += (uint64_t)n;
			(void)EVP_DigestUpdate(sha, window->in, (size_t)n);
			b.next_in = (char *)window->in;
			b.avail_in = (size_t)n;
			b.eof_in = n == 0;
			meter_bytes(sender->meter, (uint64_t)n);
			if (wire_keepalive(sender->wire, err) != 0)
				return -1;
		}
		b.next_out = (char *)window->out;
		b.avail_out = PIECE_BYTES;
		result = rs_job_iter(job, &b);
		if (result != RS_DONE && result != RS_BLOCKED)
			return error_set(err, ERR_INTERNAL, "delta: %s", rs_strerror(result));
		if (b.avail_out != PIECE_BYTES &&
		    wire_send(sender->wire, FRAME_FILE_DELTA, window->out, PIECE_BYTES - b.avail_out, err) != 0)
			return -1;
	} while (result != RS_DONE);
	if (at != size_bytes)
		return error_set(err, ERR_BUSY, "it changed while it was read (%llu bytes instead of %llu)",
		                 (unsigned long long)at, (unsigned long long)size_bytes);
	return 0;
}

static void count(struct sender *sender, rs_job_t *job)
{
	const rs_stats_t *stats = rs_job_statistics(job);

	sender->literal_bytes += (uint64_t)stats->lit_bytes;
	sender->matched_bytes += (uint64_t)stats->copy_bytes;
}

/* FILE_BEGIN, FILE_DELTA…, FILE_END. file: NULL, or with its signature in the spool. */
static int send_open(struct sender *sender, struct window *window, int fd, const struct entry *entry,
                     const struct waiting *file, struct error *err)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];
	bool with_basis = file != NULL && file->len_bytes != 0;
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	rs_signature_t *sums = NULL;
	rs_job_t *job = NULL;
	int rc = -1;

	if (with_basis && load_signature(window, file, &sums, err) != 0)
		goto out;
	job = rs_delta_begin(sums); /* without a signature: one large literal */
	if (job == NULL || sha == NULL || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		goto out;
	}
	encoder_reset(&sender->encoder);
	put_u8(&sender->encoder, with_basis);
	put_entry(&sender->encoder, entry);
	if (sender_frame(sender, FRAME_FILE_BEGIN, err) != 0 ||
	    stream(sender, window, fd, entry->size_bytes, job, sha, err) != 0)
		goto out;
	(void)EVP_DigestFinal_ex(sha, sha256, NULL);
	rc = wire_send(sender->wire, FRAME_FILE_END, sha256, 32, err);
	count(sender, job);
out:
	if (job != NULL)
		(void)rs_job_free(job);
	if (sums != NULL)
		rs_free_sumset(sums);
	EVP_MD_CTX_free(sha);
	return rc;
}

static int send_file(struct sender *sender, struct window *window, const char *path, const struct waiting *file,
                     struct error *err)
{
	struct entry entry;
	int parent_fd;
	const char *leaf;
	int fd;
	int rc;

	if (sender_read(sender, path, &entry, err) != 0 ||
	    inside_parent(sender->tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	if (entry.type != ENTRY_FILE)
		return error_set(err, ERR_BUSY, "\"%.300s\" is no file any more", path);
	fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", path);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	rc = send_open(sender, window, fd, &entry, file, err);
	(void)close(fd);
	if (rc != 0)
		return error_prefix(err, "\"%.300s\"", path);
	meter_file(sender->meter);
	return 0;
}

static int ask(struct sender *sender, struct window *window, struct error *err)
{
	for (size_t i = 0; i < window->n; i++) {
		const struct waiting *file = &window->files[i];
		struct delta_lengths lengths = delta_lengths(file->old_bytes, sender->careful);

		encoder_reset(&sender->encoder);
		put_u32(&sender->encoder, (uint32_t)i);
		put_bytes(&sender->encoder, file->path, strlen(file->path));
		put_u32(&sender->encoder, lengths.block);
		put_u32(&sender->encoder, lengths.strong);
		if (sender_frame(sender, FRAME_SIG_WANT, err) != 0)
			return -1;
	}
	return wire_flush(sender->wire, err);
}

/* One signature, into the spool at `at`. */
static int take_signature(struct sender *sender, struct window *window, uint32_t id, uint64_t at, struct error *err)
{
	struct waiting *file = &window->files[id];
	struct frame frame;
	struct decoder d;
	int rc;

	file->at = at;
	file->len_bytes = 0;
	for (;;) {
		size_t n;

		do {
			rc = wire_receive(sender->wire, &frame, err);
		} while (rc == 1 && frame.type == FRAME_NOTE);
		if (rc <= 0)
			return rc < 0 ? -1 : error_set(err, ERR_LINK, "the connection was lost inside a signature");
		decoder_init(&d, frame.payload, frame.len_bytes);
		if (get_u32(&d) != id || (frame.type != FRAME_SIG_DATA && frame.type != FRAME_SIG_END))
			return error_set(err, ERR_PROTOCOL, "%s where signature %u was due", frame_name(frame.type),
			                 id);
		if (frame.type == FRAME_SIG_END) {
			(void)get_u64(&d);
			return codec_done(&d, "SIG_END", err);
		}
		n = frame.len_bytes - d.at;
		if (at + file->len_bytes + n > SPOOL_MOST)
			return error_set(err, ERR_PROTOCOL, "the receiver's signatures are too large");
		if (fwrite(frame.payload + d.at, 1, n, window->spool) != n)
			return error_sys(err, errno, "spooling a signature");
		file->len_bytes += n;
	}
}

static int flush_window(struct sender *sender, struct window *window, struct error *err)
{
	uint64_t at = 0;
	int rc = 0;

	if (window->n == 0)
		return 0;
	rewind(window->spool);
	rc = ask(sender, window, err);
	for (size_t i = 0; i < window->n && rc == 0; i++) {
		rc = take_signature(sender, window, (uint32_t)i, at, err);
		at += window->files[i].len_bytes;
	}
	if (rc == 0 && fflush(window->spool) != 0)
		rc = error_sys(err, errno, "spooling signatures");
	for (size_t i = 0; i < window->n && rc == 0; i++)
		rc = send_file(sender, window, window->files[i].path, &window->files[i], err);
	for (size_t i = 0; i < window->n; i++)
		free(window->files[i].path);
	window->n = 0;
	window->expected_bytes = 0;
	return rc;
}

/* What the receiver may have of this file: 0: nothing worth a signature. */
static uint64_t expected_old(const struct sender *sender, const struct plan_item *item)
{
	uint64_t old_bytes = item->old_bytes;

	/* Nothing to save, whatever the receiver would have to read for it. */
	if (item->size_bytes < OLD_LEAST)
		return 0;
	if (sender->resumed && item->size_bytes >= PART_LEAST && item->size_bytes > old_bytes)
		old_bytes = item->size_bytes;
	return old_bytes >= OLD_LEAST ? old_bytes : 0;
}

static int take_item(struct sender *sender, struct window *window, const struct plan_item *item, struct error *err)
{
	uint64_t old_bytes = expected_old(sender, item);
	struct waiting *file;

	if (old_bytes == 0)
		return send_file(sender, window, item->path, NULL, err);
	file = &window->files[window->n];
	*file = (struct waiting){ .path = strdup(item->path), .old_bytes = old_bytes };
	if (file->path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	window->n++;
	window->expected_bytes += delta_lengths(old_bytes, sender->careful).signature_bytes;
	return window->n == WINDOW_FILES || window->expected_bytes >= WINDOW_BYTES ? flush_window(sender, window, err)
	                                                                           : 0;
}

int delta_send_files(struct sender *sender, struct plan *plan, struct error *err)
{
	struct window *window = calloc(1, sizeof(*window));
	struct plan_item item;
	int rc = -1;

	if (window == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	window->spool = scratch_file(err);
	if (window->spool == NULL || plan_begin(plan, PLAN_FILES, err) != 0)
		goto out;
	while ((rc = plan_next(plan, PLAN_FILES, &item, err)) == 1)
		if (take_item(sender, window, &item, err) != 0) {
			rc = -1;
			break;
		}
	if (rc == 0)
		rc = flush_window(sender, window, err);
out:
	for (size_t i = 0; i < window->n; i++)
		free(window->files[i].path);
	if (window->spool != NULL)
		(void)fclose(window->spool);
	free(window);
	return rc;
}
