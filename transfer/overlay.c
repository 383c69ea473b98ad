#include "transfer/overlay.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MOST (UINT32_C(8) << 20)
#define SLOTS_LEAST 256u

struct overlay {
	struct overlay_node *nodes;
	uint32_t n, room;
	char *names; /* each with its NUL */
	uint32_t names_used, names_room;
	uint32_t *slots; /* hash of (parent, name) to node + 1; 0: free; open addressing */
	uint32_t n_slots, n_taken;
	uint32_t *order;
};

static uint32_t hash_of(uint32_t parent, const char *name, size_t len)
{
	uint32_t h = 2166136261u ^ parent; /* FNV-1a */

	h *= 16777619u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

static bool is_at(const struct overlay *o, uint32_t node, uint32_t parent, const char *name, size_t len)
{
	const char *own = o->names + o->nodes[node].name;

	return o->nodes[node].parent == parent && strncmp(own, name, len) == 0 && own[len] == '\0';
}

/* The slot that holds this place's node, or the free one where it would be. */
static uint32_t slot_of(const struct overlay *o, uint32_t parent, const char *name, size_t len)
{
	uint32_t at = hash_of(parent, name, len) & (o->n_slots - 1);

	while (o->slots[at] != 0 && !is_at(o, o->slots[at] - 1, parent, name, len))
		at = (at + 1) & (o->n_slots - 1);
	return at;
}

static int grow_slots(struct overlay *o, struct error *err)
{
	uint32_t *old = o->slots;
	uint32_t n_old = o->n_slots;

	if (old != NULL && o->n_taken * 4 < n_old * 3)
		return 0;
	o->n_slots = n_old != 0 ? 2 * n_old : SLOTS_LEAST;
	o->slots = calloc(o->n_slots, sizeof(*o->slots));
	if (o->slots == NULL) {
		o->slots = old;
		o->n_slots = n_old;
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i] != 0) {
			const struct overlay_node *node = &o->nodes[old[i] - 1];
			const char *name = o->names + node->name;

			o->slots[slot_of(o, node->parent, name, strlen(name))] = old[i];
		}
	free(old);
	return 0;
}

static int add_name(struct overlay *o, const char *name, size_t len, uint32_t *at, struct error *err)
{
	if (o->names == NULL || o->names_room - o->names_used < len + 1) {
		uint32_t room = o->names_room != 0 ? 2 * o->names_room : 4096;
		char *grown = room <= NAMES_MOST ? realloc(o->names, room) : NULL;

		if (grown == NULL)
			return error_set(err, ERR_SPACE, "the names of what changed take more than %u bytes",
			                 NAMES_MOST);
		o->names = grown;
		o->names_room = room;
	}
	*at = o->names_used;
	memcpy(o->names + o->names_used, name, len);
	o->names[o->names_used + len] = '\0';
	o->names_used += (uint32_t)len + 1;
	return 0;
}

