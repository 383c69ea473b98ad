#include "receiver/give.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "receiver/below.h"
#include "receiver/hash_tag.h"
#include "receiver/reading.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

#define BLOCK_BYTES 512 /* st_blocks's unit */

static const uint8_t no_hash[HASH_TAG_BYTES] = { 0 };

struct give {
	const struct vault *vault;
	struct wire *wire;
	struct ticker *ticker;
	struct encoder encoder;
	struct sha256 sha;
	char generation[32];
	int generation_fd;     /* -1: no TREE yet */
	struct inside *inside; /* the generation */
	char path[WIRE_PATH_MAX + 1];
	struct below below;
	uint64_t count, files;
	uint8_t piece[WIRE_DATA_MAX];
};

int give_new(const struct vault *vault, struct ticker *ticker, struct give **give, struct error *err)
{
	struct give *made = calloc(1, sizeof(*made));

	*give = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->vault = vault;
	made->wire = ticker->wire;
	made->ticker = ticker;
	made->generation_fd = -1;
	encoder_init(&made->encoder);
	*give = made;
	return 0;
}

static void shut(struct give *give)
{
	inside_destroy(&give->inside);
	if (give->generation_fd >= 0)
		(void)close(give->generation_fd);
	give->generation_fd = -1;
}

void give_destroy(struct give **give)
{
	if (*give == NULL)
		return;
	shut(*give);
	encoder_done(&(*give)->encoder);
	free(*give);
	*give = NULL;
}

static int say(struct give *give, unsigned type, struct error *err)
{
	return give->encoder.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	                         : wire_send(give->wire, type, give->encoder.data, give->encoder.len_bytes, err);
}

static int say_file_end(struct give *give, const uint8_t sha256[HASH_TAG_BYTES], uint64_t bytes, struct error *err)
{
	encoder_reset(&give->encoder);
	put_raw(&give->encoder, sha256, HASH_TAG_BYTES);
	put_u64(&give->encoder, bytes);
	return say(give, FRAME_FETCH_FILE_END, err);
}

/* A disk that has no file's hash any more, or not the file, is told of when its content is asked for. */
static int say_entry(void *context, int parent_fd, const char *name, const struct entry *entry, struct error *err)
{
	struct give *give = context;
	uint8_t sha256[HASH_TAG_BYTES] = { 0 };
	struct stat st = { 0 };
	int fd;

	encoder_reset(&give->encoder);
	put_entry(&give->encoder, entry);
	if (say(give, FRAME_ENTRY, err) != 0)
		return -1;
	give->count++;
	if (entry->type != ENTRY_FILE)
		return 0;
	give->files++;
	fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		(void)hash_tag_get(fd, sha256);
		(void)fstat(fd, &st);
		(void)close(fd);
	}
	return say_file_end(give, sha256, (uint64_t)st.st_blocks * BLOCK_BYTES, err);
}

static int say_folder(struct give *give, const char *path, struct entry_memory *memory, struct error *err)
{
	struct entry entry;
	int parent_fd;
	const char *leaf;

	if (inside_parent(give->inside, path, &parent_fd, &leaf, err) != 0 ||
	    entry_read(parent_fd, leaf, path, false, memory, &entry, err) != 0)
		return -1;
	/* Something else can't lead anywhere, and that is told by who goes on behind it. */
	return entry.type == ENTRY_FOLDER ? say_entry(give, parent_fd, leaf, &entry, err) : 0;
}

/* The folders that lead to what was asked for, the root first: who restores a part makes them as they were. */
static int say_way(struct give *give, struct error *err)
{
	struct entry_memory memory;
	int rc;

	if (give->path[0] == '\0')
		return 0;
	entry_memory_init(&memory);
	rc = say_folder(give, "", &memory, err);
	for (char *slash = strchr(give->path, '/'); slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		rc = say_folder(give, give->path, &memory, err);
		*slash = '/';
	}
	entry_memory_done(&memory);
	return rc;
}

