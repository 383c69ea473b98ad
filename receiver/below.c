#include "receiver/below.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/tree_walk.h"

int below_entry(struct below *below, const char *part, const struct entry *found, struct entry *entry,
                struct error *err)
{
	*entry = *found;
	if (part[0] == '\0')
		return 0;
	(void)snprintf(below->whole, sizeof(below->whole), "%s%s%s", part, *found->path != '\0' ? "/" : "",
	               found->path);
	if (strlen(below->whole) > WIRE_PATH_MAX)
		return error_set(err, ERR_INPUT, "\"%.300s…\": the path is too long", below->whole);
	entry->path = below->whole;
	return 0;
}

static int walk_folder(struct below *below, const struct below_walk *w, int folder_fd, struct error *err)
{
	struct tree_walk *walk;
	const struct entry *found;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(folder_fd, w->digests, NULL, &walk, err) != 0)
		return -1;
	/* Of a published generation nothing goes; somebody who removes it by hand may take longer than the walk. */
	tree_walk_whole(walk);
	while ((rc = tree_walk_next(walk, &found, &parent_fd, &name, err)) == 1) {
		struct entry entry;

		if (below_entry(below, w->part, found, &entry, err) != 0 ||
		    w->each(w->context, parent_fd, name, &entry, err) != 0) {
			rc = -1;
			break;
		}
		if (w->flat && *found->path != '\0')
			tree_walk_skip(walk);
	}
	tree_walk_destroy(&walk);
	return rc;
}

int below_walk(struct below *below, const struct below_walk *walk, struct error *err)
{
	struct inside *inside;
	struct entry_memory memory;
	struct entry entry;
	int parent_fd;
	const char *leaf;
	int fd;
	int rc = -1;

	if (inside_new(walk->whole_fd, &inside, err) != 0)
		return -1;
	entry_memory_init(&memory);
	if (inside_parent(inside, walk->part, &parent_fd, &leaf, err) != 0 ||
	    entry_read(parent_fd, leaf, walk->part, walk->digests, &memory, &entry, err) != 0)
		goto out;
	if (entry.type != ENTRY_FOLDER) {
		rc = walk->each(walk->context, parent_fd, leaf, &entry, err);
		goto out;
	}
	fd = openat(parent_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		(void)error_sys(err, errno, "opening \"%.300s\"", walk->part);
		goto out;
	}
	rc = walk_folder(below, walk, fd, err);
	(void)close(fd);
out:
	entry_memory_done(&memory);
	inside_destroy(&inside);
	return rc;
}
