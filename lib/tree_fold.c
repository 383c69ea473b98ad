#include "lib/tree_fold.h"

#include <stdlib.h>
#include <string.h>

/* A folder on the way down. */
struct level {
	struct tree_list list;
	uint8_t meta[TREE_DIGEST_BYTES];
	size_t path_bytes;
};

struct tree_fold {
	struct tree_digest *digest;
	struct tree_fold_hooks hooks;
	struct level *levels;
	size_t depth, room;
	char *path; /* of the folder at the bottom; those above are its beginnings */
	size_t path_room;
	bool ended;
	uint8_t root[TREE_DIGEST_BYTES];
};

int tree_fold_new(struct tree_digest *digest, const struct tree_fold_hooks *hooks, struct tree_fold **fold,
                  struct error *err)
{
	*fold = calloc(1, sizeof(**fold));
	if (*fold == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(*fold)->digest = digest;
	(*fold)->hooks = *hooks;
	return 0;
}

void tree_fold_destroy(struct tree_fold **fold)
{
	struct tree_fold *f = *fold;

	if (f == NULL)
		return;
	*fold = NULL;
	free(f->levels);
	free(f->path);
	free(f);
}

static bool lies_in(const struct tree_fold *f, const struct level *level, const char *path)
{
	return level->path_bytes == 0
	               ? *path != '\0'
	               : strncmp(path, f->path, level->path_bytes) == 0 && path[level->path_bytes] == '/';
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Into the folder at the bottom; or it is the root itself. */
static int put(struct tree_fold *f, const char *path, enum entry_type type, const uint8_t meta[TREE_DIGEST_BYTES],
               const uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	uint8_t digest[TREE_DIGEST_BYTES] = { 0 };
	struct tree_list *list;

	tree_digest_entry(f->digest, meta, content, digest);
	if (f->depth == 0) {
		f->ended = true;
		memcpy(f->root, digest, sizeof(digest));
		return 0;
	}
	list = &f->levels[f->depth - 1].list;
	if (type == ENTRY_FOLDER)
		tree_digest_list_folder(list, name_of(path), digest);
	else
		tree_digest_sum_add(f->digest, &list->sum, name_of(path), digest);
	return f->depth == 1 && f->hooks.child != NULL
	               ? f->hooks.child(f->hooks.context, name_of(path), type, digest, err)
	               : 0;
}

/* The folder at the bottom is complete. */
static int leave(struct tree_fold *f, struct error *err)
{
	struct level *level = &f->levels[f->depth - 1];
	uint8_t content[TREE_DIGEST_BYTES] = { 0 };
	int rc = 0;

	f->path[level->path_bytes] = '\0';
	tree_digest_list_content(&level->list, content);
	if (f->hooks.left != NULL)
		rc = f->hooks.left(f->hooks.context, f->path, &level->list, content, err);
	f->depth--;
	return rc == 0 ? put(f, f->path, ENTRY_FOLDER, level->meta, content, err) : -1;
}

int tree_fold_come_to(struct tree_fold *f, const char *path, struct error *err)
{
	while (f->depth > 0 && !lies_in(f, &f->levels[f->depth - 1], path))
		if (leave(f, err) != 0)
			return -1;
	return f->ended || (f->depth == 0) != (*path == '\0')
	               ? error_set(err, ERR_INTERNAL, "\"%.300s\" lies outside of the tree", path)
	               : 0;
}

int tree_fold_open(struct tree_fold *f, const char *path, const uint8_t meta[TREE_DIGEST_BYTES], struct error *err)
{
	size_t n = strlen(path);
	struct level *level;

	if (tree_fold_come_to(f, path, err) != 0)
		return -1;
	if (f->depth == f->room) {
		size_t room = f->room != 0 ? 2 * f->room : 16;
		struct level *grown = realloc(f->levels, room * sizeof(*grown));

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		f->levels = grown;
		f->room = room;
	}
	if (f->path == NULL || n + 1 > f->path_room) {
		char *grown = realloc(f->path, 2 * n + 64);

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		f->path = grown;
		f->path_room = 2 * n + 64;
	}
	level = &f->levels[f->depth];
	tree_digest_list_init(&level->list);
	memcpy(f->path, path, n + 1);
	memcpy(level->meta, meta, sizeof(level->meta));
	level->path_bytes = n;
	f->depth++;
	return 0;
}

int tree_fold_add(struct tree_fold *f, const char *path, enum entry_type type, const uint8_t meta[TREE_DIGEST_BYTES],
                  const uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	if (tree_fold_come_to(f, path, err) != 0)
		return -1;
	return tree_digest_counts(type) ? put(f, path, type, meta, content, err) : 0;
}

int tree_fold_end(struct tree_fold *f, uint8_t root[TREE_DIGEST_BYTES], struct error *err)
{
	while (f->depth > 0)
		if (leave(f, err) != 0)
			return -1;
	if (!f->ended)
		return error_set(err, ERR_INTERNAL, "a tree without a root");
	memcpy(root, f->root, TREE_DIGEST_BYTES);
	return 0;
}
