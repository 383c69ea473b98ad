#include "receiver/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "receiver/below.h"
#include "receiver/hash_tag.h"
#include "receiver/reading.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

#define SEEN_SLOTS 65536u /* of inodes with several names; a forgotten one is only sent again */

struct fetch {
	const struct vault *vault;
	struct wire *wire;
	struct encoder encoder;
	struct sha256 sha;
	bool looks; /* LOOK: no content, and attributes by their digest */
	bool deep;  /* what lies in the folders of the folder that was asked for, too */
	char generation[32];
	char path[WIRE_PATH_MAX + 1]; /* what was asked for; below it lie the walk's paths */
	struct below below;
	uint64_t count; /* of entries */
	uint64_t files;
	uint64_t seen[SEEN_SLOTS];
	uint8_t piece[WIRE_DATA_MAX];
};

static int decode(struct fetch *fetch, const struct frame *frame, struct error *err)
{
	struct decoder d;

	fetch->looks = frame->type == FRAME_LOOK;
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, fetch->generation, sizeof(fetch->generation));
	get_string(&d, fetch->path, sizeof(fetch->path));
	fetch->deep = !fetch->looks || get_u8(&d) != 0;
	if (codec_done(&d, frame_name(frame->type), err) != 0 ||
	    reading_choose(fetch->vault, fetch->generation, err) != 0)
		return -1;
	return inside_valid(fetch->path, err);
}

/* A file's end: size and the hash that the client must have come to. */
static int send_end(struct fetch *fetch, const uint8_t sha256[32], uint64_t size_bytes, struct error *err)
{
	encoder_reset(&fetch->encoder);
	put_raw(&fetch->encoder, sha256, 32);
	put_u64(&fetch->encoder, size_bytes);
	if (fetch->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(fetch->wire, FRAME_FETCH_FILE_END, fetch->encoder.data, fetch->encoder.len_bytes, err);
}

/* Remembers the inode; true if it was there. */
static bool seen_before(struct fetch *fetch, uint64_t inode)
{
	uint64_t *slot = &fetch->seen[inode % SEEN_SLOTS];
	bool was = *slot == inode;

	*slot = inode;
	return was;
}

static int send_content(struct fetch *fetch, int fd, const char *path, struct error *err)
{
	static const uint8_t none[32] = { 0 };
	uint8_t sha256[SHA256_BYTES];
	uint64_t at = 0;

	sha256_init(&fetch->sha);
	for (;;) {
		ssize_t n = pread(fd, fetch->piece, sizeof(fetch->piece), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* The rest of the tree is worth having all the same. */
			(void)error_sys(err, errno, "\"%.300s\"", path);
			log_error(LOG_ERR, err, "reading");
			error_clear(err);
			return send_end(fetch, none, WIRE_FETCH_UNREADABLE, err);
		}
		if (n == 0)
			break;
		sha256_update(&fetch->sha, fetch->piece, (size_t)n);
		if (wire_send(fetch->wire, FRAME_FETCH_DATA, fetch->piece, (size_t)n, err) != 0)
			return -1;
		at += (uint64_t)n;
	}
	sha256_so_far(&fetch->sha, sha256);
	/* The hash from the day it was written shows what has rotted since. */
	(void)hash_tag_get(fd, sha256);
	return send_end(fetch, sha256, at, err);
}

static int send_file(struct fetch *fetch, int parent_fd, const char *name, const struct entry *entry, struct error *err)
{
	static const uint8_t none[32] = { 0 };
	int fd;
	int rc;

	if (entry->links > 1 && seen_before(fetch, entry->inode))
		return send_end(fetch, none, WIRE_FETCH_LINKED, err);
	fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		(void)error_sys(err, errno, "\"%.300s\"", entry->path);
		log_error(LOG_ERR, err, "opening");
		error_clear(err);
		return send_end(fetch, none, WIRE_FETCH_UNREADABLE, err);
	}
	rc = send_content(fetch, fd, entry->path, err);
	(void)close(fd);
	return rc;
}

static int send_entry(void *context, int parent_fd, const char *name, const struct entry *entry, struct error *err)
{
	struct fetch *fetch = context;

	encoder_reset(&fetch->encoder);
	put_entry(&fetch->encoder, entry);
	if (fetch->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (wire_send(fetch->wire, FRAME_ENTRY, fetch->encoder.data, fetch->encoder.len_bytes, err) != 0)
		return -1;
	fetch->count++;
	fetch->files += entry->type == ENTRY_FILE;
	return entry->type == ENTRY_FILE && !fetch->looks ? send_file(fetch, parent_fd, name, entry, err) : 0;
}

/* What has been sent is all of it: nobody who keeps to the lock removes it meanwhile; a person does. */
static int check_whole(const struct fetch *fetch, int generation_fd, struct error *err)
{
	return fetch->looks || fetch->path[0] != '\0'
	               ? reading_check(fetch->vault, fetch->generation, generation_fd, err)
	               : reading_check_files(fetch->vault, fetch->generation, generation_fd, fetch->files, err);
}

static int answer(struct fetch *fetch, struct error *err)
{
	struct below_walk walk = {
		.part = fetch->path, .digests = fetch->looks, .flat = !fetch->deep, .each = send_entry, .context = fetch
	};
	int rc = reading_open(fetch->vault, fetch->generation, &walk.whole_fd, err);

	if (rc != 0)
		return -1;
	rc = below_walk(&fetch->below, &walk, err);
	if (rc == 0)
		rc = check_whole(fetch, walk.whole_fd, err);
	(void)close(walk.whole_fd);
	if (rc != 0)
		return error_prefix(err, "generation %s", fetch->generation);
	encoder_reset(&fetch->encoder);
	put_u64(&fetch->encoder, fetch->count);
	return wire_send(fetch->wire, fetch->looks ? FRAME_LOOK_END : FRAME_FETCH_END, fetch->encoder.data,
	                 fetch->encoder.len_bytes, err);
}

int fetch_answer(const struct vault *vault, struct wire *wire, const struct frame *frame, struct error *err)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	int rc = -1;

	if (fetch == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	fetch->vault = vault;
	fetch->wire = wire;
	encoder_init(&fetch->encoder);
	if (decode(fetch, frame, err) == 0)
		rc = answer(fetch, err);
	encoder_done(&fetch->encoder);
	free(fetch);
	return rc;
}
