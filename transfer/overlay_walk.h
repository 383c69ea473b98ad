/* overlay_walk: goes through the present nodes of an overlay in tree order: a folder before what lies in it, siblings by their names.
 *
 * threads: one. */
#ifndef AOB_OVERLAY_WALK_H
#define AOB_OVERLAY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "transfer/overlay.h"
#include "wire/wire.h"

/* Each returns 0: on; anything else ends the walk. path: of the node, its own while it is visited. */
struct overlay_walk {
	struct overlay *overlay; /* settled */
	char path[WIRE_PATH_MAX + 1];
	/* enter: *hidden: in: that of its folder; out: what enter of its children gets. */
	int (*enter)(void *context, uint32_t node, bool *hidden, struct error *err);
	int (*leave)(void *context, uint32_t node,
	             struct error *err); /* behind all that lies in it; not of hidden ones */
	void *context;
};

/* overlay_walk: returns 0, what a callback returned, or -1: ERR_INPUT (too deep, or too long a path), ERR_SYSTEM */
int overlay_walk(struct overlay_walk *walk, struct error *err);

#endif