/* What was told is all of it: readdir(3) ends likewise in a folder that is removed meanwhile. */
static int check_whole(const struct give *give, struct error *err)
{
	return give->path[0] != '\0'
	               ? reading_check(give->vault, give->generation, give->generation_fd, err)
	               : reading_check_files(give->vault, give->generation, give->generation_fd, give->files, err);
}

static int open_generation(struct give *give, struct error *err)
{
	return reading_open(give->vault, give->generation, &give->generation_fd, err) == 0
	               ? inside_new(give->generation_fd, &give->inside, err)
	               : -1;
}

int give_tree(struct give *give, const struct frame *frame, struct error *err)
{
	struct below_walk walk = { .part = give->path, .each = say_entry, .context = give };
	struct decoder d;

	shut(give);
	give->count = give->files = 0;
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, give->generation, sizeof(give->generation));
	get_string(&d, give->path, sizeof(give->path));
	if (codec_done(&d, "TREE", err) != 0 || reading_choose(give->vault, give->generation, err) != 0 ||
	    inside_valid(give->path, err) != 0 || open_generation(give, err) != 0)
		return -1;
	walk.whole_fd = give->generation_fd;
	if (say_way(give, err) != 0 || below_walk(&give->below, &walk, err) != 0 || check_whole(give, err) != 0)
		return error_prefix(err, "generation %s", give->generation);
	encoder_reset(&give->encoder);
	put_u64(&give->encoder, give->count);
	return say(give, FRAME_FETCH_END, err);
}

/* The rest of the tree is worth having all the same. */
static int say_unreadable(struct give *give, const char *path, struct error *err)
{
	(void)error_sys(err, errno, "\"%.300s\"", path);
	log_error(LOG_ERR, err, "reading");
	error_clear(err);
	return say_file_end(give, no_hash, WIRE_FETCH_UNREADABLE, err);
}

/* From byte `at` on, as much as fits: so many bytes, 0 at the end, -1: it can't be read. */
static ssize_t read_piece(struct give *give, int fd, uint64_t at, uint64_t most_bytes)
{
	size_t most = most_bytes < sizeof(give->piece) ? (size_t)most_bytes : sizeof(give->piece);
	ssize_t n;

	do
		n = pread(fd, give->piece, most, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Up to the end. The hash from the day it was written shows what has rotted since. Where none was kept, it is that of what is read now, from the beginning. */
static int say_rest(struct give *give, int fd, uint64_t from, struct error *err)
{
	uint8_t sha256[SHA256_BYTES];
	bool tagged = hash_tag_get(fd, sha256);
	uint64_t at = tagged ? from : 0;
	ssize_t n;

	sha256_init(&give->sha);
	ticker_begin(give->ticker, "reading a file's beginning", from);
	while ((n = read_piece(give, fd, at, at < from ? from - at : UINT64_MAX)) > 0) {
		if (!tagged)
			sha256_update(&give->sha, give->piece, (size_t)n);
		if ((at < from ? ticker_step(give->ticker, err)
		               : wire_send(give->wire, FRAME_FETCH_DATA, give->piece, (size_t)n, err)) != 0)
			return -1;
		at += (uint64_t)n;
	}
	if (n < 0)
		return say_unreadable(give, give->path, err);
	if (!tagged)
		sha256_so_far(&give->sha, sha256);
	return say_file_end(give, sha256, at, err);
}

static int say_range(struct give *give, int fd, uint64_t from, uint64_t to, uint64_t size_bytes, struct error *err)
{
	uint8_t sha256[HASH_TAG_BYTES] = { 0 };
	ssize_t n = 1;

	(void)hash_tag_get(fd, sha256);
	while (from < to && (n = read_piece(give, fd, from, to - from)) > 0) {
		if (wire_send(give->wire, FRAME_FETCH_DATA, give->piece, (size_t)n, err) != 0)
			return -1;
		from += (uint64_t)n;
	}
	return n < 0 ? say_unreadable(give, give->path, err) : say_file_end(give, sha256, size_bytes, err);
}

/* A hash of each block, as wire.h cuts it. */
static int say_sums(struct give *give, int fd, uint32_t block_bytes, struct error *err)
{
	uint8_t sha256[SHA256_BYTES];
	struct sha256 block;
	uint64_t at = 0;
	ssize_t n = -1;
	int rc = 0;

	sha256_init(&give->sha);
	sha256_init(&block);
	while (rc == 0 && (n = read_piece(give, fd, at, block_bytes - at % block_bytes)) > 0) {
		sha256_update(&give->sha, give->piece, (size_t)n);
		sha256_update(&block, give->piece, (size_t)n);
		at += (uint64_t)n;
		if (at % block_bytes != 0)
			continue;
		sha256_so_far(&block, sha256);
		sha256_init(&block);
		rc = wire_send(give->wire, FRAME_SUMS_DATA, sha256, WIRE_SUM_BYTES, err);
	}
	if (rc == 0 && n == 0 && at % block_bytes != 0) {
		sha256_so_far(&block, sha256);
		rc = wire_send(give->wire, FRAME_SUMS_DATA, sha256, WIRE_SUM_BYTES, err);
	}
	if (rc != 0)
		return -1;
	if (n < 0)
		return say_unreadable(give, give->path, err);
	sha256_so_far(&give->sha, sha256);
	(void)hash_tag_get(fd, sha256);
	return say_file_end(give, sha256, at, err);
}

/* 1: *fd is the file at give->path, which has a byte `from` or ends before it; 0: that was told; -1 */
static int open_file(struct give *give, uint64_t from, int *fd, uint64_t *size_bytes, struct error *err)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (inside_parent(give->inside, give->path, &parent_fd, &leaf, err) != 0)
		return -1;
	*fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return say_unreadable(give, give->path, err) == 0 ? 0 : -1;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && from <= INT64_MAX && from <= (uint64_t)st.st_size) {
		*size_bytes = (uint64_t)st.st_size;
		return 1;
	}
	(void)close(*fd);
	(void)error_set(err, ERR_PROTOCOL, "\"%.300s\" is no file with a byte %llu", give->path,
	                (unsigned long long)from);
	return -1;
}

