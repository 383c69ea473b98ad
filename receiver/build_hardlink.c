#include "receiver/build_hardlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry.h"
#include "lib/inside.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"
#include "receiver/linking.h"
#include "receiver/seal.h"

#define MOVED_MOST 64

/* An inode that has all the links it can have: its further names get a new one, made once. */
struct moved {
	uint64_t inode;
	char *path; /* in the new tree */
};

struct build {
	struct moved moved[MOVED_MOST]; /* a ring: a forgotten one is only copied again */
	size_t n_moved;
	int from_fd;
	struct inside *to, *other;
	bool fake_super;
	struct ticker *ticker;
	struct entry_memory memory;
};

/* 1: linked to the inode's new copy, 0: there is none yet, -1. */
static int link_moved(struct build *build, const struct entry *entry, int to_fd, const char *leaf, struct error *err)
{
	for (size_t i = 0; i < build->n_moved && i < MOVED_MOST; i++) {
		int first_fd;
		const char *first_leaf;
		int sys;

		if (build->moved[i].inode != entry->inode)
			continue;
		if (inside_parent(build->other, build->moved[i].path, &first_fd, &first_leaf, err) != 0)
			return -1;
		sys = linking_at(first_fd, first_leaf, to_fd, leaf);
		if (sys == 0)
			return 1;
		return sys == EMLINK ? 0 : error_sys(err, sys, "linking \"%.300s\"", entry->path);
	}
	return 0;
}

static int remember_moved(struct build *build, const struct entry *entry, struct error *err)
{
	struct moved *moved = &build->moved[build->n_moved % MOVED_MOST];
	char *path = strdup(entry->path);

	if (path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	free(moved->path);
	*moved = (struct moved){ .inode = entry->inode, .path = path };
	build->n_moved++;
	return 0;
}

/* The inode has all the links that the file system allows. */
static int link_full(struct build *build, int from_fd, const char *name, const char *path, int to_fd, const char *leaf,
                     struct error *err)
{
	struct entry entry;
	int rc;

	if (entry_read(from_fd, name, path, false, &build->memory, &entry, err) != 0)
		return -1;
	rc = link_moved(build, &entry, to_fd, leaf, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if ((entry.type == ENTRY_FILE ? file_copy_as(from_fd, name, to_fd, leaf, &entry, build->ticker, err)
	                              : entry_make(to_fd, leaf, &entry, build->fake_super, err)) != 0)
		return -1;
	if (entry_apply(to_fd, leaf, &entry, build->fake_super, err) != 0)
		return -1;
	return remember_moved(build, &entry, err);
}

static int link_one(struct build *build, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	int to_fd;
	const char *leaf;
	int sys;

	if (inside_parent(build->to, entry->path, &to_fd, &leaf, err) != 0)
		return -1;
	if (entry->type == ENTRY_FOLDER && mkdirat(to_fd, leaf, 0700) != 0)
		return error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
	sys = entry->type == ENTRY_FOLDER ? 0 : linking_at(from_fd, name, to_fd, leaf);
	if (sys == 0)
		return 0;
	/* Who is not root may not link a symlink of somebody else's, as GlusterFS leaves one that it has healed. */
	return sys == EMLINK || (sys == EPERM && entry->type == ENTRY_SYMLINK)
	               ? link_full(build, from_fd, name, entry->path, to_fd, leaf, err)
	               : error_sys(err, sys, "linking \"%.300s\"", entry->path);
}

/* One walk: folders and links, or, when everything is in, the folders' metadata. */
static int walk(struct build *build, bool folders, struct error *err)
{
	struct tree_walk *tree;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(build->from_fd, false, NULL, &tree, err) != 0)
		return -1;
	tree_walk_light(tree);
	while ((rc = tree_walk_next(tree, &entry, &parent_fd, &name, err)) == 1) {
		int to_fd;
		const char *leaf;

		if (folders && entry->type == ENTRY_FOLDER) {
			if (inside_parent(build->to, entry->path, &to_fd, &leaf, err) != 0 ||
			    entry_apply(to_fd, leaf, entry, build->fake_super, err) != 0 ||
			    seal_copy(parent_fd, to_fd, name, leaf, err) != 0)
				break;
		} else if (!folders && *entry->path != '\0' && link_one(build, parent_fd, name, entry, err) != 0) {
			break;
		}
		if (ticker_step(build->ticker, err) != 0)
			break;
	}
	tree_walk_destroy(&tree);
	return rc == 0 ? 0 : -1;
}

int build_hardlink(int from_fd, int to_fd, bool fake_super, struct ticker *ticker, bool *parted, struct error *err)
{
	struct build build = { .from_fd = from_fd, .fake_super = fake_super, .ticker = ticker };
	int rc;

	entry_memory_init(&build.memory);
	if (inside_new(to_fd, &build.to, err) != 0 || inside_new(to_fd, &build.other, err) != 0) {
		inside_destroy(&build.to);
		return -1;
	}
	rc = walk(&build, false, err);
	if (rc == 0)
		rc = walk(&build, true, err);
	*parted = build.n_moved != 0;
	inside_destroy(&build.to);
	inside_destroy(&build.other);
	entry_memory_done(&build.memory);
	for (size_t i = 0; i < MOVED_MOST; i++)
		free(build.moved[i].path);
	return rc == 0 ? 0 : error_prefix(err, "beginning from the last generation");
}
