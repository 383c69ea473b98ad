#include "transfer/outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "wire/wire.h"

#define ENTRY_BYTES 64 /* of an entry as JSON, without its paths */
#define ELLIPSIS "…"

struct entry_told {
	char *path, *to; /* escaped; to: NULL but for a move */
	int64_t bytes;   /* -1: no file's content */
};

/* What was found of one kind, at most as many as all together may be. */
struct found {
	struct entry_told entries[OUTLINE_ENTRIES_MAX];
	size_t n;
	size_t n_told; /* of them */
};

struct outline {
	bool whole;
	struct plan_totals totals;
	struct found found[PLAN_KINDS];
};

/* For the time of reading. */
struct reading {
	struct outline *outline;
	struct plan *plan;
	uint64_t moved[OUTLINE_READ_MAX]; /* digests of the paths that were moved away, sorted */
	size_t n_moved;
	char safe[4 * WIRE_PATH_MAX + 8];
};

static uint64_t digest_of(const char *path)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *path != '\0'; path++)
		h = (h ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	return h;
}

static int by_digest(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static bool was_moved(const struct reading *r, const char *path)
{
	uint64_t digest = digest_of(path);

	return r->n_moved > 0 && bsearch(&digest, r->moved, r->n_moved, sizeof(digest), by_digest) != NULL;
}

/* For people: escaped, cut, a folder with a '/' behind. NULL: out of memory. */
static char *name_for_people(struct reading *r, const char *path, bool folder)
{
	char cut[OUTLINE_PATH_MAX + 1];
	char *out = NULL;
	bool whole;

	if (*path == '\0')
		path = ".";
	(void)log_escape(path, r->safe, sizeof(r->safe));
	(void)log_escape(path, cut, sizeof(cut));
	whole = strlen(r->safe) == strlen(cut);
	return asprintf(&out, "%s%s", cut, !whole ? ELLIPSIS : folder ? "/" : "") >= 0 ? out : NULL;
}

static int take(struct reading *r, const struct plan_item *item, bool folder, struct error *err)
{
	struct found *found = &r->outline->found[plan_kind(item)];
	struct entry_told *entry = &found->entries[found->n];

	if (found->n == OUTLINE_ENTRIES_MAX)
		return 0;
	found->n++;
	entry->bytes = item->op == PLAN_FILE ? (int64_t)item->size_bytes : -1;
	entry->path = name_for_people(r, item->path, folder);
	if (item->op == PLAN_MOVE)
		entry->to = name_for_people(r, item->existing, folder);
	if (entry->path == NULL || (item->op == PLAN_MOVE && entry->to == NULL))
		return error_set(err, ERR_SYSTEM, "out of memory");
	return 0;
}

/* Removals that belong to a move are none; where there are more moves than are read, nobody can tell which, so none is shown. */
static bool is_told_elsewhere(const struct reading *r, enum plan_list list, const struct plan_item *item)
{
	if (item->told)
		return true;
	return list == PLAN_REMOVALS && (r->n_moved == OUTLINE_READ_MAX || was_moved(r, item->path));
}

static int read_list(struct reading *r, enum plan_list list, struct error *err)
{
	struct plan_item item;
	int rc = plan_begin(r->plan, list, err) == 0 ? 1 : -1;

	for (size_t i = 0; rc == 1 && i < OUTLINE_READ_MAX; i++) {
		rc = plan_next(r->plan, list, &item, err);
		if (rc != 1)
			break;
		if (item.op == PLAN_MOVE)
			r->moved[r->n_moved++] = digest_of(item.path);
		if (!is_told_elsewhere(r, list, &item) &&
		    take(r, &item, list == PLAN_EARLY || list == PLAN_FOLDERS, err) != 0)
			return -1;
	}
	if (list == PLAN_MOVES)
		qsort(r->moved, r->n_moved, sizeof(r->moved[0]), by_digest);
	return rc < 0 ? -1 : 0;
}

static uint64_t count_all(const struct plan_totals *totals)
{
	uint64_t n = 0;

	for (int kind = 0; kind < PLAN_KINDS; kind++)
		n += totals->kinds[kind];
	return n;
}

static int read_all(struct reading *r, struct error *err)
{
	static const enum plan_list lists[] = { PLAN_MOVES, PLAN_REMOVALS, PLAN_EARLY, PLAN_FILES, PLAN_LATE };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (read_list(r, lists[i], err) != 0)
			return -1;
	/* A folder in which something changed has another time too, which is no news; where there is nothing else, it is. */
	if (count_all(&r->outline->totals) != 0)
		return 0;
	r->outline->totals.kinds[PLAN_KIND_METADATA] = plan_totals(r->plan).items;
	return read_list(r, PLAN_FOLDERS, err);
}

static size_t json_bytes(const char *text)
{
	size_t n = 0;

	for (; text != NULL && *text != '\0'; text++)
		n += *text == '"' || *text == '\\' ? 2 : 1;
	return n;
}

/* One of each kind in turn, so that many of one kind hide nothing of another. */
static void choose(struct outline *o)
{
	size_t left = OUTLINE_ENTRIES_MAX;
	size_t left_bytes = OUTLINE_BYTES_MAX;
	bool any = true;

	while (any && left > 0) {
		any = false;
		for (int kind = 0; kind < PLAN_KINDS && left > 0; kind++) {
			struct found *found = &o->found[kind];
			const struct entry_told *next = &found->entries[found->n_told];
			size_t bytes;

			if (found->n_told == found->n)
				continue;
			bytes = ENTRY_BYTES + json_bytes(next->path) + json_bytes(next->to);
			if (bytes > left_bytes)
				return;
			found->n_told++;
			left_bytes -= bytes;
			left--;
			any = true;
		}
	}
}

int outline_new(struct plan *plan, bool whole, struct outline **outline, struct error *err)
{
	struct outline *made = calloc(1, sizeof(*made));
	struct reading *reading = calloc(1, sizeof(*reading));
	int rc = -1;

	*outline = NULL;
	if (made == NULL || reading == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	} else {
		made->whole = whole;
		made->totals = plan_totals(plan);
		reading->outline = made;
		reading->plan = plan;
		rc = read_all(reading, err);
	}
	free(reading);
	if (rc != 0) {
		outline_destroy(&made);
		return -1;
	}
	choose(made);
	*outline = made;
	return 0;
}

void outline_destroy(struct outline **outline)
{
	if (*outline == NULL)
		return;
	for (int kind = 0; kind < PLAN_KINDS; kind++)
		for (size_t i = 0; i < (*outline)->found[kind].n; i++) {
			free((*outline)->found[kind].entries[i].path);
			free((*outline)->found[kind].entries[i].to);
		}
	free(*outline);
	*outline = NULL;
}

static void fill_entry(struct stage_result *changes, enum plan_kind kind, const struct entry_told *entry)
{
	struct stage_result *row = stage_result_row(changes, "entries");

	if (row == NULL)
		return; /* kept, and told by the reply */
	stage_result_string(row, "kind", plan_kind_word(kind));
	stage_result_string(row, "path", entry->path);
	if (entry->to != NULL)
		stage_result_string(row, "to", entry->to);
	if (entry->bytes >= 0)
		stage_result_integer(row, "bytes", entry->bytes);
}

void outline_fill(const struct outline *outline, struct stage_result *result)
{
	struct stage_result *changes = stage_result_part(result, "changes");
	uint64_t told = 0;

	if (changes == NULL)
		return;
	stage_result_bool(changes, "whole", outline->whole);
	for (int kind = 0; kind < PLAN_KINDS; kind++) {
		stage_result_integer(changes, plan_kind_word((enum plan_kind)kind),
		                     (int64_t)outline->totals.kinds[kind]);
		told += outline->found[kind].n_told;
	}
	stage_result_integer(changes, "in_new_folders", (int64_t)outline->totals.enclosed);
	stage_result_integer(changes, "left_out", (int64_t)(count_all(&outline->totals) - told));
	for (int kind = 0; kind < PLAN_KINDS; kind++)
		for (size_t i = 0; i < outline->found[kind].n_told; i++)
			fill_entry(changes, (enum plan_kind)kind, &outline->found[kind].entries[i]);
}
