#include "transfer/ledger_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sha256.h"
#include "lib/tree_fold.h"
#include "lib/tree_walk.h"
#include "transfer/detect.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define COMMIT_ROWS 20000u
#define COMMIT_BYTES (UINT64_C(1) << 30)

/* A folder on the way down. */
struct level {
	int64_t id;
	bool known; /* its row's content is written already, and is … */
	uint8_t content[TREE_DIGEST_BYTES];
	char last[256]; /* the name that was met last */
};

struct walk {
	struct ledger *ledger;
	struct ledger_source *source;
	struct tree_fold *fold;
	struct level *levels;
	size_t depth, room;
	int64_t *gone; /* rows of what is not there any more; known until the end, as it may be found elsewhere */
	size_t n_gone, room_gone;
	uint64_t rows, read_at_commit;
};

int ledger_walk_read(struct ledger *ledger, const struct entry *entry, struct ledger_row *row, struct error *err)
{
	struct tree_digest *digest = ledger_digest(ledger);
	int rc = 0;

	row->kind = entry->type;
	row->inode = entry->inode;
	row->ctime_ns = entry->type == ENTRY_FILE ? ledger_ctime_ns(ledger, entry) : 0;
	row->known = entry->type != ENTRY_FOLDER && entry->type != ENTRY_FILE;
	tree_digest_meta(digest, entry, row->meta);
	if (row->known)
		tree_digest_content(digest, entry, row->content);
	if (entry->type == ENTRY_FILE) {
		rc = ledger_hash_of(ledger, entry, row->content, err);
		row->known = rc == 1;
	}
	return rc < 0 ? -1 : 0;
}

static int hash(struct ledger_source *source, int fd, struct sha256 *sha, struct error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	off_t at = 0;
	int rc = piece != NULL ? 1 : error_set(err, ERR_SYSTEM, "out of memory");

	while (rc == 1) {
		ssize_t n = pread(fd, piece, PIECE_BYTES, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n == 0 ? 0 : error_sys(err, errno, "reading");
			break;
		}
		sha256_update(sha, piece, (size_t)n);
		(void)posix_fadvise(fd, at, n, POSIX_FADV_DONTNEED);
		at += n;
		source->read_bytes += (uint64_t)n;
		if (source->busy(source->context, (uint64_t)n, err) != 0)
			rc = -1;
	}
	free(piece);
	return rc;
}

int ledger_walk_read_content(struct ledger_source *source, int parent_fd, const char *name, const struct entry *entry,
                             struct ledger_row *row, struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct sha256 sha;
	int rc = -1;

	sha256_init(&sha);
	if (fd < 0)
		(void)error_sys(err, errno, "opening");
	else
		rc = hash(source, fd, &sha, err);
	if (rc == 0)
		sha256_so_far(&sha, row->content);
	row->known = rc == 0;
	if (fd >= 0)
		(void)close(fd);
	return rc == 0 ? 0 : error_prefix(err, "\"%.300s\"", entry->path);
}

