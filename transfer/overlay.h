/* overlay: what a stream of renames, links and removals does to a tree, told by names alone: which of the old tree's objects are somewhere else now,
 * which are gone, which are new. Costs memory for what was touched, not for the tree; no more than OVERLAY_NODES_MOST objects.
 *
 * An object that was never touched has no node: it is the child of its parent's object, wherever that went. A file that is renamed comes as a link and
 * an unlink (the kernel does it so); overlay_settle makes one move of both.
 *
 * Pure. threads: one. source: fs/btrfs/send.c, process_recorded_refs */
#ifndef AOB_OVERLAY_H
#define AOB_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define OVERLAY_NODES_MOST 100000u
#define OVERLAY_NONE UINT32_MAX
#define OVERLAY_ROOT 0u

enum overlay_flag {
	OVERLAY_PRESENT = 1,   /* it is in the new tree */
	OVERLAY_NEW = 2,       /* it was not in the old tree */
	OVERLAY_CONTENT = 4,   /* the caller's: its content may differ */
	OVERLAY_META = 8,      /* the caller's: its metadata may differ */
	OVERLAY_TOUCHED = 16,  /* the caller's: something directly in it comes or goes */
	OVERLAY_SCATTERED = 32 /* the caller's: its extents are not told in one piece */
};

struct overlay_node {
	uint32_t parent, name;               /* where it is now: a node, and an offset into the names */
	uint32_t origin_parent, origin_name; /* where it was; OVERLAY_NONE: it is new */
	uint32_t link_of;                    /* another name of this node's object; OVERLAY_NONE */
	uint16_t flags;
	bool marker;     /* no object: its place is known to be empty */
	bool had_marker; /* the place that it took was known to be empty */
	uint64_t extents_at;
	uint32_t n_extents;
};

struct overlay;

int overlay_new(struct overlay **overlay, struct error *err);
void overlay_destroy(struct overlay **overlay);

/* The changes, in their order. errors: ERR_PROTOCOL (there is no such path, or something is there already), ERR_SPACE (more nodes than allowed) */
int overlay_make(struct overlay *overlay, const char *path, struct error *err);
int overlay_rename(struct overlay *overlay, const char *from, const char *to, struct error *err);
int overlay_link(struct overlay *overlay, const char *path, const char *existing, struct error *err);
int overlay_remove(struct overlay *overlay, const char *path, struct error *err);
/* overlay_touch: the node of an object that is there; made if it has none. */
int overlay_touch(struct overlay *overlay, const char *path, uint32_t *node, struct error *err);

/* overlay_settle: at the end, once. 0; or 1: real hard links came into being, which this does not tell apart. */
int overlay_settle(struct overlay *overlay);

uint32_t overlay_count(const struct overlay *overlay); /* of nodes, numbered from 0; markers and dead ones among them */
struct overlay_node *overlay_node(struct overlay *overlay, uint32_t node);
const char *overlay_name(const struct overlay *overlay, uint32_t node);
const char *overlay_origin_name(const struct overlay *overlay, uint32_t node); /* of one that was in the old tree */

/* overlay_gone: it was in the old tree and is not in the new one. overlay_moved: it is at another place, seen from its folder. */
bool overlay_gone(const struct overlay *overlay, uint32_t node);
bool overlay_moved(const struct overlay *overlay, uint32_t node);

/* overlay_path: where it is now; overlay_origin: where it was. false: longer than size. "" is the root. */
bool overlay_path(const struct overlay *overlay, uint32_t node, char *out, size_t size);
bool overlay_origin(const struct overlay *overlay, uint32_t node, char *out, size_t size);

/* overlay_children: the present nodes by parent, then name: *order is owned by the overlay, valid until the next change. errors: ERR_SYSTEM */
int overlay_children(struct overlay *overlay, const uint32_t **order, uint32_t *n, struct error *err);

#endif
