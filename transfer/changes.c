#include "transfer/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/entry.h"
#include "lib/exclude.h"
#include "transfer/follow.h"
#include "transfer/overlay_walk.h"
#include "transfer/sender.h"
#include "transfer/source_view.h"

/* A node whose place in the old tree goes, by what it takes to find it again. */
struct leaving {
	uint32_t node, parent, depth;
	bool stays;    /* a file that another one replaces: it is the basis of the new content */
	bool replaced; /* what lies at its place now tells of it */
};

struct changes {
	const struct changes_input *in;
	struct overlay *overlay;
	struct plan *plan;
	struct compare_totals *totals;
	struct leaving *leaving;
	uint32_t n_leaving;
	const char *why;
	struct entry_memory new_memory, old_memory;
	struct overlay_walk walk;
	char path[WIRE_PATH_MAX + 1];
	char origin[WIRE_PATH_MAX + 1];
};

static int take_stat(struct inside *tree, const char *path, struct stat *st, struct error *err)
{
	int parent_fd;
	const char *leaf;

	if (inside_parent(tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	return fstatat(parent_fd, leaf, st, AT_SYMLINK_NOFOLLOW) == 0
	               ? 0
	               : error_sys(err, errno, "stat of \"%.300s\"", path);
}

static void touch(struct changes *c, uint32_t node)
{
	overlay_node(c->overlay, node)->flags |= OVERLAY_TOUCHED;
}

static uint32_t origin_depth(const struct changes *c, uint32_t node)
{
	uint32_t depth = 0;

	while (node != OVERLAY_ROOT && depth < OVERLAY_NODES_MOST) {
		node = overlay_node(c->overlay, node)->origin_parent;
		depth++;
	}
	return depth;
}

static int say(struct changes *c, const char *why)
{
	c->why = why;
	return 1;
}

/* A node that was in the old tree and is not at its old place. 1: too much for us. */
static int look_at_old(struct changes *c, uint32_t number, struct error *err)
{
	const struct overlay_node *node = overlay_node(c->overlay, number);
	bool gone = overlay_gone(c->overlay, number);
	bool was;
	bool is;

	if (!overlay_origin(c->overlay, number, c->origin, sizeof(c->origin)))
		return error_set(err, ERR_PROTOCOL, "a change of something without a place");
	if (*c->in->below != '\0' && source_view_above(c->in->below, c->origin))
		return say(c, "the source folder itself, or one above it, was moved");
	was = source_view_shows(c->in->below, c->in->excludes, c->origin);
	if (!gone) {
		if (!overlay_path(c->overlay, number, c->path, sizeof(c->path)))
			return error_set(err, ERR_PROTOCOL, "a path of more than %d bytes", WIRE_PATH_MAX);
		if (*c->in->below != '\0' && source_view_above(c->in->below, c->path))
			return say(c, "the source folder itself, or one above it, was moved");
		is = source_view_shows(c->in->below, c->in->excludes, c->path);
		if (was != is)
			return say(c, "something was moved into or out of what is backed up");
		/* What lies in a moved folder has other paths for the patterns to look at. */
		if (is && exclude_by_path(c->in->excludes))
			return say(c, "something was moved, and there are patterns for whole paths in `exclude`");
		touch(c, node->parent);
	}
	if (!was)
		return 0;
	touch(c, node->origin_parent);
	c->leaving[c->n_leaving++] =
	        (struct leaving){ .node = number, .parent = node->origin_parent, .depth = origin_depth(c, number) };
	return 0;
}

static int look_at_all(struct changes *c, struct error *err)
{
	uint32_t n = overlay_count(c->overlay);

	c->leaving = calloc(n, sizeof(*c->leaving));
	if (c->leaving == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (uint32_t i = 1; i < n; i++) {
		const struct overlay_node *node = overlay_node(c->overlay, i);
		int rc = 0;

		if (overlay_gone(c->overlay, i) || overlay_moved(c->overlay, i))
			rc = look_at_old(c, i, err);
		else if (!node->marker && (node->flags & OVERLAY_PRESENT) != 0 && (node->flags & OVERLAY_NEW) != 0)
			touch(c, node->parent);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A file that goes counts no more. 1: it had several names, and it takes more to know what that means. */
static int count_off(struct changes *c, uint32_t number, struct error *err)
{
	struct stat st;
	const char *rel;

	if (!overlay_origin(c->overlay, number, c->origin, sizeof(c->origin)))
		return error_set(err, ERR_PROTOCOL, "a removal of something without a place");
	rel = source_view_path(c->in->below, c->origin);
	if (rel == NULL || take_stat(c->in->anchor, rel, &st, err) != 0)
		return rel == NULL ? 0 : -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	if (st.st_nlink > 1)
		return say(c, "a file with several names has lost one");
	if (S_ISREG(st.st_mode)) {
		c->totals->files--;
		c->totals->bytes -= (uint64_t)st.st_size;
	}
	return 0;
}

static int by_parent(const void *a, const void *b, void *context)
{
	const struct leaving *x = a;
	const struct leaving *y = b;
	struct overlay *o = context;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return strcmp(overlay_origin_name(o, x->node), overlay_origin_name(o, y->node));
}

static int by_depth(const void *a, const void *b)
{
	const struct leaving *x = a;
	const struct leaving *y = b;

	if (x->depth != y->depth)
		return x->depth > y->depth ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* What lay, in the same folder, at the name that a new node has now, and is gone; NULL. */
static struct leaving *predecessor(struct changes *c, uint32_t number)
{
	const struct overlay_node *node = overlay_node(c->overlay, number);
	const char *name = overlay_name(c->overlay, number);
	uint32_t low = 0;
	uint32_t high = c->n_leaving;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct leaving *at = &c->leaving[middle];
		int order = at->parent != node->parent ? (at->parent < node->parent ? -1 : 1)
		                                       : strcmp(overlay_origin_name(c->overlay, at->node), name);

		if (order == 0)
			return overlay_gone(c->overlay, at->node) ? at : NULL;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* A predecessor that is no folder; NULL: there is none. */
static int replaced_one(struct changes *c, uint32_t number, struct leaving **before, struct stat *st, struct error *err)
{
	const char *rel;

	*before = predecessor(c, number);
	if (*before == NULL || !overlay_origin(c->overlay, (*before)->node, c->origin, sizeof(c->origin))) {
		*before = NULL;
		return 0;
	}
	rel = source_view_path(c->in->below, c->origin);
	if (rel == NULL || take_stat(c->in->anchor, rel, st, err) != 0)
		return rel == NULL ? error_set(err, ERR_INTERNAL, "something replaces one outside") : -1;
	if (S_ISDIR(st->st_mode))
		*before = NULL;
	else
		(*before)->replaced = true;
	return 0;
}

static bool in_new_folder(const struct changes *c, uint32_t number)
{
	return (overlay_node(c->overlay, overlay_node(c->overlay, number)->parent)->flags & OVERLAY_NEW) != 0;
}

static int add(struct changes *c, enum plan_list list, enum plan_op op, const char *path, struct error *err)
{
	struct plan_item item = { .op = op, .path = path, .existing = "" };

	return plan_add(c->plan, list, &item, err);
}

/* A folder, symlink or special file. */
static int make_one(struct changes *c, uint32_t number, enum plan_list list, const char *path, struct error *err)
{
	struct plan_item item = { .op = PLAN_MAKE, .path = path, .existing = "", .told = in_new_folder(c, number) };
	struct leaving *before;
	struct stat st = { .st_mode = 0 };

	if (replaced_one(c, number, &before, &st, err) != 0)
		return -1;
	item.fresh = before == NULL;
	return plan_add(c->plan, list, &item, err);
}

static void describe(struct plan_item *item, const struct entry *entry)
{
	item->size_bytes = entry->size_bytes;
	item->inode = entry->links == 1 ? entry->inode : 0;
	item->mtime_s = entry->mtime_s;
	item->mtime_ns = entry->mtime_ns;
}

/* Of a new file: if it replaces another one, that is what it is likely to resemble. */
static int new_file(struct changes *c, uint32_t number, const struct entry *entry, struct error *err)
{
	struct plan_item item = {
		.op = PLAN_FILE, .path = entry->path, .existing = "", .told = in_new_folder(c, number)
	};
	struct leaving *before;
	struct stat st = { .st_mode = 0 };

	describe(&item, entry);
	if (replaced_one(c, number, &before, &st, err) != 0)
		return -1;
	item.fresh = before == NULL;
	if (before != NULL && S_ISREG(st.st_mode)) {
		before->stays = true;
		item.basis = PLAN_LOCAL;
		item.existing = source_view_path(c->in->below, c->origin);
		item.old_bytes = (uint64_t)st.st_size;
		item.n_extents = PLAN_EVERYWHERE;
	}
	c->totals->files++;
	c->totals->bytes += entry->size_bytes;
	return plan_add(c->plan, PLAN_FILES, &item, err);
}

/* 1: it takes more. */
static int new_one(struct changes *c, uint32_t number, const char *rel, struct error *err)
{
	struct entry entry;

	if (sender_read_in(c->in->snapshot, rel, true, &c->new_memory, &entry, err) != 0)
		return -1;
	switch (entry.type) {
	case ENTRY_SOCKET:
		c->totals->skipped++;
		return 0;
	case ENTRY_FOLDER:
		touch(c, number);
		return make_one(c, number, PLAN_EARLY, rel, err);
	case ENTRY_FILE:
		return entry.links > 1 ? say(c, "there are new files with several names")
		                       : new_file(c, number, &entry, err);
	case ENTRY_SYMLINK:
	case ENTRY_FIFO:
	case ENTRY_CHAR_DEVICE:
	case ENTRY_BLOCK_DEVICE:
		return entry.links > 1 ? say(c, "there are new files with several names")
		                       : make_one(c, number, PLAN_LATE, rel, err);
	}
	return 0;
}

static int changed_file(struct changes *c, uint32_t number, const struct entry *now, const struct entry *before,
                        struct error *err)
{
	struct plan_item item = { .op = PLAN_FILE, .path = now->path, .existing = before->path, .basis = PLAN_LOCAL };
	struct plan_extent *extents;
	int rc;

	if (follow_extents(c->in->extents, overlay_node(c->overlay, number), &extents, &item.n_extents, err) != 0)
		return -1;
	describe(&item, now);
	item.old_bytes = before->size_bytes;
	item.extents = extents;
	c->totals->bytes += now->size_bytes - before->size_bytes;
	rc = plan_add(c->plan, PLAN_FILES, &item, err);
	free(extents);
	return rc;
}

/* What was there before, and of which something was said. 1: it takes more. */
static int old_one(struct changes *c, uint32_t number, const char *rel, struct error *err)
{
	unsigned flags = overlay_node(c->overlay, number)->flags;
	struct entry now;
	struct entry before;
	const char *was;

	if ((flags & (OVERLAY_CONTENT | OVERLAY_META)) == 0)
		return 0;
	if (!overlay_origin(c->overlay, number, c->origin, sizeof(c->origin)))
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" came from nowhere", rel);
	was = source_view_path(c->in->below, c->origin);
	if (was == NULL || sender_read_in(c->in->snapshot, rel, true, &c->new_memory, &now, err) != 0 ||
	    sender_read_in(c->in->anchor, was, true, &c->old_memory, &before, err) != 0)
		return was == NULL ? say(c, "something was moved into what is backed up") : -1;
	if (now.type == ENTRY_SOCKET && before.type == ENTRY_SOCKET)
		return 0;
	if (now.type != before.type)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" has become something else", rel);
	if (now.type == ENTRY_FOLDER) {
		if (!entry_same_metadata(&now, &before))
			touch(c, number);
		return 0;
	}
	if (now.links > 1 || before.links > 1)
		return say(c, "a file with several names has changed");
	/* The receiver makes a new file of it, which moves the folder's time. */
	if (now.type == ENTRY_FILE && ((flags & OVERLAY_CONTENT) != 0 || now.size_bytes != before.size_bytes)) {
		touch(c, overlay_node(c->overlay, number)->parent);
		return changed_file(c, number, &now, &before, err);
	}
	if (entry_same_metadata(&now, &before))
		return 0;
	touch(c, overlay_node(c->overlay, number)->parent);
	return add(c, PLAN_LATE, PLAN_META, rel, err);
}

/* What is not shown may be another name of a file that is: btrfs tells of a file's change by one of its names. 1: it takes more. */
static int hidden_one(struct changes *c, uint32_t number, struct error *err)
{
	unsigned flags = overlay_node(c->overlay, number)->flags;
	struct stat st;

	if ((flags & OVERLAY_NEW) != 0 || (flags & (OVERLAY_CONTENT | OVERLAY_META)) == 0)
		return 0;
	if (fstatat(c->in->snapshot_fd, *c->walk.path != '\0' ? c->walk.path : ".", &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, errno, "stat of \"%.300s\"", c->walk.path);
	return !S_ISDIR(st.st_mode) && st.st_nlink > 1 ? say(c, "a file with a name that is not backed up has changed")
	                                               : 0;
}

/* Enters a node: 0: what lies in it is shown if it is, 1: it takes more, -1. *hidden: in: its folder is; out: it is. */
static int enter(void *context, uint32_t number, bool *hidden, struct error *err)
{
	struct changes *c = context;
	const char *rel = source_view_path(c->in->below, c->walk.path);

	if (number != OVERLAY_ROOT && c->in->busy(c->in->context, err) != 0)
		return -1;
	if (rel == NULL && source_view_above(c->in->below, c->walk.path))
		return 0;
	*hidden = *hidden || rel == NULL ||
	          (*rel != '\0' && exclude_name(c->in->excludes, rel, overlay_name(c->overlay, number)));
	if (*hidden)
		return hidden_one(c, number, err);
	if ((overlay_node(c->overlay, number)->flags & OVERLAY_NEW) == 0)
		return old_one(c, number, rel, err);
	return *rel == '\0' ? say(c, "the source folder is another one") : new_one(c, number, rel, err);
}

static int leave(void *context, uint32_t number, struct error *err)
{
	struct changes *c = context;
	const char *rel = source_view_path(c->in->below, c->walk.path);

	if (rel == NULL || (overlay_node(c->overlay, number)->flags & OVERLAY_TOUCHED) == 0)
		return 0;
	return add(c, PLAN_FOLDERS, PLAN_META, rel, err);
}

/* The moves, and the removals that lie between them: what lay deepest first. Without a move, removals alone, each at its top. */
static int plan_leaving(struct changes *c, struct error *err)
{
	struct stat st;

	qsort(c->leaving, c->n_leaving, sizeof(*c->leaving), by_depth);
	for (uint32_t i = 0; i < c->n_leaving; i++) {
		const struct leaving *at = &c->leaving[i];
		struct plan_item item = { .op = PLAN_MOVE, .existing = "", .told = at->replaced };
		bool gone = overlay_gone(c->overlay, at->node);

		if (at->stays || (gone && overlay_gone(c->overlay, at->parent)))
			continue;
		if (!overlay_origin(c->overlay, at->node, c->origin, sizeof(c->origin)) ||
		    (!gone && !overlay_path(c->overlay, at->node, c->path, sizeof(c->path))))
			return error_set(err, ERR_PROTOCOL, "a path of more than %d bytes", WIRE_PATH_MAX);
		item.path = source_view_path(c->in->below, c->origin);
		if (gone)
			item.op = PLAN_REMOVE;
		else
			item.existing = source_view_path(c->in->below, c->path);
		if (take_stat(c->in->anchor, item.path, &st, err) != 0)
			return -1;
		if (!S_ISSOCK(st.st_mode) && plan_add(c->plan, PLAN_MOVES, &item, err) != 0)
			return -1;
	}
	return 0;
}

static int derive(struct changes *c, struct error *err)
{
	int rc = look_at_all(c, err);

	for (uint32_t i = 0; i < c->n_leaving && rc == 0; i++)
		if (c->in->busy(c->in->context, err) != 0)
			rc = -1;
		else if (overlay_gone(c->overlay, c->leaving[i].node))
			rc = count_off(c, c->leaving[i].node, err);
	if (rc != 0)
		return rc;
	qsort_r(c->leaving, c->n_leaving, sizeof(*c->leaving), by_parent, c->overlay);
	c->walk.overlay = c->overlay;
	c->walk.enter = enter;
	c->walk.leave = leave;
	c->walk.context = c;
	rc = overlay_walk(&c->walk, err);
	return rc != 0 ? rc : plan_leaving(c, err);
}

int changes_plan(const struct changes_input *in, struct plan *plan, struct compare_totals *totals, const char **why,
                 struct error *err)
{
	struct changes *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*totals = (struct compare_totals){ .files = in->base_files, .bytes = in->base_bytes };
	c->in = in;
	c->overlay = in->overlay;
	c->plan = plan;
	c->totals = totals;
	entry_memory_init(&c->new_memory);
	entry_memory_init(&c->old_memory);
	rc = derive(c, err);
	*why = c->why;
	entry_memory_done(&c->new_memory);
	entry_memory_done(&c->old_memory);
	free(c->leaving);
	free(c);
	return rc;
}
