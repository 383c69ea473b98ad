#include "transfer/ledger_walk.h"

#include <stdlib.h>
#include <string.h>

#include "lib/scratch.h"
#include "transfer/sender.h"
#include "wire/wire.h"

/* Something that has left its place and has no new one yet. */
struct moved {
	int64_t id;
	uint64_t at; /* of its new path, in the spool */
	uint32_t depth;
	bool folder;
};

struct applying {
	struct ledger *ledger;
	struct ledger_source *source;
	struct moved *moved;
	size_t n_moved, room_moved;
	FILE *spool;
	struct entry_memory memory;
	char path[WIRE_PATH_MAX + 1];
};

static int lost(const char *path, struct error *err)
{
	return error_set(err, ERR_DAMAGED, "the ledger does not hold \"%.300s\"", path);
}

/* The folder that path's last name lies in. make: those on the way that are not there yet, of which more is told later. */
static int parent_of(struct applying *a, const char *path, bool make, int64_t *parent, const char **leaf,
                     struct error *err)
{
	struct ledger_row row;
	char name[256];
	size_t n;

	*parent = LEDGER_ROOT;
	for (*leaf = path; (n = strcspn(*leaf, "/")), (*leaf)[n] == '/'; *leaf += n + 1) {
		int rc;

		if (n >= sizeof(name))
			return lost(path, err);
		memcpy(name, *leaf, n);
		name[n] = '\0';
		rc = ledger_find(a->ledger, *parent, name, &row, err);
		if (rc < 0)
			return -1;
		if (rc == 0 || row.kind != ENTRY_FOLDER) {
			if (!make)
				return lost(path, err);
			row = (struct ledger_row){ .parent = *parent, .kind = ENTRY_FOLDER };
			if (ledger_put(a->ledger, name, &row, err) != 0)
				return -1;
		}
		*parent = row.id;
	}
	return 0;
}

static int find(struct applying *a, const char *path, struct ledger_row *row, const char **leaf, struct error *err)
{
	int64_t parent;
	int rc;

	if (parent_of(a, path, false, &parent, leaf, err) != 0)
		return -1;
	rc = ledger_find(a->ledger, parent, *leaf, row, err);
	return rc == 0 ? lost(path, err) : rc < 0 ? -1 : 0;
}

