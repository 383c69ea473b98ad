#include "transfer/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/scratch.h"
#include "lib/tree_walk.h"
#include "transfer/btrfs_send.h"
#include "transfer/changes.h"
#include "transfer/follow.h"
#include "transfer/put_back.h"
#include "wire/entry_codec.h"

#define NESTED_INODE 2 /* BTRFS_EMPTY_SUBVOL_DIR_OBJECTID, linux/btrfs_tree.h */
#define NESTED_TOLD 10

/* One tree of this machine, as a side of a comparison. */
struct local_side {
	struct tree_walk *walk;
	struct sender *sender;
	bool is_anchor;
	uint64_t nested; /* subvolumes in it, which it does not hold */
};

/* The vault's listing as the other side. */
struct listed_side {
	struct sender *sender;
	const struct anchor *anchor; /* NULL: there is none */
	struct parts *parts;
	struct entry entry;
	struct entry_memory memory;
};

int detect_way_named(const char *name, enum detect_way *way, struct error *err)
{
	static const char *const names[] = { "auto", "snapshots", "listing" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*way = (enum detect_way)i;
			return 0;
		}
	return error_set(err, ERR_CONFIG, "detection: %s: it is one of auto, snapshots, listing", name);
}

static void tell_nested(struct local_side *side, const char *path)
{
	if (side->is_anchor || side->nested++ >= NESTED_TOLD)
		return;
	log_line(LOG_WARNING,
	         "\"%.300s\" is a subvolume of its own, and not part of the snapshot: what is in it is NOT backed up; "
	         "make "
	         "it a pipeline of its own",
	         path);
}

bool detect_is_nested(const struct entry *entry)
{
	return entry->type == ENTRY_FOLDER && entry->inode == NESTED_INODE && *entry->path != '\0';
}

/* The placeholder of a nested subvolume is no folder of this tree; and of the anchor's sockets, the vault has none. */
static int next_local(void *context, const struct entry **entry, struct error *err)
{
	struct local_side *side = context;

	for (;;) {
		int parent_fd;
		const char *name;
		int rc = tree_walk_next(side->walk, entry, &parent_fd, &name, err);

		if (wire_keepalive(side->sender->wire, err) != 0)
			return -1;
		if (rc != 1)
			return rc;
		if (detect_is_nested(*entry))
			tell_nested(side, (*entry)->path);
		else if (!side->is_anchor || (*entry)->type != ENTRY_SOCKET)
			return 1;
	}
}

static int take_part(struct listed_side *side, const struct frame *frame, struct error *err)
{
	struct decoder d;
	const uint8_t *key;
	uint64_t bytes;

	decoder_init(&d, frame->payload, frame->len_bytes);
	key = get_raw(&d, PARTS_KEY_BYTES);
	bytes = get_u64(&d);
	if (codec_done(&d, "PART", err) != 0)
		return -1;
	parts_add(side->parts, key, bytes);
	return 0;
}

static int next_listed(void *context, const struct entry **entry, struct error *err)
{
	struct listed_side *side = context;
	struct frame frame;
	struct decoder d;
	int rc;

	for (;;) {
		rc = wire_receive(side->sender->wire, &frame, err);
		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost inside the listing");
		if (rc < 0 || frame.type == FRAME_LIST_END)
			return rc < 0 ? -1 : 0;
		if (frame.type == FRAME_ENTRY)
			break;
		if (frame.type != FRAME_NOTE && frame.type != FRAME_PART)
			return error_set(err, ERR_PROTOCOL, "%s inside the listing", frame_name(frame.type));
		if (frame.type == FRAME_PART && take_part(side, &frame, err) != 0)
			return -1;
	}
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_entry(&d, &side->memory, &side->entry);
	*entry = &side->entry;
	return codec_done(&d, "ENTRY", err) == 0 ? 1 : -1;
}

static int doubts_listed(void *context, const struct entry *source, struct error *err)
{
	const struct listed_side *side = context;

	return put_back(side->anchor, side->sender->tree, source, err);
}

static int compare_with(const struct detect_input *in, struct compare_side *other, enum compare_with with,
                        struct plan *plan, struct compare_totals *totals, struct error *err)
{
	struct local_side snapshot = { .sender = in->sender };
	struct compare_side source = { .next = next_local, .context = &snapshot };
	int rc;

	if (tree_walk_new(in->folder_fd, true, in->excludes, &snapshot.walk, err) != 0)
		return -1;
	rc = compare_trees(&source, other, with, plan, totals, err);
	tree_walk_destroy(&snapshot.walk);
	return rc == 0 ? 0 : error_prefix(err, "comparing");
}

static int by_listing(const struct detect_input *in, struct plan *plan, struct compare_totals *totals,
                      struct parts *parts, struct error *err)
{
	struct listed_side listed = { .sender = in->sender, .anchor = in->anchor, .parts = parts };
	struct compare_side vault = { .next = next_listed, .context = &listed };
	int rc;

