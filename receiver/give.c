#include "receiver/give.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
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
	struct encoder encoder;
	EVP_MD_CTX *sha;
	char generation[32];
	int generation_fd;     /* -1: no TREE yet */
	struct inside *inside; /* the generation */
	char path[WIRE_PATH_MAX + 1];
	struct below below;
	uint64_t count, files;
	uint8_t piece[WIRE_DATA_MAX];
};

int give_new(const struct vault *vault, struct wire *wire, struct give **give, struct error *err)
{
	struct give *made = calloc(1, sizeof(*made));

	*give = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->vault = vault;
	made->wire = wire;
	made->generation_fd = -1;
	encoder_init(&made->encoder);
	made->sha = EVP_MD_CTX_new();
	if (made->sha == NULL) {
		give_destroy(&made);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
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
	EVP_MD_CTX_free((*give)->sha);
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
	if (below_walk(&give->below, &walk, err) != 0 || check_whole(give, err) != 0)
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

/* The hash from the day it was written shows what has rotted since. Where none was kept, it is that of what is read now, from the beginning. */
static int say_content(struct give *give, int fd, const char *path, uint64_t from, struct error *err)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];
	bool tagged = hash_tag_get(fd, sha256);
	uint64_t at = tagged ? from : 0;

	(void)EVP_DigestInit_ex(give->sha, EVP_sha256(), NULL);
	for (;;) {
		size_t most = at < from && from - at < sizeof(give->piece) ? (size_t)(from - at) : sizeof(give->piece);
		ssize_t n = pread(fd, give->piece, most, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return say_unreadable(give, path, err);
		if (n == 0)
			break;
		if (!tagged)
			(void)EVP_DigestUpdate(give->sha, give->piece, (size_t)n);
		if (at >= from && wire_send(give->wire, FRAME_FETCH_DATA, give->piece, (size_t)n, err) != 0)
			return -1;
		at += (uint64_t)n;
	}
	if (!tagged)
		(void)EVP_DigestFinal_ex(give->sha, sha256, NULL);
	return say_file_end(give, sha256, at, err);
}

static int say_file(struct give *give, uint64_t from, struct error *err)
{
	struct stat st;
	int parent_fd;
	const char *leaf;
	int fd;
	int rc;

	if (inside_parent(give->inside, give->path, &parent_fd, &leaf, err) != 0)
		return -1;
	fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return say_unreadable(give, give->path, err);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || from > INT64_MAX || from > (uint64_t)st.st_size)
		rc = error_set(err, ERR_PROTOCOL, "\"%.300s\" is no file with a byte %llu", give->path,
		               (unsigned long long)from);
	else
		rc = say_content(give, fd, give->path, from, err);
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

		get_string(&d, give->path, sizeof(give->path));
		from = get_u64(&d);
		if (d.bad)
			break;
		if (say_file(give, from, err) != 0)
			return -1;
	}
	return codec_done(&d, "GIVE", err);
}
