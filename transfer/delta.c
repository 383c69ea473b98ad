#include "transfer/delta.h"

#include <errno.h>
#include <fcntl.h>
#include <librsync.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/scratch.h"
#include "transfer/content.h"
#include "transfer/parts.h"
#include "transfer/patience.h"
#include "transfer/prefetch.h"
#include "transfer/signing.h"
#include "wire/entry_codec.h"

#define WINDOW_FILES 64
#define WINDOW_BYTES (UINT64_C(4) << 20)
#define OLD_LEAST 8192u     /* smaller ones are sent whole: a signature and its answer cost as much */
#define OLD_TIMES_MOST 512u /* what is so much smaller than the old content is sent sooner than that is read */
#define PART_LEAST (UINT64_C(1) << 20) /* from that size on a broken connection's part is gone on with */
#define BLOCK_UNIT 4096u
#define BLOCKS_MOST (UINT64_C(1) << 18) /* a signature in memory: at most some 10 MiB */
#define BLOCK_MOST (16u << 20)          /* the receiver's limit */
#define STRONG_LEAST 8u
#define STRONG_MOST 32u
#define SPOOL_MOST (UINT64_C(64) << 20) /* of signatures in one window, whatever the receiver sends */
#define AHEAD_BYTES (UINT64_C(32) << 20)
#define SAMPLES 64u /* blocks that are looked at to tell an insertion from writes in place */

/* A file whose signature is asked for. */
struct waiting {
	char *path;
	uint64_t old_bytes;     /* to choose the lengths by */
	uint64_t at, len_bytes; /* its signature in the spool; 0: the receiver has nothing */
};

/* What a broken connection left of a file at the receiver; 0 bytes: nothing. */
struct part {
	uint64_t bytes;
	uint8_t sha256[32];
};

/* Which files the receiver was told of. */
struct ahead {
	struct plan_reader *reader;
	uint64_t told_bytes, sent_bytes;
};