	if (in->anchor != NULL)
		vault.doubts = doubts_listed;
	entry_memory_init(&listed.memory);
	rc = wire_send(in->sender->wire, FRAME_LIST, NULL, 0, err) != 0 || wire_flush(in->sender->wire, err) != 0
	             ? -1
	             : compare_with(in, &vault, COMPARE_VAULT, plan, totals, err);
	entry_memory_done(&listed.memory);
	return rc;
}

static int by_snapshots(const struct detect_input *in, struct plan *plan, struct compare_totals *totals,
                        struct error *err)
{
	struct local_side anchor = { .sender = in->sender, .is_anchor = true };
	struct compare_side before = { .next = next_local, .context = &anchor };
	int rc;

	if (tree_walk_new(in->anchor->folder_fd, true, in->excludes, &anchor.walk, err) != 0)
		return -1;
	rc = compare_with(in, &before, COMPARE_ANCHOR, plan, totals, err);
	tree_walk_destroy(&anchor.walk);
	return rc;
}

/* The stream into an overlay. 1: it takes a comparison. */
static int follow(const struct detect_input *in, struct overlay *overlay, FILE *extents, const char **why,
                  struct error *err)
{
	struct btrfs_send *send = NULL;
	struct send_stream *stream = NULL;
	struct error aside = { .class = ERR_NONE };
	int rc;

	if (btrfs_send_open(in->snapshot_fd, in->anchor->subvolume_fd, sender_alive, in->sender, &send, err) != 0)
		return -1;
	rc = send_stream_new(btrfs_send_read, send, &stream, err);
	if (rc == 0)
		rc = follow_stream(stream, overlay, extents, sender_alive, in->sender, why, err);
	send_stream_destroy(&stream);
	/* Its own reason, if the stream was cut short. */
	if (btrfs_send_close(&send, &aside) != 0 && rc < 0 && err->class == ERR_PROTOCOL)
		*err = aside;
	return rc;
}

/* 1: it takes a comparison (*why). */
static int by_stream(const struct detect_input *in, struct plan *plan, struct compare_totals *totals, const char **why,
                     struct error *err)
{
	struct changes_input input = { .snapshot = in->sender->tree,
		                       .anchor = in->anchor->folder,
		                       .snapshot_fd = in->snapshot_fd,
		                       .below = in->anchor->below,
		                       .excludes = in->excludes,
		                       .base_files = in->base_files,
		                       .base_bytes = in->base_bytes,
		                       .busy = sender_alive,
		                       .context = in->sender };
	int rc = overlay_new(&input.overlay, err);

	if (rc == 0) {
		input.extents = scratch_file(err);
		rc = input.extents != NULL ? follow(in, input.overlay, input.extents, why, err) : -1;
	}
	if (rc == 0)
		rc = changes_plan(&input, plan, totals, why, err);
	if (input.extents != NULL)
		(void)fclose(input.extents);
	overlay_destroy(&input.overlay);
	if (rc >= 0)
		return rc;
	/* Whatever keeps btrfs from telling, a comparison can do without; but not without the far end, or room for the plan. */
	if (err->class == ERR_LINK || err->class == ERR_CANCELLED || err->class == ERR_SPACE)
		return -1;
	log_error(LOG_INFO, err, "asking btrfs what has changed");
	error_clear(err);
	*why = "btrfs does not tell what has changed";
	return 1;
}

static int begin_plan(struct plan **plan, struct error *err)
{
	plan_destroy(plan);
	return plan_new(plan, err);
}

int detect_changes(const struct detect_input *in, struct plan **plan, struct compare_totals *totals,
                   struct parts *parts, const char **how, bool *since_anchor, struct error *err)
{
	const char *why = in->way == DETECT_SNAPSHOTS ? "so it is configured" : "the snapshot is no subvolume";
	int rc;

	*since_anchor = in->anchor != NULL && in->why_not == NULL && in->way != DETECT_LISTING;
	*how = "what btrfs knows";
	if (*since_anchor && in->way == DETECT_AUTO && in->snapshot_fd >= 0) {
		if (begin_plan(plan, err) != 0)
			return -1;
		rc = by_stream(in, *plan, totals, &why, err);
		if (rc != 1)
			return rc;
	}
	if (begin_plan(plan, err) != 0)
		return -1;
	if (*since_anchor) {
		log_line(LOG_INFO, "snapshot and anchor are compared: %s", why);
		*how = "both snapshots";
		return by_snapshots(in, *plan, totals, err);
	}
	*how = "the vault's listing";
	if (in->way == DETECT_LISTING || in->why_not != NULL)
		log_line(LOG_INFO, "the vault's listing is compared: %s",
		         in->way == DETECT_LISTING ? "so it is configured" : in->why_not);
	return by_listing(in, *plan, totals, parts, err);
}

int detect_since_anchor(const struct detect_input *in, struct plan **plan, struct error *err)
{
	struct compare_totals totals;
	const char *why = NULL;
	int rc;

	*plan = NULL;
	if (in->anchor == NULL || in->way != DETECT_AUTO || in->snapshot_fd < 0)
		return 0;
	if (plan_new(plan, err) != 0)
		return -1;
	rc = by_stream(in, *plan, &totals, &why, err);
	if (rc != 0)
		plan_destroy(plan);
	return rc == 0 ? 1 : rc == 1 ? 0 : -1;
}
