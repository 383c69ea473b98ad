#include "cli/restore_delta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/restore_wish.h"
#include "lib/inside.h"
#include "lib/sha256.h"

#define BLOCKS_MOST 262144u /* so many sums have 4 MiB */
#define BLOCK_LEAST 65536u
#define PIECE_BYTES 131072u
#define END_BYTES 40 /* of a FETCH_FILE_END */

struct work {
	const struct restore_delta *d;
	const struct restore_plan_record *record;
	int fd; /* the version that is here; -1: it is not any more */
	uint64_t size_bytes, block_bytes, blocks;
	uint64_t told; /* blocks whose sum came */
	bool *same;    /* a block */
	struct sha256 sha;
	uint8_t end[END_BYTES]; /* as it came */
	bool unreadable;
	uint8_t piece[PIECE_BYTES];
};

/* A run of blocks that are all here, or all not. */
struct run {
	uint64_t from, to;
	bool same;
};

uint32_t restore_delta_block_bytes(uint64_t size_bytes)
{
	uint64_t block = BLOCK_LEAST;

	while (size_bytes / block >= BLOCKS_MOST && block < UINT64_C(1) << 31)
		block *= 2;
	return (uint32_t)block;
}

static int open_own(struct work *w, struct error *err)
{
	struct inside *inside;
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (inside_new(w->d->target_fd, &inside, err) != 0)
		return -1;
	if (inside_parent(inside, w->record->entry.path, &parent_fd, &leaf, NULL) == 0)
		w->fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	inside_destroy(&inside);
	if (w->fd >= 0 && (fstat(w->fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(w->fd);
		w->fd = -1;
	}
	return 0;
}

/* So many bytes of ours from `at` on into piece; 0: there are no more, or they can't be read. */
static size_t read_own(struct work *w, uint64_t at, uint64_t most_bytes)
{
	size_t most = most_bytes < PIECE_BYTES ? (size_t)most_bytes : PIECE_BYTES;
	ssize_t n = -1;

	if (w->fd >= 0)
		do
			n = pread(w->fd, w->piece, most, (off_t)at);
		while (n < 0 && errno == EINTR);
	return n > 0 ? (size_t)n : 0;
}

static uint64_t block_end(const struct work *w, uint64_t block)
{
	uint64_t end = (block + 1) * w->block_bytes;

	return end < w->size_bytes ? end : w->size_bytes;
}

static bool is_here(struct work *w, uint64_t block, const uint8_t *sum)
{
	uint8_t have[SHA256_BYTES];
	uint64_t at = block * w->block_bytes;
	uint64_t end = block_end(w, block);

	sha256_init(&w->sha);
	while (at < end) {
		size_t n = read_own(w, at, end - at);

		if (n == 0)
			return false;
		sha256_update(&w->sha, w->piece, n);
		at += n;
	}
	sha256_so_far(&w->sha, have);
	return memcmp(have, sum, WIRE_SUM_BYTES) == 0;
}

static int take_sums(struct work *w, const struct frame *frame, struct error *err)
{
	if (frame->len_bytes % WIRE_SUM_BYTES != 0 || frame->len_bytes / WIRE_SUM_BYTES > w->blocks - w->told)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": other sums than it has blocks", w->record->entry.path);
	for (size_t at = 0; at < frame->len_bytes; at += WIRE_SUM_BYTES, w->told++)
		w->same[w->told] = is_here(w, w->told, frame->payload + at);
	return 0;
}

static int take_end(struct work *w, const struct frame *frame, struct error *err)
{
	struct decoder d;

	if (frame->len_bytes != END_BYTES)
		return error_set(err, ERR_PROTOCOL, "FETCH_FILE_END is too short");
	decoder_init(&d, frame->payload, frame->len_bytes);
	(void)get_raw(&d, 32);
	if (get_u64(&d) == WIRE_FETCH_UNREADABLE) {
		w->unreadable = true;
		memcpy(w->end, frame->payload, END_BYTES);
	}
	return 0;
}

static int next_frame(struct work *w, struct frame *frame, struct error *err)
{
	int rc = wire_receive(w->d->wire, frame, err);

	if (rc == 0)
		return error_set(err, ERR_LINK, "the connection was lost");
	return rc < 0 ? -1 : w->d->moved(w->d->context, err);
}

static int compare(struct work *w, struct error *err)
{
	struct encoder *e = w->d->encoder;
	struct frame frame;

	encoder_reset(e);
	put_bytes(e, w->record->asked, strlen(w->record->asked));
	put_u32(e, (uint32_t)w->block_bytes);
	if (e->bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (wire_send(w->d->wire, FRAME_SUMS, e->data, e->len_bytes, err) != 0)
		return -1;
	for (;;) {
		if (next_frame(w, &frame, err) != 0)
			return -1;
		if (frame.type == FRAME_FETCH_FILE_END)
			break;
		if (frame.type != FRAME_SUMS_DATA)
			return error_set(err, ERR_PROTOCOL, "%s in the answer to SUMS", frame_name(frame.type));
		if (take_sums(w, &frame, err) != 0)
			return -1;
	}
	if (take_end(w, &frame, err) != 0)
		return -1;
	if (!w->unreadable)
		memcpy(w->end, frame.payload, END_BYTES);
	return 0;
}

static bool next_run(const struct work *w, uint64_t at, struct run *run)
{
	uint64_t block = at / w->block_bytes;

	if (at >= w->size_bytes)
		return false;
	*run = (struct run){ .from = at, .same = w->same[block] };
	while (block < w->blocks && w->same[block] == run->same)
		block++;
	run->to = block_end(w, block - 1);
	return true;
}

/* What is here is not as it was a moment ago: the hash will tell. */
static int take_own(struct work *w, const struct run *run, struct error *err)
{
	for (uint64_t at = run->from; at < run->to;) {
		size_t n = read_own(w, at, run->to - at);

		if (n == 0)
			memset(w->piece, 0, n = PIECE_BYTES < run->to - at ? PIECE_BYTES : (size_t)(run->to - at));
		if (unpack_own(w->d->unpack, w->piece, n, err) != 0 || w->d->moved(w->d->context, err) != 0)
			return -1;
		at += n;
	}
	return 0;
}

static int take_theirs(struct work *w, const struct run *run, struct error *err)
{
	uint64_t left = run->to - run->from;
	struct frame frame;

	for (;;) {
		if (next_frame(w, &frame, err) != 0)
			return -1;
		if (frame.type == FRAME_FETCH_FILE_END)
			break;
		if (frame.type == FRAME_NOTE)
			continue;
		if (frame.type != FRAME_FETCH_DATA || frame.len_bytes > left)
			return error_set(err, ERR_PROTOCOL, "%s in the answer to GIVE", frame_name(frame.type));
		left -= frame.len_bytes;
		if (!w->unreadable && unpack_data(w->d->unpack, frame.payload, frame.len_bytes, err) != 0)
			return -1;
	}
	if (take_end(w, &frame, err) != 0)
		return -1;
	return left == 0 || w->unreadable
	               ? 0
	               : error_set(err, ERR_PROTOCOL, "\"%.300s\" is shorter than its sums say", w->record->entry.path);
}

/* From `at` on as far as one GIVE goes: its wishes, then all in order, ours and theirs. Returns where it ended. */
static int carry_window(struct work *w, uint64_t *at, struct error *err)
{
	struct encoder *e = w->d->encoder;
	unsigned wishes = 0;
	uint64_t end = *at;
	struct run run;

	restore_wish_begin(e);
	while (wishes < RESTORE_WISH_MOST && e->len_bytes < RESTORE_WISH_BYTES && next_run(w, end, &run)) {
		if (!run.same) {
			restore_wish_put(e, w->record->asked, run.from, run.to);
			wishes++;
		}
		end = run.to;
	}
	if (wishes != 0 && restore_wish_send(w->d->wire, e, wishes, err) != 0)
		return -1;
	while (*at < end && next_run(w, *at, &run)) {
		if ((run.same ? (w->unreadable ? 0 : take_own(w, &run, err)) : take_theirs(w, &run, err)) != 0)
			return -1;
		*at = run.to;
	}
	return 0;
}

/* As unpack_file_end. */
static int carry(struct work *w, struct error *err)
{
	uint64_t at = w->record->part_bytes;

	if (open_own(w, err) != 0 || compare(w, err) != 0)
		return -1;
	if (w->told != w->blocks && !w->unreadable)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\": fewer sums than it has blocks", w->record->entry.path);
	if (unpack_file_begin(w->d->unpack, &w->record->entry, w->record->sha256, at, err) != 0)
		return -1;
	while (at < w->size_bytes && !w->unreadable)
		if (carry_window(w, &at, err) != 0)
			return -1;
	return unpack_file_end(w->d->unpack, w->end, END_BYTES, err);
}

int restore_delta_carry(const struct restore_delta *delta, const struct restore_plan_record *record, struct error *err)
{
	struct work *w = calloc(1, sizeof(*w));
	int rc = -1;

	if (w == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	w->d = delta;
	w->record = record;
	w->fd = -1;
	w->size_bytes = record->entry.size_bytes;
	w->block_bytes = restore_delta_block_bytes(w->size_bytes);
	w->blocks = (w->size_bytes + w->block_bytes - 1) / w->block_bytes;
	/* As many as its size says, and that came from the far end: */
	if (w->blocks > 2 * (uint64_t)BLOCKS_MOST) {
		(void)error_set(err, ERR_INPUT, "\"%.300s\" is too large", record->entry.path);
	} else {
		w->same = calloc(w->blocks + 1, sizeof(*w->same));
		if (w->same == NULL)
			(void)error_set(err, ERR_SYSTEM, "out of memory");
		else
			rc = carry(w, err);
	}
	if (w->fd >= 0)
		(void)close(w->fd);
	free(w->same);
	free(w);
	return rc;
}
