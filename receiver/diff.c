#include "receiver/diff.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/inside.h"
#include "receiver/below.h"
#include "receiver/reading.h"
#include "receiver/two_trees.h"
#include "receiver/version.h"
#include "wire/codec.h"
#include "wire/look_codec.h"

enum { BEFORE, AFTER, SIDES };

/* One of the two generations. */
struct side {
	char generation[32];
	int fd;
	struct inside *inside;
	struct entry_memory memory;
	struct below below;
};

struct diff {
	const struct vault *vault;
	struct ticker *ticker;
	struct encoder encoder;
	char path[WIRE_PATH_MAX + 1]; /* the part that was asked for */
	struct side sides[SIDES];
	struct two_trees trees;
	uint64_t count;
};

static int decode(struct diff *diff, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	for (int i = 0; i < SIDES; i++)
		get_string(&d, diff->sides[i].generation, sizeof(diff->sides[i].generation));
	get_string(&d, diff->path, sizeof(diff->path));
	if (codec_done(&d, "DIFF", err) != 0)
		return -1;
	for (int i = 0; i < SIDES; i++)
		if (reading_choose(diff->vault, diff->sides[i].generation, err) != 0)
			return -1;
	return inside_valid(diff->path, err);
}

/* What a symlink or a file stands in the way of is not there. */
static int open_side(struct diff *diff, struct side *side, struct two_trees_side *tree, struct error *err)
{
	const char *leaf;
	int parent_fd;

	if (reading_open(diff->vault, side->generation, &side->fd, err) != 0 ||
	    inside_new(side->fd, &side->inside, err) != 0)
		return -1;
	if (inside_parent(side->inside, diff->path, &parent_fd, &leaf, err) == 0)
		return two_trees_open(tree, parent_fd, leaf, err);
	return error_forgive(err, ERR_NOT_FOUND) || error_forgive(err, ERR_REFUSED) ? 0 : -1;
}

static int send(struct diff *diff, const struct entry *before, const struct entry *after, bool content,
                struct error *err)
{
	struct wire_difference difference = { .content = content };
	struct entry whole_before;
	struct entry whole_after;

	if (before != NULL) {
		if (below_entry(&diff->sides[BEFORE].below, diff->path, before, &whole_before, err) != 0)
			return -1;
		difference.before = &whole_before;
	}
	if (after != NULL) {
		if (below_entry(&diff->sides[AFTER].below, diff->path, after, &whole_after, err) != 0)
			return -1;
		difference.after = &whole_after;
	}
	encoder_reset(&diff->encoder);
	put_difference(&diff->encoder, &difference);
	if (diff->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	diff->count++;
	return wire_send(diff->ticker->wire, FRAME_DIFFERENCE, diff->encoder.data, diff->encoder.len_bytes, err);
}

/* What only one of them has. */
static int alone(struct diff *diff, int which, struct error *err)
{
	const struct two_trees_side *tree = which == BEFORE ? &diff->trees.a : &diff->trees.b;
	struct entry entry;

	if (two_trees_read(tree, &diff->sides[which].memory, &entry, err) != 0)
		return -1;
	return which == BEFORE ? send(diff, &entry, NULL, true, err) : send(diff, NULL, &entry, true, err);
}

static bool same_file_content(const struct two_trees *trees)
{
	struct version before = { .st = trees->a.st };
	struct version after = { .st = trees->b.st };

	if (before.st.st_size == after.st.st_size) {
		version_read_hash(&before, trees->a.parent_fd, trees->a.name);
		version_read_hash(&after, trees->b.parent_fd, trees->b.name);
	}
	return version_same_content(&before, &after);
}

static bool same_content(const struct two_trees *trees, const struct entry *before, const struct entry *after)
{
	if (before->type != after->type)
		return false;
	if (before->type == ENTRY_FILE)
		return same_file_content(trees);
	return strcmp(before->target, after->target) == 0 && before->rdev_major == after->rdev_major &&
	       before->rdev_minor == after->rdev_minor;
}

/* Both have something there. A folder's time follows from the names in it, which are told themselves. */
static int meet(struct diff *diff, struct error *err)
{
	const struct two_trees *trees = &diff->trees;
	struct entry before;
	struct entry after;
	bool same;

	if (trees->a.st.st_mode != 0 && trees->b.st.st_mode != 0 && version_untouched(&trees->a.st, &trees->b.st))
		return 0;
	if (two_trees_read(&trees->a, &diff->sides[BEFORE].memory, &before, err) != 0 ||
	    two_trees_read(&trees->b, &diff->sides[AFTER].memory, &after, err) != 0)
		return -1;
	if (before.type == ENTRY_FOLDER && after.type == ENTRY_FOLDER) {
		before.mtime_s = after.mtime_s;
		before.mtime_ns = after.mtime_ns;
	}
	same = same_content(trees, &before, &after);
	return same && entry_same_metadata(&before, &after) ? 0 : send(diff, &before, &after, !same, err);
}

static int compare(struct diff *diff, struct error *err)
{
	int order;
	int rc;

	ticker_begin(diff->ticker, "comparing", 0);
	while ((rc = two_trees_next(&diff->trees, &order, err)) == 1) {
		rc = order == 0 ? meet(diff, err) : alone(diff, order < 0 ? BEFORE : AFTER, err);
		if (rc != 0 || ticker_step(diff->ticker, err) != 0)
			return -1;
	}
	if (rc == 0 && diff->ticker->done == 0)
		return error_set(err, ERR_NOT_FOUND, "neither of the two has \"%.300s\"", diff->path);
	return rc;
}

static int answer(struct diff *diff, struct error *err)
{
	if (open_side(diff, &diff->sides[BEFORE], &diff->trees.a, err) != 0 ||
	    open_side(diff, &diff->sides[AFTER], &diff->trees.b, err) != 0 || compare(diff, err) != 0)
		return -1;
	for (int i = 0; i < SIDES; i++)
		if (reading_check(diff->vault, diff->sides[i].generation, diff->sides[i].fd, err) != 0)
			return error_prefix(err, "generation %s", diff->sides[i].generation);
	encoder_reset(&diff->encoder);
	put_u64(&diff->encoder, diff->count);
	return wire_send(diff->ticker->wire, FRAME_DIFF_END, diff->encoder.data, diff->encoder.len_bytes, err);
}

int diff_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err)
{
	struct diff *diff = calloc(1, sizeof(*diff));
	int rc;

	if (diff == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	diff->vault = vault;
	diff->ticker = ticker;
	diff->sides[BEFORE].fd = diff->sides[AFTER].fd = -1;
	encoder_init(&diff->encoder);
	rc = decode(diff, frame, err) == 0 ? answer(diff, err) : -1;
	two_trees_close(&diff->trees);
	for (int i = 0; i < SIDES; i++) {
		inside_destroy(&diff->sides[i].inside);
		entry_memory_done(&diff->sides[i].memory);
		if (diff->sides[i].fd >= 0)
			(void)close(diff->sides[i].fd);
	}
	encoder_done(&diff->encoder);
	free(diff);
	return rc;
}