static int say_file(struct give *give, uint64_t from, uint64_t to, struct error *err)
{
	uint64_t size_bytes;
	int fd;
	int rc = open_file(give, from, &fd, &size_bytes, err);

	if (rc != 1)
		return rc;
	rc = to < size_bytes ? say_range(give, fd, from, to, size_bytes, err) : say_rest(give, fd, from, err);
	(void)close(fd);
	return rc;
}

int give_content(struct give *give, const struct frame *frame, struct error *err)
{
	struct decoder d;
	unsigned n;

	if (give->inside == NULL)
		return error_set(err, ERR_PROTOCOL, "GIVE before TREE");
	decoder_init(&d, frame->payload, frame->len_bytes);
	n = get_u16(&d);
	for (unsigned i = 0; i < n; i++) {
		uint64_t from;
		uint64_t to;

		get_string(&d, give->path, sizeof(give->path));
		from = get_u64(&d);
		to = get_u64(&d);
		if (d.bad)
			break;
		if (say_file(give, from, to, err) != 0)
			return -1;
	}
	return codec_done(&d, "GIVE", err);
}

int give_sums(struct give *give, const struct frame *frame, struct error *err)
{
	uint32_t block_bytes;
	uint64_t size_bytes;
	struct decoder d;
	int fd;
	int rc;

	if (give->inside == NULL)
		return error_set(err, ERR_PROTOCOL, "SUMS before TREE");
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, give->path, sizeof(give->path));
	block_bytes = get_u32(&d);
	d.bad = d.bad || block_bytes < WIRE_SUM_BLOCK_LEAST;
	if (codec_done(&d, "SUMS", err) != 0)
		return -1;
	rc = open_file(give, 0, &fd, &size_bytes, err);
	if (rc != 1)
		return rc;
	rc = say_sums(give, fd, block_bytes, err);
	(void)close(fd);
	return rc;
}