static int add_node(struct overlay *o, const struct overlay_node *node, uint32_t *number, struct error *err)
{
	if (o->n == OVERLAY_NODES_MOST)
		return error_set(err, ERR_SPACE, "more than %u objects changed", OVERLAY_NODES_MOST);
	if (o->nodes == NULL || o->n == o->room) {
		uint32_t room = o->room != 0 ? 2 * o->room : 64;
		struct overlay_node *grown = realloc(o->nodes, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		o->nodes = grown;
		o->room = room;
	}
	o->nodes[o->n] = *node;
	*number = o->n++;
	return 0;
}

int overlay_new(struct overlay **overlay, struct error *err)
{
	struct overlay *made = calloc(1, sizeof(*made));
	struct overlay_node root = {
		.parent = OVERLAY_NONE, .origin_parent = OVERLAY_NONE, .link_of = OVERLAY_NONE, .flags = OVERLAY_PRESENT
	};
	uint32_t number;

	*overlay = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (grow_slots(made, err) != 0 || add_name(made, "", 0, &root.name, err) != 0 ||
	    add_node(made, &root, &number, err) != 0) {
		overlay_destroy(&made);
		return -1;
	}
	*overlay = made;
	return 0;
}

void overlay_destroy(struct overlay **overlay)
{
	struct overlay *o = *overlay;

	if (o == NULL)
		return;
	*overlay = NULL;
	free(o->nodes);
	free(o->names);
	free(o->slots);
	free(o->order);
	free(o);
}

/* The object at a name in a folder; made if it was never touched. OVERLAY_NONE with *number: there is none. */
static int child_of(struct overlay *o, uint32_t parent, const char *name, size_t len, uint32_t *number,
                    struct error *err)
{
	uint32_t slot = slot_of(o, parent, name, len);
	struct overlay_node made = {
		.parent = parent, .origin_parent = parent, .link_of = OVERLAY_NONE, .flags = OVERLAY_PRESENT
	};

	if (o->slots[slot] != 0) {
		uint32_t found = o->slots[slot] - 1;

		*number = o->nodes[found].marker ? OVERLAY_NONE : found;
		return 0;
	}
	*number = OVERLAY_NONE;
	if ((o->nodes[parent].flags & OVERLAY_NEW) != 0)
		return 0;
	if (add_name(o, name, len, &made.name, err) != 0)
		return -1;
	made.origin_name = made.name;
	if (grow_slots(o, err) != 0 || add_node(o, &made, number, err) != 0)
		return -1;
	o->slots[slot_of(o, parent, name, len)] = *number + 1;
	o->n_taken++;
	return 0;
}

/* The folder that path's last name lies in. */
static int find_parent(struct overlay *o, const char *path, uint32_t *parent, const char **leaf, struct error *err)
{
	const char *at = path;
	const char *slash;

	*parent = OVERLAY_ROOT;
	while ((slash = strchr(at, '/')) != NULL) {
		if (child_of(o, *parent, at, (size_t)(slash - at), parent, err) != 0)
			return -1;
		if (*parent == OVERLAY_NONE)
			return error_set(err, ERR_PROTOCOL, "a change below \"%.300s\", which is not there", path);
		at = slash + 1;
	}
	*leaf = at;
	return *at != '\0' ? 0 : error_set(err, ERR_PROTOCOL, "a change of the root's own name");
}

static int find(struct overlay *o, const char *path, uint32_t *number, struct error *err)
{
	uint32_t parent = OVERLAY_ROOT;
	const char *leaf = "";

	*number = OVERLAY_ROOT;
	if (*path == '\0')
		return 0;
	if (find_parent(o, path, &parent, &leaf, err) != 0 || child_of(o, parent, leaf, strlen(leaf), number, err) != 0)
		return -1;
	return *number != OVERLAY_NONE
	               ? 0
	               : error_set(err, ERR_PROTOCOL, "a change of \"%.300s\", which is not there", path);
}

/* Puts a node at a place that must be free. Where nothing is said of the place, the old tree had nothing there: the kernel makes room first. */
static int place(struct overlay *o, uint32_t number, const char *path, struct error *err)
{
	struct overlay_node *node;
	uint32_t parent = OVERLAY_ROOT;
	uint32_t name;
	uint32_t slot;
	const char *leaf = "";

	if (find_parent(o, path, &parent, &leaf, err) != 0 || add_name(o, leaf, strlen(leaf), &name, err) != 0 ||
	    grow_slots(o, err) != 0)
		return -1;
	slot = slot_of(o, parent, leaf, strlen(leaf));
	node = &o->nodes[number];
	if (o->slots[slot] != 0 && !o->nodes[o->slots[slot] - 1].marker)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" is made where something is already", path);
	node->had_marker = o->slots[slot] != 0;
	o->n_taken += o->slots[slot] == 0;
	o->slots[slot] = number + 1;
	node->parent = parent;
	node->name = name;
	node->flags |= OVERLAY_PRESENT;
	return 0;
}

/* Takes a node from its place, which stays known as empty. */
static int take_away(struct overlay *o, uint32_t number, struct error *err)
{
	struct overlay_node marker = { .marker = true, .origin_parent = OVERLAY_NONE, .link_of = OVERLAY_NONE };
	uint32_t slot = slot_of(o, o->nodes[number].parent, overlay_name(o, number), strlen(overlay_name(o, number)));
	uint32_t made = OVERLAY_NONE;

	marker.parent = o->nodes[number].parent;
	marker.name = o->nodes[number].name;
	if (add_node(o, &marker, &made, err) != 0)
		return -1;
	o->slots[slot] = made + 1;
	o->nodes[number].flags &= (uint16_t)~OVERLAY_PRESENT;
	return 0;
}

static int add_new(struct overlay *o, const char *path, uint32_t link_of, struct error *err)
{
	struct overlay_node made = { .origin_parent = OVERLAY_NONE, .link_of = link_of, .flags = OVERLAY_NEW };
	uint32_t number = OVERLAY_NONE;

	return add_node(o, &made, &number, err) == 0 ? place(o, number, path, err) : -1;
}

int overlay_make(struct overlay *overlay, const char *path, struct error *err)
{
	return add_new(overlay, path, OVERLAY_NONE, err);
}

int overlay_rename(struct overlay *overlay, const char *from, const char *to, struct error *err)
{
	uint32_t number = OVERLAY_NONE;

	if (find(overlay, from, &number, err) != 0)
		return -1;
	if (number == OVERLAY_ROOT)
		return error_set(err, ERR_PROTOCOL, "a rename of the root");
	return take_away(overlay, number, err) == 0 ? place(overlay, number, to, err) : -1;
}

int overlay_link(struct overlay *overlay, const char *path, const char *existing, struct error *err)
{
	uint32_t number = OVERLAY_NONE;

	if (find(overlay, existing, &number, err) != 0)
		return -1;
	if (overlay->nodes[number].link_of != OVERLAY_NONE)
		number = overlay->nodes[number].link_of;
	return add_new(overlay, path, number, err);
}