static int set_aside(struct walk *w, const struct ledger_row *row, struct error *err)
{
	if (w->n_gone == w->room_gone) {
		size_t room = w->room_gone != 0 ? 2 * w->room_gone : 64;
		int64_t *grown = realloc(w->gone, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		w->gone = grown;
		w->room_gone = room;
	}
	w->gone[w->n_gone++] = row->id;
	return 0;
}

/* Rows of the bottom folder in front of this name (NULL: all the others) are of what is gone. out: that of the name itself; id 0: there is none. */
static int row_of(struct walk *w, const char *name, struct ledger_row *row, struct error *err)
{
	struct level *level = &w->levels[w->depth - 1];

	for (;;) {
		char found[256];
		int rc = ledger_next(w->ledger, level->id, level->last, found, row, err);
		int order = rc == 1 && name != NULL ? strcmp(found, name) : -1;

		if (rc < 0)
			return -1;
		if (rc == 0 || order > 0) {
			*row = (struct ledger_row){ .parent = level->id };
			if (name != NULL)
				(void)snprintf(level->last, sizeof(level->last), "%s", name);
			return 0;
		}
		memcpy(level->last, found, sizeof(found));
		if (order == 0)
			return 0;
		if (set_aside(w, row, err) != 0)
			return -1;
	}
}

static int left(void *context, const char *path, const struct tree_list *list, const uint8_t content[TREE_DIGEST_BYTES],
                struct error *err)
{
	struct walk *w = context;
	struct level *level = &w->levels[w->depth - 1];
	struct ledger_row row;

	(void)path;
	if (row_of(w, NULL, &row, err) != 0)
		return -1;
	if (list->sum.n > LEDGER_SUM_LEAST && ledger_keep_sum(w->ledger, level->id, &list->sum, err) != 0)
		return -1;
	w->depth--;
	if (level->known && memcmp(level->content, content, TREE_DIGEST_BYTES) == 0)
		return 0;
	w->rows++;
	return ledger_settle(w->ledger, level->id, content, err);
}

static int enter(struct walk *w, const struct ledger_row *row, struct error *err)
{
	struct level *level;

	if (w->depth == w->room) {
		size_t room = w->room != 0 ? 2 * w->room : 32;
		struct level *grown = realloc(w->levels, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		w->levels = grown;
		w->room = room;
	}
	level = &w->levels[w->depth++];
	*level = (struct level){ .id = row->id, .known = row->known };
	memcpy(level->content, row->content, sizeof(level->content));
	return 0;
}

static bool is_same(const struct ledger_row *a, const struct ledger_row *b)
{
	return a->kind == b->kind && a->known == b->known && a->inode == b->inode && a->ctime_ns == b->ctime_ns &&
	       memcmp(a->meta, b->meta, sizeof(a->meta)) == 0 &&
	       (!a->known || memcmp(a->content, b->content, sizeof(a->content)) == 0);
}

/* The row becomes what lies there now. old: as it is, or id 0. */
static int renew(struct walk *w, const struct entry *entry, int parent_fd, const char *name, struct ledger_row *old,
                 struct ledger_row *now, struct error *err)
{
	bool is_folder = entry->type == ENTRY_FOLDER;

	/* Its own row is asked for the hash as well: by inode and time, as any other's. */
	if (old->id != 0 && (old->kind == ENTRY_FOLDER) != is_folder) {
		if (ledger_take(w->ledger, name, old, true, err) != 0 || set_aside(w, old, err) != 0)
			return -1;
		*old = (struct ledger_row){ .parent = old->parent };
	}
	*now = *old;
	if (ledger_walk_read(w->ledger, entry, now, err) != 0)
		return -1;
	if (entry->type == ENTRY_FILE && !now->known &&
	    ledger_walk_read_content(w->source, parent_fd, name, entry, now, err) != 0)
		return -1;
	if (is_folder) {
		now->known = old->id != 0 && old->known;
		memcpy(now->content, old->content, sizeof(now->content));
	}
	if (old->id != 0 && is_same(old, now))
		return 0;
	w->rows++;
	return ledger_write(w->ledger, *entry->path != '\0' ? name : "", now, err);
}

static int keep(struct walk *w, struct error *err)
{
	if (w->rows < COMMIT_ROWS && w->source->read_bytes - w->read_at_commit < COMMIT_BYTES)
		return 0;
	w->rows = 0;
	w->read_at_commit = w->source->read_bytes;
	return ledger_commit(w->ledger, err);
}

static int take(struct walk *w, struct tree_walk *tree, const struct entry *entry, int parent_fd, const char *name,
                struct error *err)
{
	struct ledger_row old = { 0 };
	struct ledger_row now;
	int rc;

	if (!tree_digest_counts(entry->type))
		return 0;
	if (detect_is_nested(entry)) {
		tree_walk_skip(tree);
		return 0;
	}
	if (tree_fold_come_to(w->fold, entry->path, err) != 0)
		return -1;
	rc = w->depth > 0 ? row_of(w, name, &old, err) : ledger_find(w->ledger, 0, "", &old, err);
	if (rc < 0 || renew(w, entry, parent_fd, name, &old, &now, err) != 0 || keep(w, err) != 0)
		return -1;
	if (entry->type != ENTRY_FOLDER)
		return tree_fold_add(w->fold, entry->path, entry->type, now.meta, now.content, err);
	return tree_fold_open(w->fold, entry->path, now.meta, err) == 0 ? enter(w, &now, err) : -1;
}

static int go(struct walk *w, struct tree_walk *tree, struct error *err)
{
	uint8_t root[TREE_DIGEST_BYTES];
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	while ((rc = tree_walk_next(tree, &entry, &parent_fd, &name, err)) == 1)
		if (w->source->busy(w->source->context, 0, err) != 0 || take(w, tree, entry, parent_fd, name, err) != 0)
			return -1;
	if (rc != 0 || tree_fold_end(w->fold, root, err) != 0)
		return -1;
	for (size_t i = 0; i < w->n_gone; i++)
		if (ledger_drop(w->ledger, w->gone[i], err) != 0)
			return -1;
	return 0;
}

int ledger_walk(struct ledger *ledger, struct ledger_source *source, struct error *err)
{
	struct walk w = { .ledger = ledger, .source = source };
	const struct tree_fold_hooks hooks = { .left = left, .context = &w };
	struct tree_walk *tree = NULL;
	int rc = -1;

	if (ledger_tells_of(ledger, "", "", err) == 0 && ledger_forget_sums(ledger, err) == 0 &&
	    ledger_sweep(ledger, err) == 0 && ledger_commit(ledger, err) == 0 &&
	    tree_fold_new(ledger_digest(ledger), &hooks, &w.fold, err) == 0 &&
	    tree_walk_new(source->folder_fd, true, source->excludes, &tree, err) == 0)
		rc = go(&w, tree, err);
	tree_walk_destroy(&tree);
	tree_fold_destroy(&w.fold);
	free(w.levels);
	free(w.gone);
	return rc;
}
