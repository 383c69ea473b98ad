#include "receiver/two_trees.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int two_trees_open(struct two_trees_side *side, int parent_fd, const char *name, struct error *err)
{
	*side = (struct two_trees_side){ .folder_fd = -1, .root_parent_fd = parent_fd, .root_name = name };
	if (entry_read(parent_fd, name, "", true, &side->memory, &side->root, err) != 0)
		return error_forgive(err, ERR_NOT_FOUND) ? 0 : -1;
	if (side->root.type != ENTRY_FOLDER) {
		side->only = true;
		return 0;
	}
	side->folder_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (side->folder_fd < 0)
		return error_sys(err, errno, "opening the folder");
	if (tree_walk_new(side->folder_fd, true, NULL, &side->walk, err) != 0)
		return -1;
	tree_walk_light(side->walk);
	return 0;
}

void two_trees_drop(struct two_trees_side *side)
{
	/* Of an all-zero one it is 0, and not ours. */
	if (side->root_name != NULL && side->folder_fd >= 0)
		(void)close(side->folder_fd);
	tree_walk_destroy(&side->walk);
	entry_memory_done(&side->memory);
	*side = (struct two_trees_side){ .folder_fd = -1 };
}

void two_trees_close(struct two_trees *trees)
{
	two_trees_drop(&trees->a);
	two_trees_drop(&trees->b);
}

static int step(struct two_trees_side *side, struct error *err)
{
	int rc = 0;

	side->entry = NULL;
	side->st = (struct stat){ .st_mode = 0 };
	side->sys = 0;
	if (side->walk != NULL) {
		rc = tree_walk_next(side->walk, &side->entry, &side->parent_fd, &side->name, err);
	} else if (side->only) {
		side->only = false;
		side->entry = &side->root;
		side->parent_fd = side->root_parent_fd;
		side->name = side->root_name;
		rc = 1;
	}
	if (rc <= 0) {
		side->entry = NULL;
		return rc;
	}
	if (side->entry->type != ENTRY_FOLDER &&
	    fstatat(side->parent_fd, side->name, &side->st, AT_SYMLINK_NOFOLLOW) != 0) {
		side->sys = errno;
		side->st = (struct stat){ .st_mode = 0 };
	}
	return 0;
}

int two_trees_next(struct two_trees *trees, int *order, struct error *err)
{
	const struct two_trees_side *a = &trees->a;
	const struct two_trees_side *b = &trees->b;

	trees->failed = NULL;
	if ((!trees->begun || trees->order <= 0) && step(&trees->a, err) != 0)
		trees->failed = a;
	else if ((!trees->begun || trees->order >= 0) && step(&trees->b, err) != 0)
		trees->failed = b;
	if (trees->failed != NULL)
		return -1;
	trees->begun = true;
	if (a->entry == NULL && b->entry == NULL)
		return 0;
	trees->order = a->entry == NULL ? 1 : b->entry == NULL ? -1 : entry_order(a->entry->path, b->entry->path);
	*order = trees->order;
	return 1;
}

int two_trees_read(const struct two_trees_side *side, struct entry_memory *memory, struct entry *entry,
                   struct error *err)
{
	return entry_read(side->parent_fd, side->name, side->entry->path, true, memory, entry, err);
}
