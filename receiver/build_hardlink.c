#include "receiver/build_hardlink.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry.h"
#include "lib/inside.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"

struct build {
	int from_fd;
	struct inside *to;
	bool fake_super;
	struct ticker *ticker;
};

static int link_one(const struct build *build, int from_fd, const char *name, const struct entry *entry,
                    struct error *err)
{
	int to_fd;
	const char *leaf;

	if (inside_parent(build->to, entry->path, &to_fd, &leaf, err) != 0)
		return -1;
	if (entry->type == ENTRY_FOLDER && mkdirat(to_fd, leaf, 0700) != 0)
		return error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
	if (entry->type == ENTRY_FOLDER || linkat(from_fd, name, to_fd, leaf, 0) == 0)
		return 0;
	if (errno != EMLINK)
		return error_sys(err, errno, "linking \"%.300s\"", entry->path);
	if ((entry->type == ENTRY_FILE ? file_copy_as(from_fd, name, to_fd, leaf, entry, build->ticker, err)
	                               : entry_make(to_fd, leaf, entry, build->fake_super, err)) != 0)
		return -1;
	return entry_apply(to_fd, leaf, entry, build->fake_super, err);
}

/* One walk: folders and links, or, when everything is in, the folders' metadata. */
static int walk(const struct build *build, bool folders, struct error *err)
{
	struct tree_walk *tree;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(build->from_fd, false, NULL, &tree, err) != 0)
		return -1;
	while ((rc = tree_walk_next(tree, &entry, &parent_fd, &name, err)) == 1) {
		int to_fd;
		const char *leaf;

		if (folders && entry->type == ENTRY_FOLDER) {
			if (inside_parent(build->to, entry->path, &to_fd, &leaf, err) != 0 ||
			    entry_apply(to_fd, leaf, entry, build->fake_super, err) != 0)
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

int build_hardlink(int from_fd, int to_fd, bool fake_super, struct ticker *ticker, struct error *err)
{
	struct build build = { .from_fd = from_fd, .fake_super = fake_super, .ticker = ticker };
	int rc;

	if (inside_new(to_fd, &build.to, err) != 0)
		return -1;
	rc = walk(&build, false, err);
	if (rc == 0)
		rc = walk(&build, true, err);
	inside_destroy(&build.to);
	return rc == 0 ? 0 : error_prefix(err, "beginning from the last generation");
}