int overlay_remove(struct overlay *overlay, const char *path, struct error *err)
{
	uint32_t number = OVERLAY_NONE;

	if (find(overlay, path, &number, err) != 0)
		return -1;
	if (number == OVERLAY_ROOT)
		return error_set(err, ERR_PROTOCOL, "a removal of the root");
	return take_away(overlay, number, err);
}

int overlay_touch(struct overlay *overlay, const char *path, uint32_t *node, struct error *err)
{
	return find(overlay, path, node, err);
}

int overlay_settle(struct overlay *overlay)
{
	for (uint32_t i = 0; i < overlay->n; i++) {
		struct overlay_node *link = &overlay->nodes[i];
		struct overlay_node *of;

		if (link->link_of == OVERLAY_NONE || (link->flags & OVERLAY_PRESENT) == 0)
			continue;
		of = &overlay->nodes[link->link_of];
		/* The first name went, this one came: a rename. Anything else is a file with several names. */
		if ((of->flags & OVERLAY_PRESENT) != 0 || of->link_of != OVERLAY_NONE)
			return 1;
		link->origin_parent = of->origin_parent;
		link->origin_name = of->origin_name;
		/* One name tells of all: what was said of the object before and after goes together. */
		if (of->n_extents != 0 && link->n_extents != 0)
			link->flags |= OVERLAY_SCATTERED;
		if (of->n_extents != 0) {
			link->extents_at = of->extents_at;
			link->n_extents = of->n_extents;
		}
		link->flags |= of->flags & (OVERLAY_CONTENT | OVERLAY_META | OVERLAY_SCATTERED);
		if ((of->flags & OVERLAY_NEW) == 0)
			link->flags &= (uint16_t)~OVERLAY_NEW;
		of->origin_parent = OVERLAY_NONE; /* it lives on as the other one */
		of->link_of = i;
		link->link_of = OVERLAY_NONE;
	}
	return 0;
}

uint32_t overlay_count(const struct overlay *overlay)
{
	return overlay->n;
}

struct overlay_node *overlay_node(struct overlay *overlay, uint32_t node)
{
	return &overlay->nodes[node];
}

const char *overlay_name(const struct overlay *overlay, uint32_t node)
{
	return overlay->names + overlay->nodes[node].name;
}

const char *overlay_origin_name(const struct overlay *overlay, uint32_t node)
{
	return overlay->names + overlay->nodes[node].origin_name;
}

bool overlay_gone(const struct overlay *overlay, uint32_t node)
{
	const struct overlay_node *n = &overlay->nodes[node];

	return !n->marker && n->origin_parent != OVERLAY_NONE && (n->flags & OVERLAY_PRESENT) == 0;
}

bool overlay_moved(const struct overlay *overlay, uint32_t node)
{
	const struct overlay_node *n = &overlay->nodes[node];

	return !n->marker && n->origin_parent != OVERLAY_NONE && (n->flags & OVERLAY_PRESENT) != 0 &&
	       (n->origin_parent != n->parent ||
	        strcmp(overlay->names + n->origin_name, overlay->names + n->name) != 0);
}

/* Both ways up the tree: by where things are, or by where they were. Built from its end. */
static bool path_of(const struct overlay *o, uint32_t node, bool origin, char *out, size_t size)
{
	size_t at = size;
	size_t left = 0;

	if (size == 0)
		return false;
	out[--at] = '\0';
	while (node != OVERLAY_ROOT && left++ <= o->n) {
		const struct overlay_node *n = &o->nodes[node];
		const char *name = o->names + (origin ? n->origin_name : n->name);
		size_t len = strlen(name);

		if (len + 1 > at)
			return false;
		if (out[at] != '\0')
			out[--at] = '/';
		at -= len;
		memcpy(out + at, name, len);
		node = origin ? n->origin_parent : n->parent;
		if (node == OVERLAY_NONE)
			return false;
	}
	memmove(out, out + at, size - at);
	return true;
}

bool overlay_path(const struct overlay *overlay, uint32_t node, char *out, size_t size)
{
	return path_of(overlay, node, false, out, size);
}

bool overlay_origin(const struct overlay *overlay, uint32_t node, char *out, size_t size)
{
	return path_of(overlay, node, true, out, size);
}

static int by_place(const void *a, const void *b, void *context)
{
	const struct overlay *o = context;
	const struct overlay_node *x = &o->nodes[*(const uint32_t *)a];
	const struct overlay_node *y = &o->nodes[*(const uint32_t *)b];

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return strcmp(o->names + x->name, o->names + y->name);
}

int overlay_children(struct overlay *overlay, const uint32_t **order, uint32_t *n, struct error *err)
{
	uint32_t count = 0;

	free(overlay->order);
	overlay->order = malloc((size_t)overlay->n * sizeof(*overlay->order));
	if (overlay->order == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (uint32_t i = 1; i < overlay->n; i++)
		if (!overlay->nodes[i].marker && (overlay->nodes[i].flags & OVERLAY_PRESENT) != 0)
			overlay->order[count++] = i;
	qsort_r(overlay->order, count, sizeof(*overlay->order), by_place, overlay);
	*order = overlay->order;
	*n = count;
	return 0;
}
