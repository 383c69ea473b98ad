#include "cli/restore_sweep.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/restore_work.h"
#include "lib/tree_walk.h"

/* The plan's paths, read alongside: both are in entry_order. */
struct reading {
	struct restore_plan_record record;
	int rc; /* of the last one read: 1, 0 at the end */
};

/* 1: the plan has it, 0, -1 */
static int has(const struct restore_sweep *s, struct reading *r, const char *path, struct error *err)
{
	while (r->rc == 1 && entry_order(r->record.entry.path, path) < 0)
		r->rc = restore_plan_next(s->plan, &r->record, err);
	return r->rc == 1 ? strcmp(r->record.entry.path, path) == 0 : r->rc;
}

/* In the target itself. */
static bool is_ours(const struct restore_sweep *s, const char *path)
{
	return strcmp(path, s->work_name) == 0 ||
	       strncmp(path, RESTORE_FOLDER_PREFIX, strlen(RESTORE_FOLDER_PREFIX)) == 0 ||
	       (strncmp(path, RESTORE_ASIDE_PREFIX, strlen(RESTORE_ASIDE_PREFIX)) == 0 && strchr(path, '/') == NULL);
}

static bool is_elsewhere(const struct restore_sweep *s, int parent_fd, const char *name)
{
	struct stat st;
	struct stat target;

	return fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || fstat(s->target_fd, &target) != 0 ||
	       st.st_dev != target.st_dev;
}

int restore_sweep_run(const struct restore_sweep *sweep, uint64_t *swept, struct error *err)
{
	struct reading r = { .rc = 1 };
	const struct entry *entry;
	struct tree_walk *walk;
	const char *name;
	int parent_fd;
	int rc;

	*swept = 0;
	if (restore_plan_seek(sweep->plan, 0, err) != 0)
		return -1;
	r.rc = restore_plan_next(sweep->plan, &r.record, err);
	if (r.rc < 0 || tree_walk_new(sweep->target_fd, true, sweep->excludes, &walk, err) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		if (sweep->busy(sweep->context, err) != 0 || (rc = has(sweep, &r, entry->path, err)) < 0) {
			rc = -1;
			break;
		}
		if (*entry->path == '\0')
			continue;
		if (is_ours(sweep, entry->path) ||
		    (entry->type == ENTRY_FOLDER && !restore_pick_may_hold(sweep->pick, entry->path))) {
			tree_walk_skip(walk);
			continue;
		}
		if (rc == 1 || !restore_pick_takes(sweep->pick, entry->path) || entry->type == ENTRY_SOCKET ||
		    is_elsewhere(sweep, parent_fd, name))
			continue;
		if (entry->type == ENTRY_FOLDER)
			tree_walk_skip(walk);
		if (sweep->aside != NULL && restore_aside_move(sweep->aside, parent_fd, name, entry->path, err) != 0) {
			rc = -1;
			break;
		}
		(*swept)++;
	}
	tree_walk_destroy(&walk);
	return rc < 0 ? -1 : 0;
}
