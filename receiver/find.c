#include "receiver/find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/glob.h"
#include "lib/inside.h"
#include "lib/tree_walk.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/spans.h"
#include "wire/codec.h"
#include "wire/look_codec.h"

struct find {
	const struct vault *vault;
	struct ticker *ticker;
	struct encoder encoder;
	struct spans *spans;
	struct entry_memory memory;
	bool by_path;
	char wanted[WIRE_PATH_MAX + 1]; /* a path, or a pattern for a name */
	char told[96];                  /* what is being done */
	uint64_t count;
	uint64_t looked_into; /* generations */
};

static int decode(struct find *find, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	find->by_path = get_u8(&d) != 0;
	get_string(&d, find->wanted, sizeof(find->wanted));
	if (codec_done(&d, "FIND", err) != 0)
		return -1;
	if (find->wanted[0] == '\0')
		return error_set(err, ERR_INPUT, "what is to be found?");
	if (!find->by_path && strlen(find->wanted) > WIRE_PATTERN_MAX)
		return error_set(err, ERR_INPUT, "a pattern of %zu bytes: at most %u are taken", strlen(find->wanted),
		                 WIRE_PATTERN_MAX);
	return find->by_path ? inside_valid(find->wanted, err) : 0;
}

static int send(void *context, const struct wire_found *span, struct error *err)
{
	struct find *find = context;

	encoder_reset(&find->encoder);
	put_found(&find->encoder, span);
	if (find->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	find->count++;
	return wire_send(find->ticker->wire, FRAME_FOUND, find->encoder.data, find->encoder.len_bytes, err);
}

/* There, or gone: 0; what is gone is no match. */
static int match(struct find *find, int parent_fd, const char *name, const char *path, struct error *err)
{
	struct spans_match found = { .parent_fd = parent_fd, .name = name };
	struct entry entry;

	if (entry_read(parent_fd, name, path, true, &find->memory, &entry, err) != 0)
		return error_forgive(err, ERR_NOT_FOUND) ? 0 : -1;
	if (fstatat(parent_fd, name, &found.version.st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "stat of \"%.300s\"", path);
	found.entry = &entry;
	return spans_add(find->spans, &found, err);
}

static int walk(struct find *find, int generation_fd, struct error *err)
{
	const struct entry *entry;
	struct tree_walk *walk;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(generation_fd, true, NULL, &walk, err) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		if (ticker_step(find->ticker, err) != 0 || (*entry->path != '\0' && glob_match(find->wanted, name) &&
		                                            match(find, parent_fd, name, entry->path, err) != 0)) {
			rc = -1;
			break;
		}
	}
	tree_walk_destroy(&walk);
	return rc;
}

static int look_up(struct find *find, int generation_fd, struct error *err)
{
	struct inside *inside;
	const char *leaf;
	int parent_fd;
	int rc;

	if (ticker_step(find->ticker, err) != 0 || inside_new(generation_fd, &inside, err) != 0)
		return -1;
	rc = inside_parent(inside, find->wanted, &parent_fd, &leaf, err);
	if (rc == 0)
		rc = match(find, parent_fd, leaf, find->wanted, err);
	else if (error_forgive(err, ERR_NOT_FOUND) || error_forgive(err, ERR_REFUSED))
		rc = 0; /* something else stands in its way there */
	inside_destroy(&inside);
	return rc;
}

static int look_into(struct find *find, const char *generation, struct error *err)
{
	struct record record;
	int fd;
	int rc;

	/* Pruned since its name was read, or just now. */
	if (record_read(find->vault, generation, &record, NULL) != 0 || !record.there)
		return 0;
	if (reading_open(find->vault, generation, &fd, err) != 0)
		return error_forgive(err, ERR_NOT_FOUND) || error_forgive(err, ERR_LOCKED) ? 0 : -1;
	find->looked_into++;
	rc = spans_generation(find->spans, generation, err);
	if (rc == 0)
		rc = find->by_path ? look_up(find, fd, err) : walk(find, fd, err);
	if (rc == 0)
		rc = reading_check(find->vault, generation, fd, err);
	(void)close(fd);
	return rc == 0 ? 0 : error_prefix(err, "generation %s", generation);
}

static int answer(struct find *find, struct error *err)
{
	char(*names)[32];
	size_t n;
	int rc = 0;

	if (record_names(find->vault, &names, &n, err) != 0)
		return -1;
	ticker_begin(find->ticker, find->told, 0);
	for (size_t i = 0; i < n && rc == 0; i++) {
		(void)snprintf(find->told, sizeof(find->told), "looking into generation %zu of %zu", i + 1, n);
		rc = look_into(find, names[i], err);
	}
	free(names);
	if (rc != 0 || spans_finish(find->spans, err) != 0)
		return -1;
	encoder_reset(&find->encoder);
	put_u64(&find->encoder, find->count);
	put_u64(&find->encoder, find->looked_into);
	return wire_send(find->ticker->wire, FRAME_FIND_END, find->encoder.data, find->encoder.len_bytes, err);
}

int find_answer(const struct vault *vault, struct ticker *ticker, const struct frame *frame, struct error *err)
{
	struct find *find = calloc(1, sizeof(*find));
	int rc = -1;

	if (find == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	find->vault = vault;
	find->ticker = ticker;
	encoder_init(&find->encoder);
	entry_memory_init(&find->memory);
	if (decode(find, frame, err) == 0 && spans_new(send, find, &find->spans, err) == 0)
		rc = answer(find, err);
	ticker->text = "";
	spans_destroy(&find->spans);
	entry_memory_done(&find->memory);
	encoder_done(&find->encoder);
	free(find);
	return rc;
}
