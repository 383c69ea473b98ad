#include "receiver/build_copy.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry.h"
#include "lib/inside.h"
#include "lib/link_map.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"
#include "receiver/seal.h"
#include "wire/wire.h"

struct copying {
	struct inside *to, *other;
	struct link_map *firsts; /* inode -> path of its first name */
	bool fake_super;
	struct ticker *ticker;
	char first[WIRE_PATH_MAX + 1];
};

/* Another name of what was copied: 1 linked, 0 it is the first, -1. */
static int link_again(struct copying *c, const struct entry *entry, int to_fd, const char *leaf, struct error *err)
{
	int first_fd;
	const char *first_leaf;
	size_t n;
	int rc;

	if (entry->links < 2)
		return 0;
	rc = link_map_get(c->firsts, entry->inode, c->first, sizeof(c->first) - 1, &n, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return link_map_put(c->firsts, entry->inode, entry->path, strlen(entry->path), err);
	c->first[n] = '\0';
	if (inside_parent(c->other, c->first, &first_fd, &first_leaf, err) != 0)
		return -1;
	return linkat(first_fd, first_leaf, to_fd, leaf, 0) == 0
	               ? 1
	               : error_sys(err, errno, "linking \"%.300s\"", entry->path);
}

static int copy_one(struct copying *c, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	int to_fd;
	const char *leaf;
	int rc;

	if (*entry->path == '\0')
		return 0;
	if (inside_parent(c->to, entry->path, &to_fd, &leaf, err) != 0)
		return -1;
	if (entry->type == ENTRY_FOLDER)
		return mkdirat(to_fd, leaf, 0700) == 0
		               ? 0
		               : error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
	rc = link_again(c, entry, to_fd, leaf, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = entry->type == ENTRY_FILE ? file_copy_as(from_fd, name, to_fd, leaf, entry, c->ticker, err)
	                               : entry_make(to_fd, leaf, entry, c->fake_super, err);
	return rc == 0 ? entry_apply(to_fd, leaf, entry, c->fake_super, err) : -1;
}

static int apply_folder(struct copying *c, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	int to_fd;
	const char *leaf;

	if (entry->type != ENTRY_FOLDER)
		return 0;
	if (inside_parent(c->to, entry->path, &to_fd, &leaf, err) != 0)
		return -1;
	return entry_apply(to_fd, leaf, entry, c->fake_super, err) == 0 ? seal_copy(from_fd, to_fd, name, leaf, err)
	                                                                : -1;
}

/* Everything, or, when all is in, the folders' metadata. */
static int walk(struct copying *c, int root_fd, bool folders, struct error *err)
{
	struct tree_walk *tree;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(root_fd, false, NULL, &tree, err) != 0)
		return -1;
	if (folders)
		tree_walk_light(tree);
	while ((rc = tree_walk_next(tree, &entry, &parent_fd, &name, err)) == 1) {
		rc = folders ? apply_folder(c, parent_fd, name, entry, err) : copy_one(c, parent_fd, name, entry, err);
		if (rc != 0 || (c->ticker != NULL && ticker_step(c->ticker, err) != 0)) {
			rc = -1;
			break;
		}
	}
	tree_walk_destroy(&tree);
	return rc;
}

int build_copy(int from_fd, int to_fd, bool fake_super, struct ticker *ticker, struct error *err)
{
	struct copying c = { .fake_super = fake_super, .ticker = ticker };
	int rc = -1;

	if (inside_new(to_fd, &c.to, err) == 0 && inside_new(to_fd, &c.other, err) == 0 &&
	    link_map_new(&c.firsts, err) == 0)
		rc = walk(&c, from_fd, false, err);
	if (rc == 0)
		rc = walk(&c, from_fd, true, err);
	link_map_destroy(&c.firsts);
	inside_destroy(&c.to);
	inside_destroy(&c.other);
	return rc == 0 ? 0 : error_prefix(err, "copying the last generation");
}
