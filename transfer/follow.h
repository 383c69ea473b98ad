/* follow: replays a send stream into an overlay: what was made, renamed, linked, removed, and whose content or metadata may differ, with the extents
 * of content in a file beside it, as there may be many.
 *
 * threads: one. */
#ifndef AOB_FOLLOW_H
#define AOB_FOLLOW_H

#include <stdio.h>

#include "lib/error.h"
#include "transfer/overlay.h"
#include "transfer/plan.h"
#include "transfer/send_stream.h"

/* follow_stream: to its end. in: extents: empty, for reading and writing. overlay: new; settled on return. busy: called for each change, -1 ends it.
 * returns: 0; 1: there is more to it than an overlay can tell (*why, static); -1. errors: the stream's, ERR_SPACE (extents) */
int follow_stream(struct send_stream *stream, struct overlay *overlay, FILE *extents,
                  int (*busy)(void *context, struct error *err), void *context, const char **why, struct error *err);

/* follow_extents: those of a node, merged and in order. out: *list, the caller's, free(3); *n: PLAN_EVERYWHERE (and *list NULL) if it may differ anywhere. */
int follow_extents(FILE *extents, const struct overlay_node *node, struct plan_extent **list, uint32_t *n,
                   struct error *err);

#endif