static uint32_t depth_of(const char *path)
{
	uint32_t depth = 0;

	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

static int take_away(struct applying *a, const struct plan_item *item, struct error *err)
{
	uint32_t n = (uint32_t)strlen(item->existing);
	struct ledger_row row;
	const char *leaf;
	off_t at;

	if (find(a, item->path, &row, &leaf, err) != 0)
		return -1;
	if (item->op == PLAN_REMOVE)
		return ledger_take(a->ledger, leaf, &row, false, err);
	if (a->n_moved == a->room_moved) {
		size_t room = a->room_moved != 0 ? 2 * a->room_moved : 64;
		struct moved *grown = realloc(a->moved, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		a->moved = grown;
		a->room_moved = room;
	}
	at = ftello(a->spool);
	if (at < 0 || fwrite(&n, sizeof(n), 1, a->spool) != 1 || fwrite(item->existing, 1, n, a->spool) != n)
		return error_set(err, ERR_SPACE, "writing moves into a temporary file");
	a->moved[a->n_moved++] = (struct moved){
		.id = row.id, .at = (uint64_t)at, .depth = depth_of(item->existing), .folder = row.kind == ENTRY_FOLDER
	};
	return ledger_take(a->ledger, leaf, &row, true, err);
}

/* Folders first, those nearer to the root before the others. */
static int by_order(const void *x, const void *y)
{
	const struct moved *a = x;
	const struct moved *b = y;

	if (a->folder != b->folder)
		return a->folder ? -1 : 1;
	if (a->folder && a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

static int put_down(struct applying *a, const struct moved *moved, struct error *err)
{
	const char *leaf;
	int64_t parent;
	uint32_t n;

	if (fseeko(a->spool, (off_t)moved->at, SEEK_SET) != 0 || fread(&n, sizeof(n), 1, a->spool) != 1 ||
	    n > WIRE_PATH_MAX || fread(a->path, 1, n, a->spool) != n)
		return error_set(err, ERR_IO, "the temporary file of moves is cut short");
	a->path[n] = '\0';
	return parent_of(a, a->path, true, &parent, &leaf, err) == 0
	               ? ledger_put_back(a->ledger, moved->id, parent, leaf, err)
	               : -1;
}

/* Of a file whose content did not cross: it is what it was. 1: known. */
static int same_content(struct applying *a, const struct plan_item *item, const struct ledger_row *old, bool had_old,
                        struct ledger_row *now, struct error *err)
{
	struct ledger_row other = *old;
	const char *leaf;

	if (item->op == PLAN_LINK && find(a, item->existing, &other, &leaf, err) != 0)
		return -1;
	if ((item->op != PLAN_LINK && !had_old) || other.kind != ENTRY_FILE || !other.known ||
	    other.inode != now->inode || item->op == PLAN_FILE)
		return 0;
	memcpy(now->content, other.content, sizeof(now->content));
	return 1;
}

/* What lies at the path now. */
static int renew(struct applying *a, const struct plan_item *item, struct error *err)
{
	bool is_root = *item->path == '\0';
	struct ledger_row old = { .parent = 0 };
	struct ledger_row now;
	struct entry entry;
	const char *leaf = "";
	const char *name;
	int64_t parent = 0;
	int parent_fd;
	int rc;

	if (!is_root && parent_of(a, item->path, false, &parent, &leaf, err) != 0)
		return -1;
	rc = ledger_find(a->ledger, parent, leaf, &old, err);
	if (rc < 0 || inside_parent(a->source->tree, item->path, &parent_fd, &name, err) != 0 ||
	    entry_read(parent_fd, name, item->path, true, &a->memory, &entry, err) != 0)
		return -1;
	now = (struct ledger_row){ .parent = parent };
	if (ledger_walk_read(a->ledger, &entry, &now, err) != 0)
		return -1;
	if (entry.type == ENTRY_FILE && !now.known) {
		rc = same_content(a, item, &old, rc == 1, &now, err);
		if (rc < 0)
			return -1;
		now.known = rc == 1;
	}
	if (entry.type == ENTRY_FILE && !now.known &&
	    ledger_walk_read_content(a->source, parent_fd, name, &entry, &now, err) != 0)
		return -1;
	return ledger_put(a->ledger, leaf, &now, err);
}

static int go_over(struct applying *a, struct plan *plan, enum plan_list list,
                   int (*work)(struct applying *a, const struct plan_item *item, struct error *err), struct error *err)
{
	struct plan_item item;
	int rc;

	if (plan_begin(plan, list, err) != 0)
		return -1;
	while ((rc = plan_next(plan, list, &item, err)) == 1)
		if (a->source->busy(a->source->context, 0, err) != 0 || work(a, &item, err) != 0)
			return -1;
	return rc;
}

static int apply(struct applying *a, struct plan *plan, struct error *err)
{
	static const enum plan_list lists[] = { PLAN_EARLY, PLAN_FILES, PLAN_LATE, PLAN_FOLDERS };

	if (go_over(a, plan, PLAN_MOVES, take_away, err) != 0 || go_over(a, plan, PLAN_REMOVALS, take_away, err) != 0)
		return -1;
	if (a->n_moved > 1)
		qsort(a->moved, a->n_moved, sizeof(*a->moved), by_order);
	for (size_t i = 0; i < a->n_moved; i++)
		if (put_down(a, &a->moved[i], err) != 0)
			return -1;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (go_over(a, plan, lists[i], renew, err) != 0)
			return -1;
	return 0;
}

int ledger_plan(struct ledger *ledger, struct ledger_source *source, struct plan *plan, struct error *err)
{
	struct applying *a = calloc(1, sizeof(*a));
	int rc = -1;

	if (a == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	a->ledger = ledger;
	a->source = source;
	entry_memory_init(&a->memory);
	a->spool = scratch_file(err);
	if (a->spool != NULL)
		rc = apply(a, plan, err);
	if (a->spool != NULL)
		(void)fclose(a->spool);
	entry_memory_done(&a->memory);
	free(a->moved);
	free(a);
	return rc;
}
