#include "transfer/moves_guess.h"

#include <stdlib.h>
#include <string.h>

#include "lib/link_map.h"
#include "wire/wire.h"

/* What is remembered of a file that goes; its path behind. */
struct seen {
	uint64_t size_bytes;
	int64_t mtime_s, ctime_s;
	uint32_t mtime_ns, ctime_ns;
	uint32_t path_bytes;
	uint32_t alone; /* its own removal is planned */
};

struct moves_guess {
	struct link_map *leaving;
	bool by_inode;
	bool any;
	struct {
		struct seen file;
		char path[WIRE_PATH_MAX + 1];
	} at;
};

int moves_guess_new(bool by_inode, struct moves_guess **moves, struct error *err)
{
	struct moves_guess *made = calloc(1, sizeof(*made));

	*moves = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->by_inode = by_inode;
	if (link_map_new(&made->leaving, err) != 0) {
		free(made);
		return -1;
	}
	*moves = made;
	return 0;
}

void moves_guess_destroy(struct moves_guess **moves)
{
	if (*moves == NULL)
		return;
	link_map_destroy(&(*moves)->leaving);
	free(*moves);
	*moves = NULL;
}

/* What tells a file: size and time, and its name too, if it is given (a whole folder that moved leaves the names as they were). */
static uint64_t key_of(const struct seen *file, const char *name)
{
	uint64_t h = file->size_bytes * UINT64_C(0x9e3779b97f4a7c15);

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	h = (h ^ (h >> 29) ^ (uint64_t)file->mtime_s) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 32) ^ file->mtime_ns) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Under one key only one file is remembered: of two that fit, neither is the sure one. What has no bytes was given away, or is ambiguous. */
static int remember(struct moves_guess *moves, uint64_t key, size_t n, struct error *err)
{
	size_t used;
	char there[sizeof(moves->at)];
	int rc = moves->by_inode ? 0 : link_map_get(moves->leaving, key, there, sizeof(there), &used, err);

	if (rc < 0)
		return -1;
	return link_map_put(moves->leaving, key, rc == 1 ? "" : (const char *)&moves->at,
	                    rc == 1 ? 0 : sizeof(moves->at.file) + n, err);
}

int moves_guess_leaving(struct moves_guess *moves, const struct entry *file, bool alone, struct error *err)
{
	struct seen *at = &moves->at.file;
	size_t n = strlen(file->path);

	if (file->size_bytes == 0 || n > WIRE_PATH_MAX || (moves->by_inode && file->links > 1))
		return 0;
	memset(at, 0, sizeof(*at));
	at->size_bytes = file->size_bytes;
	at->mtime_s = file->mtime_s;
	at->mtime_ns = file->mtime_ns;
	at->ctime_s = file->ctime_s;
	at->ctime_ns = file->ctime_ns;
	at->path_bytes = (uint32_t)n;
	at->alone = alone;
	memcpy(moves->at.path, file->path, n);
	moves->any = true;
	moves->at.path[n] = '\0';
	if (moves->by_inode)
		return remember(moves, file->inode, n, err);
	return remember(moves, key_of(at, name_of(moves->at.path)), n, err) == 0
	               ? remember(moves, key_of(at, ""), n, err)
	               : -1;
}

/* 1: what is remembered under the key; its path stands in moves->at. */
static int look_up(struct moves_guess *moves, uint64_t key, struct error *err)
{
	size_t n;
	int rc = link_map_get(moves->leaving, key, &moves->at, sizeof(moves->at) - 1, &n, err);

	if (rc != 1 || n < sizeof(moves->at.file))
		return rc < 0 ? -1 : 0;
	moves->at.path[n - sizeof(moves->at.file)] = '\0';
	return 1;
}

/* 1: the file was this one; its path stands in moves->at, and nobody else gets it. */
static int find(struct moves_guess *moves, const struct plan_item *item, struct error *err)
{
	struct seen now = { .size_bytes = item->size_bytes, .mtime_s = item->mtime_s, .mtime_ns = item->mtime_ns };
	const struct seen *was = &moves->at.file;
	int rc = look_up(moves, moves->by_inode ? item->inode : key_of(&now, name_of(item->path)), err);

	if (rc == 0 && !moves->by_inode)
		rc = look_up(moves, key_of(&now, ""), err);
	if (rc != 1)
		return rc;
	if (moves->by_inode)
		return link_map_put(moves->leaving, item->inode, "", 0, err) == 0 ? 1 : -1;
	if (was->size_bytes != now.size_bytes || was->mtime_s != now.mtime_s || was->mtime_ns != now.mtime_ns)
		return 0;
	return link_map_put(moves->leaving, key_of(&now, name_of(moves->at.path)), "", 0, err) == 0 &&
	                       link_map_put(moves->leaving, key_of(&now, ""), "", 0, err) == 0
	               ? 1
	               : -1;
}

static int add_moved(struct moves_guess *moves, const struct plan_item *item, struct plan *plan, struct error *err)
{
	struct plan_item move = {
		.op = PLAN_MOVE, .path = moves->at.path, .existing = item->path, .guessed = !moves->by_inode
	};
	struct plan_item then = *item;
	/* If its own name has changed, ctime has, too, and its content is held against the old one: size and time alone may have been put back. */
	const struct seen *was = &moves->at.file;
	bool same = was->size_bytes == item->size_bytes && was->mtime_s == item->mtime_s &&
	            was->mtime_ns == item->mtime_ns && was->ctime_s == item->ctime_s && was->ctime_ns == item->ctime_ns;

	if (plan_add(plan, PLAN_MOVES, &move, err) != 0)
		return -1;
	if (was->alone)
		plan_moved_away(plan);
	then.told = true;
	then.fresh = false;
	if (moves->by_inode && same) {
		then = (struct plan_item){ .op = PLAN_META, .path = item->path, .existing = "", .told = true };
		return plan_add(plan, PLAN_LATE, &then, err);
	}
	then.basis = moves->by_inode ? PLAN_LOCAL : PLAN_THE_SAME;
	then.old_bytes = moves->at.file.size_bytes;
	if (moves->by_inode) {
		then.existing = moves->at.path;
		then.n_extents = PLAN_EVERYWHERE;
	}
	return plan_add(plan, PLAN_FILES, &then, err);
}

int moves_guess_resolve(struct moves_guess *moves, struct plan *plan, struct error *err)
{
	struct plan_item item;
	int rc;

	if (plan_begin(plan, PLAN_DRAFT, err) != 0)
		return -1;
	while ((rc = plan_next(plan, PLAN_DRAFT, &item, err)) == 1) {
		int found = moves->any ? find(moves, &item, err) : 0;

		if (found < 0 ||
		    (found == 1 ? add_moved(moves, &item, plan, err) : plan_add(plan, PLAN_FILES, &item, err)) != 0)
			return -1;
	}
	return rc;
}
