#include "receiver/proving.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "receiver/reading.h"
#include "receiver/seal.h"
#include "wire/codec.h"

#define TEXT "computing the root hash"

static int reply(struct wire *wire, unsigned type, const struct encoder *e, struct error *err)
{
	if (e->bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(wire, type, e->data, e->len_bytes, err);
}

int proving_root(struct incoming *in, struct ticker *ticker, const struct frame *frame, bool *equal, struct error *err)
{
	struct seal seal = { .skip = in->work, .ticker = ticker };
	char theirs_text[TREE_DIGEST_TEXT];
	const uint8_t *theirs;
	struct encoder e;
	struct decoder d;
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	seal.how = get_u8(&d) != 0 ? SEAL_KEEP : SEAL_ANEW;
	theirs = get_raw(&d, TREE_DIGEST_BYTES);
	if (codec_done(&d, "ROOT", err) != 0)
		return -1;
	hex_text(theirs, TREE_DIGEST_BYTES, theirs_text);
	*equal = false;
	in->record.root[0] = '\0';
	ticker_begin(ticker, TEXT, 0);
	/* Without the generation before, all of a folder is looked at: it takes longer, no more. */
	seal.has_base = incoming_base(in, &seal.base_fd, NULL) == 0 && seal.base_fd >= 0;
	rc = seal_root(in->tree_fd, &seal, err);
	if (seal.has_base)
		(void)close(seal.base_fd);
	if (rc != 0)
		return -1;
	crash_point("sealed"); /* killed here: what its folders remember counts for the next attempt */
	hex_text(seal.root, TREE_DIGEST_BYTES, in->record.root);
	*equal = strcmp(in->record.root, theirs_text) == 0;
	if (!*equal) {
		log_line(LOG_WARNING, "the root hash of this tree is %s, that of the client's %s", in->record.root,
		         theirs_text);
		in->record.root[0] = '\0';
	}
	encoder_init(&e);
	put_u8(&e, *equal);
	put_raw(&e, seal.root, sizeof(seal.root));
	put_u64(&e, seal.unhashed);
	rc = reply(ticker->wire, FRAME_ROOT_SEEN, &e, err);
	encoder_done(&e);
	return rc;
}

struct branch {
	struct wire *wire;
	struct encoder encoder;
	uint64_t count;
};

static int send_child(void *context, const char *name, enum entry_type type, const uint8_t digest[TREE_DIGEST_BYTES],
                      struct error *err)
{
	struct branch *branch = context;

	encoder_reset(&branch->encoder);
	put_u8(&branch->encoder, (uint8_t)type);
	put_raw(&branch->encoder, digest, TREE_DIGEST_BYTES);
	put_bytes(&branch->encoder, name, strlen(name));
	branch->count++;
	return reply(branch->wire, FRAME_TWIG, &branch->encoder, err);
}

/* -1 and no error: there is no such folder. */
static int open_branch(struct incoming *in, const char *path, struct error *err)
{
	const char *leaf;
	int parent_fd;
	int fd;

	if (inside_parent(in->tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	fd = openat(parent_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		(void)error_sys(err, errno, "opening \"%.300s\"", path);
	return fd;
}

static int list_branch(struct incoming *in, struct ticker *ticker, const char *path, struct branch *branch,
                       struct error *err)
{
	struct seal seal = { .how = SEAL_KEEP, .child = send_child, .context = branch, .ticker = ticker };
	int fd = open_branch(in, path, err);
	int rc;

	if (fd < 0)
		return err->class == ERR_NONE || error_forgive(err, ERR_NOT_FOUND) ? 0 : -1;
	seal.skip = *path == '\0' ? in->work : NULL;
	ticker_begin(ticker, TEXT, 0);
	rc = seal_root(fd, &seal, err);
	(void)close(fd);
	return rc;
}

int proving_branch(struct incoming *in, struct ticker *ticker, const struct frame *frame, struct error *err)
{
	struct branch branch = { .wire = ticker->wire };
	char path[WIRE_PATH_MAX + 1];
	struct decoder d;
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, path, sizeof(path));
	if (codec_done(&d, "BRANCH", err) != 0 || inside_valid(path, err) != 0 || incoming_allows(in, path, err) != 0)
		return -1;
	encoder_init(&branch.encoder);
	rc = list_branch(in, ticker, path, &branch, err);
	encoder_reset(&branch.encoder);
	put_u64(&branch.encoder, branch.count);
	if (rc == 0)
		rc = reply(branch.wire, FRAME_BRANCH_END, &branch.encoder, err);
	encoder_done(&branch.encoder);
	return rc;
}

static int prove(const struct vault *vault, struct ticker *ticker, const char *generation, struct seal *seal,
                 struct error *err)
{
	int fd;
	int rc;

	if (reading_open(vault, generation, &fd, err) != 0)
		return -1;
	ticker_begin(ticker, TEXT, 0);
	rc = seal_root(fd, seal, err);
	if (rc == 0)
		rc = reading_check(vault, generation, fd, err);
	(void)close(fd);
	return rc;
}

int proving_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err)
{
	struct seal seal = { .how = SEAL_LOOK, .ticker = ticker };
	struct record record;
	char generation[32];
	struct encoder e;
	struct decoder d;
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, generation, sizeof(generation));
	if (codec_done(&d, "PROOF", err) != 0 || reading_choose(vault, generation, err) != 0 ||
	    prove(vault, ticker, generation, &seal, err) != 0 || record_read(vault, generation, &record, err) != 0)
		return -1;
	encoder_init(&e);
	put_string(&e, generation);
	put_string(&e, record.root);
	put_raw(&e, seal.root, sizeof(seal.root));
	put_u64(&e, seal.unhashed);
	rc = reply(ticker->wire, FRAME_PROVEN, &e, err);
	encoder_done(&e);
	return rc;
}

int proving_print(const char *folder, FILE *out, struct error *err)
{
	struct ticker mute = { 0 };
	struct seal seal = { .how = SEAL_LOOK, .ticker = &mute };
	char text[TREE_DIGEST_TEXT];
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_sys(err, errno, "opening %s", folder);
	rc = seal_root(fd, &seal, err);
	(void)close(fd);
	if (rc != 0)
		return -1;
	hex_text(seal.root, sizeof(seal.root), text);
	return fprintf(out, "%s\n", text) > 0 && fflush(out) == 0 ? 0 : error_sys(err, errno, "writing");
}