struct window {
	struct waiting files[WINDOW_FILES];
	size_t n;
	uint64_t expected_bytes;
	struct content *content;
	FILE *spool;
	uint8_t in[BLOCK_UNIT];
	uint8_t out[BLOCK_UNIT];
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

/* Is most of it where it was? Some blocks, evenly spread, tell. */
static bool lies_in_place(struct window *window, int new_fd, int old_fd, uint64_t bytes)
{
	uint64_t step = bytes / SAMPLES / BLOCK_UNIT * BLOCK_UNIT;
	unsigned equal = 0;
	unsigned n = 0;

	if (step < BLOCK_UNIT)
		step = BLOCK_UNIT;
	for (uint64_t at = 0; at + BLOCK_UNIT <= bytes && n < SAMPLES; at += step, n++)
		equal += pread(new_fd, window->in, BLOCK_UNIT, (off_t)at) == BLOCK_UNIT &&
		         pread(old_fd, window->out, BLOCK_UNIT, (off_t)at) == BLOCK_UNIT &&
		         memcmp(window->in, window->out, BLOCK_UNIT) == 0;
	return 2 * equal >= n;
}

static uint64_t extents_bytes(const struct plan_item *item)
{
	uint64_t bytes = 0;

	if (item->n_extents == PLAN_EVERYWHERE)
		return item->size_bytes;
	for (uint32_t i = 0; i < item->n_extents; i++)
		bytes += item->extents[i].len_bytes;
	return bytes;
}

static int open_in(struct inside *tree, const char *path, struct stat *st, struct error *err)
{
	int parent_fd;
	const char *leaf;
	int fd;

	if (inside_parent(tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, st) != 0) {
		(void)error_sys(err, errno, "opening the old \"%.300s\"", path);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return fd;
}

/* FILE_BEGIN to FILE_END, from what the receiver has of it already, if that is the beginning of it. */
static int send_from(struct sender *sender, struct window *window, const char *path, const struct content_basis *basis,
                     struct error *err)
{
	int rc = content_send(window->content, basis, err);

	if (rc != 0)
		return error_prefix(err, "\"%.300s\"", path);
	meter_file(sender->meter);
	return 0;
}

/* If it is one that can be searched by. */
static int load_signature(const struct sender *sender, struct window *window, const struct waiting *file,
                          struct content_basis *basis, struct error *err)
{
	struct delta_lengths lengths = delta_lengths(file->old_bytes, sender->careful);
	int rc = patience_signature(window->spool, file->at, file->len_bytes, lengths.block, lengths.strong,
	                            2 * BLOCKS_MOST, err);

	if (rc < 0)
		return error_prefix(err, "\"%.300s\"", file->path);
	if (rc > 0) {
		log_line(LOG_WARNING,
		         "the far end's signature of \"%.300s\" is built to make the search crawl: sent as it is",
		         file->path);
		return 0;
	}
	basis->from = CONTENT_SIGNED;
	basis->block_bytes = lengths.block;
	return signing_load(window->spool, file->at, file->len_bytes, &basis->sums, err);
}

/* By the receiver's signature, or with none. */
static int send_signed(struct sender *sender, struct window *window, const struct waiting *file, struct error *err)
{
	struct content_basis basis = { .old_fd = -1 };
	struct entry entry;
	int rc;

	if (content_open(window->content, file->path, &entry, err) != 0)
		return -1;
	if (file->len_bytes != 0 && load_signature(sender, window, file, &basis, err) != 0)
		return -1;
	rc = send_from(sender, window, file->path, &basis, err);
	if (basis.sums != NULL)
		rs_free_sumset(basis.sums);
	return rc;
}

/* The old content lies on this machine: where all but a few extents is known to be as it was, or most of it lies in place, both are read side by
 * side; else it is signed and searched, as rsync does, but nothing of that crosses. */
static int send_local(struct sender *sender, struct window *window, const struct plan_item *item, int old_fd,
                      uint64_t old_bytes, const struct part *part, struct error *err)
{
	struct content_basis basis = { .from = CONTENT_TREE,
		                       .old_fd = old_fd,
		                       .old_bytes = old_bytes,
		                       .extents = item->extents,
		                       .n_extents = item->n_extents };
	uint64_t both = item->size_bytes < old_bytes ? item->size_bytes : old_bytes;
	uint64_t signature_bytes;
	struct entry entry;
	int rc = 0;

	if (content_open(window->content, item->path, &entry, err) != 0 ||
	    content_has_prefix(window->content, part->bytes, part->sha256, err) < 0)
		return -1;
	if (both >= OLD_LEAST && old_bytes / OLD_TIMES_MOST <= item->size_bytes && 2 * extents_bytes(item) >= both &&
	    !lies_in_place(window, content_fd(window->content), old_fd, both)) {
		if (signing_make(window->spool, old_fd, old_bytes, sender_alive, sender, &signature_bytes, err) != 0 ||
		    signing_load(window->spool, 0, signature_bytes, &basis.sums, err) != 0)
			rc = -1;
	}
	if (rc == 0)
		rc = send_from(sender, window, item->path, &basis, err);
	if (basis.sums != NULL)
		rs_free_sumset(basis.sums);
	return rc;
}

/* Without an old content, or with one that should be this very one. 1: nothing was sent: the part that is there is of another content. */
static int send_plain(struct sender *sender, struct window *window, const struct plan_item *item,
                      const struct part *part, struct error *err)
{
	bool same = item->basis == PLAN_THE_SAME;
	struct content_basis basis = { .from = same ? CONTENT_TREE : CONTENT_NOTHING,
		                       .old_fd = -1,
		                       .old_bytes = same ? item->old_bytes : 0,
		                       .n_extents = PLAN_EVERYWHERE,
		                       .same = same };
	struct entry entry;
	int rc;

	if (content_open(window->content, item->path, &entry, err) != 0)
		return -1;
	rc = content_has_prefix(window->content, part->bytes, part->sha256, err);
	if (rc < 0 || (rc == 0 && part->bytes != 0 && !same))
		return rc < 0 ? -1 : 1;
	return send_from(sender, window, item->path, &basis, err);
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
		rc = send_signed(sender, window, &window->files[i], err);
	for (size_t i = 0; i < window->n; i++)
		free(window->files[i].path);
	window->n = 0;
	window->expected_bytes = 0;
	return rc;
}

static int add_to_window(struct sender *sender, struct window *window, const char *path, uint64_t old_bytes,
                         struct error *err)
{
	struct waiting *file = &window->files[window->n];

	*file = (struct waiting){ .path = strdup(path), .old_bytes = old_bytes };
	if (file->path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	window->n++;
	window->expected_bytes += delta_lengths(old_bytes, sender->careful).signature_bytes;
	return window->n == WINDOW_FILES || window->expected_bytes >= WINDOW_BYTES ? flush_window(sender, window, err)
	                                                                           : 0;
}

static uint64_t part_bytes(const struct sender *sender, const struct plan_item *item)
{
	uint8_t key[PARTS_KEY_BYTES];

	if (sender->parts == NULL || sender->parts->n == 0 || item->size_bytes < PART_LEAST)
		return 0;
	parts_key(item->path, key);
	return parts_find(sender->parts, key);
}

static int ask_part(struct sender *sender, const struct plan_item *item, struct part *part, struct error *err)
{
	struct frame frame;
	struct decoder d;
	const uint8_t *hash;

	part->bytes = 0;
	if (part_bytes(sender, item) == 0)
		return 0;
	encoder_reset(&sender->encoder);
	put_bytes(&sender->encoder, item->path, strlen(item->path));
	if (sender_frame(sender, FRAME_PART_WANT, err) != 0 ||
	    wire_expect(sender->wire, FRAME_PART_HASH, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	part->bytes = get_u64(&d);
	hash = get_raw(&d, sizeof(part->sha256));
	if (codec_done(&d, "PART_HASH", err) != 0)
		return -1;
	memcpy(part->sha256, hash, sizeof(part->sha256));
	return 0;
}

/* The anchor's file, if it is what the receiver has at that path. -1: no. */
static int open_old(struct sender *sender, const struct plan_item *item, uint64_t *old_bytes)
{
	const char *path = item->basis == PLAN_LOCAL ? item->existing : item->path;
	struct error aside = { .class = ERR_NONE };
	struct stat st;
	int fd;

	if (sender->anchor == NULL || (item->basis != PLAN_LOCAL && item->basis != PLAN_LISTED))
		return -1;
	fd = open_in(sender->anchor, path, &st, &aside);
	if (fd < 0)
		return -1;
	*old_bytes = (uint64_t)st.st_size;
	if (!S_ISREG(st.st_mode) || *old_bytes != item->old_bytes ||
	    (item->basis == PLAN_LISTED &&
	     (st.st_mtim.tv_sec != item->old_mtime_s || (uint32_t)st.st_mtim.tv_nsec != item->old_mtime_ns))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int take_local(struct sender *sender, struct window *window, const struct plan_item *item, int old_fd,
                      uint64_t old_bytes, struct error *err)
{
	struct part part;
	int rc = ask_part(sender, item, &part, err);

	if (rc == 0)
		rc = send_local(sender, window, item, old_fd, old_bytes, &part, err);
	(void)close(old_fd);
	return rc;
}

static int take_item(struct sender *sender, struct window *window, const struct plan_item *item, struct error *err)
{
	uint64_t old_bytes = 0;
	uint64_t begun = part_bytes(sender, item);
	int old_fd = open_old(sender, item, &old_bytes);
	struct part part;
	int rc;

	if (old_fd >= 0)
		return take_local(sender, window, item, old_fd, old_bytes, err);
	/* What an earlier connection built is signed together with the rest of what was there. */
	if ((item->basis == PLAN_LISTED || item->basis == PLAN_LOCAL || item->basis == PLAN_DOUBTFUL) &&
	    item->size_bytes >= OLD_LEAST && (item->old_bytes >= OLD_LEAST || begun != 0))
		return add_to_window(sender, window, item->path, begun > item->old_bytes ? begun : item->old_bytes,
		                     err);
	if (ask_part(sender, item, &part, err) != 0)
		return -1;
	rc = send_plain(sender, window, item, &part, err);
	return rc == 1 ? add_to_window(sender, window, item->path, begun, err) : rc;
}

/* Tells the receiver of the larger old contents that come next, so that its disk works while this one is sent. */
static int tell_ahead(struct sender *sender, struct ahead *ahead, struct error *err)
{
	while (ahead->reader != NULL && ahead->told_bytes < ahead->sent_bytes + AHEAD_BYTES) {
		struct plan_item item;
		int rc = plan_reader_next(ahead->reader, &item, err);

		if (rc != 1) {
			plan_reader_destroy(&ahead->reader);
			return rc;
		}
		ahead->told_bytes += item.size_bytes;
		if (item.basis == PLAN_NO_BASIS || item.old_bytes < PART_LEAST)
			continue;
		encoder_reset(&sender->encoder);
		put_bytes(&sender->encoder, item.path, strlen(item.path));
		if (sender_frame(sender, FRAME_AHEAD, err) != 0)
			return -1;
	}
	return 0;
}

int delta_send_files(struct sender *sender, struct plan *plan, struct error *err)
{
	struct window *window = calloc(1, sizeof(*window));
	struct prefetch *prefetch = NULL;
	struct ahead ahead = { 0 };
	struct plan_item item;
	int rc = -1;

	if (window == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	window->spool = scratch_file(err);
	if (window->spool == NULL || content_new(sender, &window->content, err) != 0 ||
	    plan_begin(plan, PLAN_FILES, err) != 0)
		goto out;
	if (plan_totals(plan).files > 1 && (prefetch_new(plan, sender->folder_fd, &prefetch, err) != 0 ||
	                                    plan_reader_new(plan, PLAN_FILES, &ahead.reader, err) != 0))
		goto out;
	while ((rc = plan_next(plan, PLAN_FILES, &item, err)) == 1) {
		if (tell_ahead(sender, &ahead, err) != 0 || take_item(sender, window, &item, err) != 0) {
			rc = -1;
			break;
		}
		ahead.sent_bytes += item.size_bytes;
		if (prefetch != NULL)
			prefetch_done(prefetch, item.size_bytes);
	}
	if (rc == 0)
		rc = flush_window(sender, window, err);
out:
	for (size_t i = 0; i < window->n; i++)
		free(window->files[i].path);
	prefetch_destroy(&prefetch);
	plan_reader_destroy(&ahead.reader);
	content_destroy(&window->content);
	if (window->spool != NULL)
		(void)fclose(window->spool);
	free(window);
	return rc;
}
