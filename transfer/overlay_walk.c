#include "transfer/overlay_walk.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 4096u

struct step {
	uint32_t node, next; /* its next child, in the order */
	size_t path_bytes;
	bool hidden;
};

/* The present nodes by parent, then name. */
struct order {
	const uint32_t *nodes;
	uint32_t n;
};

/* The first child of a node in the order. */
static uint32_t first_child(struct overlay *overlay, const struct order *order, uint32_t parent)
{
	uint32_t low = 0;
	uint32_t high = order->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (overlay_node(overlay, order->nodes[middle])->parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The path of a child behind that of its folder. Returns its length, with a '/' that the folder's own lacks; 0: it is too long. */
static size_t extend(struct overlay_walk *walk, size_t folder_bytes, uint32_t child)
{
	const char *name = overlay_name(walk->overlay, child);
	size_t n = strlen(name);
	size_t at = folder_bytes;

	if (folder_bytes + n + 1 > WIRE_PATH_MAX)
		return 0;
	if (folder_bytes != 0)
		walk->path[at++] = '/';
	memcpy(walk->path + at, name, n + 1);
	return at + n;
}

static int go(struct overlay_walk *walk, const struct order *order, struct step *steps, struct error *err)
{
	uint32_t depth = 1;
	int rc;

	walk->path[0] = '\0';
	steps[0] = (struct step){ OVERLAY_ROOT, first_child(walk->overlay, order, OVERLAY_ROOT), 0, false };
	rc = walk->enter(walk->context, OVERLAY_ROOT, &steps[0].hidden, err);
	while (depth > 0 && rc == 0) {
		struct step *at = &steps[depth - 1];
		uint32_t child = at->next < order->n ? order->nodes[at->next] : OVERLAY_NONE;
		size_t path_bytes;

		walk->path[at->path_bytes] = '\0';
		if (child == OVERLAY_NONE || overlay_node(walk->overlay, child)->parent != at->node) {
			rc = at->hidden ? 0 : walk->leave(walk->context, at->node, err);
			depth--;
			continue;
		}
		at->next++;
		path_bytes = depth < DEPTH_MOST ? extend(walk, at->path_bytes, child) : 0;
		if (path_bytes == 0)
			return error_set(err, ERR_INPUT, "\"%.300s…\" is too deep, or its path too long", walk->path);
		steps[depth] = (struct step){ child, first_child(walk->overlay, order, child), path_bytes, at->hidden };
		rc = walk->enter(walk->context, child, &steps[depth].hidden, err);
		depth += rc == 0;
	}
	return rc;
}

int overlay_walk(struct overlay_walk *walk, struct error *err)
{
	struct step *steps = NULL;
	struct order order;
	int rc;

	if (overlay_children(walk->overlay, &order.nodes, &order.n, err) != 0)
		return -1;
	steps = malloc(DEPTH_MOST * sizeof(*steps));
	if (steps == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = go(walk, &order, steps, err);
	free(steps);
	return rc;
}
