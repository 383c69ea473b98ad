#include "transfer/follow.h"

#include <errno.h>
#include <stdlib.h>

#define CHANGES_MOST (UINT64_C(1) << 26) /* of one stream; what is larger is cheaper compared */

/* Writes an extent behind the others of its node. Those that do not come in one piece are not worth keeping apart. */
static int note_extent(struct overlay *overlay, uint32_t number, FILE *extents, uint64_t *written,
                       const struct send_change *change, struct error *err)
{
	struct overlay_node *node = overlay_node(overlay, number);
	struct plan_extent extent = { .at = change->offset_bytes, .len_bytes = change->len_bytes };

	node->flags |= OVERLAY_CONTENT;
	if ((node->flags & OVERLAY_SCATTERED) != 0 || extent.len_bytes == 0)
		return 0;
	if (node->n_extents == 0)
		node->extents_at = *written;
	if (node->extents_at + node->n_extents != *written || node->n_extents == PLAN_EXTENTS_MOST) {
		node->flags |= OVERLAY_SCATTERED;
		return 0;
	}
	if (fwrite(&extent, sizeof(extent), 1, extents) != 1)
		return error_sys(err, errno, "writing extents into a temporary file");
	node->n_extents++;
	++*written;
	return 0;
}

static int touch(struct overlay *overlay, const char *path, uint16_t flag, struct error *err)
{
	uint32_t number;

	if (overlay_touch(overlay, path, &number, err) != 0)
		return -1;
	overlay_node(overlay, number)->flags |= flag;
	return 0;
}

static int take(struct overlay *overlay, FILE *extents, uint64_t *written, const struct send_change *change,
                struct error *err)
{
	uint32_t number;

	switch (change->op) {
	case SEND_MAKE_FILE:
	case SEND_MAKE_FOLDER:
	case SEND_MAKE_OTHER:
		return overlay_make(overlay, change->path, err);
	case SEND_RENAME:
		return overlay_rename(overlay, change->path, change->to, err);
	case SEND_LINK:
		return overlay_link(overlay, change->path, change->to, err);
	case SEND_UNLINK:
	case SEND_RMDIR:
		return overlay_remove(overlay, change->path, err);
	case SEND_EXTENT:
		return overlay_touch(overlay, change->path, &number, err) != 0
		               ? -1
		               : note_extent(overlay, number, extents, written, change, err);
	case SEND_TRUNCATE:
		return touch(overlay, change->path, OVERLAY_CONTENT, err);
	case SEND_META:
		return touch(overlay, change->path, OVERLAY_META, err);
	}
	return error_set(err, ERR_INTERNAL, "change %d of the stream", (int)change->op);
}

int follow_stream(struct send_stream *stream, struct overlay *overlay, FILE *extents,
                  int (*busy)(void *context, struct error *err), void *context, const char **why, struct error *err)
{
	struct send_change change;
	uint64_t written = 0;
	uint64_t n = 0;
	int rc;

	while ((rc = send_stream_next(stream, &change, err)) == 1) {
		if (busy(context, err) != 0)
			return -1;
		if (++n > CHANGES_MOST) {
			*why = "too much has changed to be followed step by step";
			return 1;
		}
		if (take(overlay, extents, &written, &change, err) == 0)
			continue;
		if (err->class != ERR_SPACE)
			return -1;
		error_clear(err);
		*why = "too many objects have changed to be followed step by step";
		return 1;
	}
	if (rc != 0)
		return -1;
	if (fflush(extents) != 0)
		return error_sys(err, errno, "writing extents into a temporary file");
	*why = "names of hard links have changed";
	return overlay_settle(overlay);
}

static int by_start(const void *a, const void *b)
{
	const struct plan_extent *x = a;
	const struct plan_extent *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

int follow_extents(FILE *extents, const struct overlay_node *node, struct plan_extent **list, uint32_t *n,
                   struct error *err)
{
	uint32_t kept = 0;

	*list = NULL;
	*n = (node->flags & OVERLAY_SCATTERED) != 0 ? PLAN_EVERYWHERE : node->n_extents;
	if (*n == PLAN_EVERYWHERE || *n == 0)
		return 0;
	*list = malloc(*n * sizeof(**list));
	if (*list == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (fseeko(extents, (off_t)(node->extents_at * sizeof(**list)), SEEK_SET) != 0 ||
	    fread(*list, sizeof(**list), *n, extents) != *n) {
		free(*list);
		*list = NULL;
		return error_sys(err, errno, "reading extents from a temporary file");
	}
	qsort(*list, *n, sizeof(**list), by_start);
	for (uint32_t i = 1; i < *n; i++) {
		struct plan_extent *last = &(*list)[kept];
		const struct plan_extent *next = &(*list)[i];
		uint64_t end = last->at + last->len_bytes;

		if (next->at > end)
			(*list)[++kept] = *next;
		else if (next->at + next->len_bytes > end)
			last->len_bytes = next->at + next->len_bytes - last->at;
	}
	*n = kept + 1;
	return 0;
}
