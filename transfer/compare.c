#include "transfer/compare.h"

#include <stdlib.h>
#include <string.h>

#include "lib/entry.h"
#include "lib/link_map.h"
#include "transfer/moves_guess.h"

/* The folders from the root down to where the comparison is. */
struct level {
	size_t path_bytes;
	bool touched; /* something in it is made, replaced or removed, or its own metadata differ: it gets META at the end */
	bool fresh; /* new, with all that is in it */
};

/* How an inode's first name was dealt with, in front of its path. */
enum first { FIRST_KEPT = 'k', FIRST_SENT = 's' };

struct compare {
	const struct compare_side *source, *vault;
	enum compare_with with;
	struct moves_guess *moves; /* NULL: none are looked for */
	struct plan *plan;
	struct compare_totals *totals;
	struct link_map *firsts; /* source inode (of several names) -> how + first path */
	struct link_map *shared; /* vault inode -> source inode of the file that keeps it */
	struct level *levels;
	size_t depth, room;
	char *path; /* of the source entry at hand; the levels are prefixes of it */
	size_t path_room;
	char *last; /* path of the last vault entry */
	size_t last_room;
	char *gone; /* a vault folder that goes: what lies in it goes with it; NULL: none */
	char first[65538];
};

static int copy_path(char **out, size_t *room, const char *path, struct error *err)
{
	size_t n = strlen(path) + 1;

	if (*out == NULL || n > *room) {
		char *grown = realloc(*out, n);

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		*out = grown;
		*room = n;
	}
	memcpy(*out, path, n);
	return 0;
}

static bool lies_in(const char *path, const char *folder, size_t folder_bytes)
{
	return folder_bytes == 0 ? *path != '\0'
	                         : strncmp(path, folder, folder_bytes) == 0 && path[folder_bytes] == '/';
}

/* Leaves the folders that do not hold path; each that was touched gets its META, after all that lies in it. */
static int leave(struct compare *c, const char *path, struct error *err)
{
	while (c->depth > 0) {
		struct level *level = &c->levels[c->depth - 1];

		if (path != NULL && lies_in(path, c->path, level->path_bytes))
			return 0;
		if (level->touched) {
			struct plan_item item = { .op = PLAN_META, .path = c->path, .existing = "" };

			c->path[level->path_bytes] = '\0';
			if (plan_add(c->plan, PLAN_FOLDERS, &item, err) != 0)
				return -1;
		}
		c->depth--;
	}
	return 0;
}

static int enter(struct compare *c, const char *path, bool touched, bool fresh, struct error *err)
{
	if (c->depth == c->room) {
		size_t room = c->room != 0 ? 2 * c->room : 32;
		struct level *grown = realloc(c->levels, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		c->levels = grown;
		c->room = room;
	}
	c->levels[c->depth++] = (struct level){ .path_bytes = strlen(path), .touched = touched, .fresh = fresh };
	return copy_path(&c->path, &c->path_room, path, err);
}

static void touch(struct compare *c)
{
	if (c->depth > 0)
		c->levels[c->depth - 1].touched = true;
}

static bool in_new_folder(const struct compare *c)
{
	return c->depth > 0 && c->levels[c->depth - 1].fresh;
}

/* A file that goes may be found again under another name. alone: its removal is planned, and not just that of its folder. */
static int note_leaving(struct compare *c, const struct entry *vault, bool alone, struct error *err)
{
	return c->moves != NULL && vault->type == ENTRY_FILE ? moves_guess_leaving(c->moves, vault, alone, err) : 0;
}

/* Only the vault has it. */
static int remove_one(struct compare *c, const struct entry *vault, struct error *err)
{
	struct plan_item item = { .op = PLAN_REMOVE, .path = vault->path, .existing = "" };

	if (leave(c, vault->path, err) != 0)
		return -1;
	touch(c);
	if (vault->type == ENTRY_FOLDER) {
		free(c->gone);
		c->gone = strdup(vault->path);
		if (c->gone == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
	}
	return plan_add(c->plan, PLAN_REMOVALS, &item, err) == 0 ? note_leaving(c, vault, true, err) : -1;
}

/* Two snapshots of one subvolume have the inode, and the kernel's own time of the last change too, which no program can put back. Neither tells alone: that clock is
 * coarse, and two files that were changed in one tick of it may have changed places. */
static bool same_content(const struct compare *c, const struct entry *source, const struct entry *vault)
{
	if (c->with == COMPARE_ANCHOR &&
	    (source->inode != vault->inode || source->ctime_s != vault->ctime_s || source->ctime_ns != vault->ctime_ns))
		return false;
	return source->type == vault->type && source->size_bytes == vault->size_bytes &&
	       source->mtime_s == vault->mtime_s && source->mtime_ns == vault->mtime_ns;
}

/* Remembers that this vault inode belongs to this source inode. 1: it belongs to another one already, 0, -1. */
static int claim(struct compare *c, const struct entry *source, const struct entry *vault, struct error *err)
{
	uint64_t owner;
	size_t n;
	int rc = link_map_get(c->shared, vault->inode, &owner, sizeof(owner), &n, err);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return owner != source->inode;
	return link_map_put(c->shared, vault->inode, &source->inode, sizeof(source->inode), err);
}

static int note_first(struct compare *c, const struct entry *source, enum first how, struct error *err)
{
	size_t n = strlen(source->path);

	if (source->links < 2)
		return 0;
	c->first[0] = (char)how;
	memcpy(c->first + 1, source->path, n);
	return link_map_put(c->firsts, source->inode, c->first, n + 1, err);
}

/* Another name of an inode that was met before: it must be a link to the first. */
static int link_one(struct compare *c, const struct entry *source, const struct entry *vault, struct error *err)
{
	struct plan_item item = { .op = PLAN_LINK,
		                  .path = source->path,
		                  .existing = c->first + 1,
		                  .fresh = vault == NULL,
		                  .told = in_new_folder(c) };

	if (c->first[0] == FIRST_KEPT && vault != NULL && vault->type == source->type) {
		uint64_t owner;
		size_t n;
		int rc = link_map_get(c->shared, vault->inode, &owner, sizeof(owner), &n, err);

		if (rc < 0)
			return -1;
		if (rc == 1 && owner == source->inode)
			return 0;
	}
	touch(c);
	return plan_add(c->plan, PLAN_LATE, &item, err);
}

static int send_one(struct compare *c, const struct entry *source, const struct entry *vault, enum plan_basis basis,
                    struct error *err)
{
	struct plan_item item = {
		.op = PLAN_MAKE, .path = source->path, .existing = "", .fresh = vault == NULL, .told = in_new_folder(c)
	};

	touch(c);
	if (note_first(c, source, FIRST_SENT, err) != 0)
		return -1;
	if (source->type != ENTRY_FILE)
		return plan_add(c->plan, PLAN_LATE, &item, err);
	item.op = PLAN_FILE;
	item.size_bytes = source->size_bytes;
	item.inode = source->links == 1 ? source->inode : 0;
	item.mtime_s = source->mtime_s;
	item.mtime_ns = source->mtime_ns;
	item.ctime_s = source->ctime_s;
	item.ctime_ns = source->ctime_ns;
	if (vault == NULL || vault->type != ENTRY_FILE)
		return plan_add(c->plan, c->moves != NULL && item.inode != 0 ? PLAN_DRAFT : PLAN_FILES, &item, err);
	item.old_bytes = vault->size_bytes;
	item.old_mtime_s = vault->mtime_s;
	item.old_mtime_ns = vault->mtime_ns;
	item.basis = basis;
	item.n_extents = PLAN_EVERYWHERE;
	if (item.basis == PLAN_LOCAL)
		item.existing = vault->path;
	return plan_add(c->plan, PLAN_FILES, &item, err);
}

/* Not a folder, and not a further name of a file. vault: what lies at the same path, or NULL. out: *basis of what is sent; 1: it is to be sent, 0, -1 */
static int must_send(struct compare *c, const struct entry *source, const struct entry *vault, enum plan_basis *basis,
                     struct error *err)
{
	int rc;

	*basis = c->with == COMPARE_ANCHOR ? PLAN_LOCAL : PLAN_LISTED;
	if (vault == NULL || vault->type != source->type ||
	    (source->type == ENTRY_FILE && !same_content(c, source, vault)))
		return 1;
	if (source->type == ENTRY_FILE && c->vault->doubts != NULL) {
		rc = c->vault->doubts(c->vault->context, source, err);
		if (rc != 0) {
			*basis = PLAN_DOUBTFUL;
			return rc;
		}
	}
	rc = claim(c, source, vault, err);
	if (rc != 0)
		return rc;
	return source->type != ENTRY_FILE && !entry_same_metadata(source, vault);
}

/* Not a folder. vault: what lies at the same path, or NULL. */
static int compare_one(struct compare *c, const struct entry *source, const struct entry *vault, struct error *err)
{
	enum plan_basis basis;
	size_t n;
	int rc =
	        source->links > 1 ? link_map_get(c->firsts, source->inode, c->first, sizeof(c->first) - 1, &n, err) : 0;

	if (rc < 0)
		return -1;
	if (rc == 1) {
		c->first[n] = '\0';
		return link_one(c, source, vault, err);
	}
	if (source->type == ENTRY_FILE)
		c->totals->bytes += source->size_bytes;
	rc = must_send(c, source, vault, &basis, err);
	if (rc != 0)
		return rc == 1 ? send_one(c, source, vault, basis, err) : -1;
	if (!entry_same_metadata(source, vault)) {
		struct plan_item item = { .op = PLAN_META, .path = source->path, .existing = "" };

		touch(c);
		return note_first(c, source, FIRST_SENT, err) == 0 ? plan_add(c->plan, PLAN_LATE, &item, err) : -1;
	}
	return note_first(c, source, FIRST_KEPT, err);
}

static int compare_folder(struct compare *c, const struct entry *source, const struct entry *vault, struct error *err)
{
	bool is_root = *source->path == '\0'; /* which is no news, even if the vault has nothing yet */
	struct plan_item item = { .op = PLAN_MAKE,
		                  .path = source->path,
		                  .existing = "",
		                  .fresh = vault == NULL && !is_root,
		                  .told = is_root || in_new_folder(c) };

	if (vault != NULL && vault->type == ENTRY_FOLDER)
		return enter(c, source->path, !entry_same_metadata(source, vault), false, err);
	touch(c);
	if (plan_add(c->plan, PLAN_EARLY, &item, err) != 0)
		return -1;
	return enter(c, source->path, true, !is_root, err);
}

/* The source has it; the vault too, or not (NULL). */
static int take(struct compare *c, const struct entry *source, const struct entry *vault, struct error *err)
{
	if (leave(c, source->path, err) != 0)
		return -1;
	if (source->type == ENTRY_SOCKET) {
		c->totals->skipped++;
		return vault != NULL ? remove_one(c, vault, err) : 0;
	}
	/* A folder of the vault that makes way for something else takes along what lies in it. */
	if (vault != NULL && vault->type == ENTRY_FOLDER && source->type != ENTRY_FOLDER) {
		if (remove_one(c, vault, err) != 0)
			return -1;
		vault = NULL;
	}
	if (source->type == ENTRY_FOLDER)
		return compare_folder(c, source, vault, err);
	if (source->type == ENTRY_FILE)
		c->totals->files++;
	return compare_one(c, source, vault, err);
}

/* The next entry of the vault that does not lie in a folder that goes. */
static int next_vault(struct compare *c, const struct entry **entry, struct error *err)
{
	int rc;

	for (;;) {
		rc = c->vault->next(c->vault->context, entry, err);
		if (rc != 1)
			return rc;
		if (c->last != NULL && entry_order(c->last, (*entry)->path) >= 0)
			return error_set(err, ERR_PROTOCOL, "the listing is not in order at \"%.200s\"",
			                 (*entry)->path);
		if (copy_path(&c->last, &c->last_room, (*entry)->path, err) != 0)
			return -1;
		if (c->gone == NULL || !lies_in((*entry)->path, c->gone, strlen(c->gone)))
			break;
		if (note_leaving(c, *entry, false, err) != 0)
			return -1;
	}
	free(c->gone);
	c->gone = NULL;
	return 1;
}

static int merge(struct compare *c, struct error *err)
{
	const struct entry *source;
	const struct entry *vault;
	int has_source = c->source->next(c->source->context, &source, err);
	int has_vault = has_source < 0 ? -1 : next_vault(c, &vault, err);

	while (has_source >= 0 && has_vault >= 0 && (has_source == 1 || has_vault == 1)) {
		int order = has_source == 0 ? 1 : has_vault == 0 ? -1 : entry_order(source->path, vault->path);

		if ((order > 0 ? remove_one(c, vault, err) : take(c, source, order == 0 ? vault : NULL, err)) != 0)
			return -1;
		if (order >= 0)
			has_vault = next_vault(c, &vault, err);
		if (order <= 0 && has_vault >= 0)
			has_source = c->source->next(c->source->context, &source, err);
	}
	return has_source == 0 && has_vault == 0 ? leave(c, NULL, err) : -1;
}

int compare_trees(const struct compare_side *source, const struct compare_side *vault, enum compare_with with,
                  struct plan *plan, struct compare_totals *totals, struct error *err)
{
	struct compare *c = calloc(1, sizeof(*c));
	int rc = -1;

	if (c == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*totals = (struct compare_totals){ 0 };
	c->source = source;
	c->vault = vault;
	c->with = with;
	c->plan = plan;
	c->totals = totals;
	if (link_map_new(&c->firsts, err) == 0 && link_map_new(&c->shared, err) == 0 &&
	    moves_guess_new(with == COMPARE_ANCHOR, &c->moves, err) == 0)
		rc = merge(c, err);
	if (rc == 0 && c->moves != NULL)
		rc = moves_guess_resolve(c->moves, plan, err);
	moves_guess_destroy(&c->moves);
	link_map_destroy(&c->firsts);
	link_map_destroy(&c->shared);
	free(c->levels);
	free(c->path);
	free(c->last);
	free(c->gone);
	free(c);
	return rc;
}
