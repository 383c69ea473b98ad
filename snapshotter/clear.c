#include "snapshotter/clear.h"

#include <btrfsutil.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/local_snapshot.h"
#include "lib/log.h"
#include "lib/snapshot_policy.h"

#define WAIT_MOST_MS 300000
#define WAIT_STEP_MS 200

static void remove_one(struct clear *clear, const struct local_snapshot *snapshot, struct stage_result *result,
                       struct error *first)
{
	struct stage_result *row;
	struct error err = { .class = ERR_NONE };

	if (local_snapshot_remove(snapshot->path, &err) != 0) {
		log_error(LOG_WARNING, &err, "an old snapshot stays");
		if (first->class == ERR_NONE)
			*first = err;
		return;
	}
	log_line(LOG_NOTICE, "removed snapshot %s: neither the anchor nor of this run", snapshot->path);
	clear->removed[clear->n_removed++] = snapshot->id;
	row = result != NULL ? stage_result_row(result, "removed") : NULL;
	if (row != NULL) {
		stage_result_string(row, "snapshot", snapshot->path);
		stage_result_string(row, "uuid", snapshot->uuid);
	}
}

static int judge(struct clear *clear, const struct local_snapshot *list, size_t n, struct stage_result *result,
                 struct error *err)
{
	const struct stage_request *request = clear->request;
	const struct stage_snapshots *known = stage_request_snapshots(request);
	uint64_t more = known->release ? 0 : (uint64_t)known->local;
	struct snapshot_policy_item *mine = calloc(n + 1, sizeof(*mine));
	struct snapshot_policy_verdict *verdicts = calloc(n + 1, sizeof(*verdicts));
	size_t *which = calloc(n + 1, sizeof(*which)); /* in the list */
	struct error first = { .class = ERR_NONE };
	size_t n_mine = 0;

	clear->removed = calloc(n + 1, sizeof(*clear->removed));
	if (mine == NULL || verdicts == NULL || which == NULL || clear->removed == NULL) {
		(void)error_set(&first, ERR_SYSTEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		const char *run = snapshot_policy_run(list[i].name, stage_request_pipeline(request));

		if (run == NULL)
			continue;
		which[n_mine] = i;
		mine[n_mine++] = (struct snapshot_policy_item){ .run = run, .uuid = list[i].uuid, .order = list[i].id };
	}
	snapshot_policy_judge(known->anchor, stage_request_seed(request)->snapshot_uuid, known->others,
	                      stage_request_run(request), more, mine, n_mine, verdicts);
	for (size_t i = 0; i < n_mine; i++)
		if (!verdicts[i].keep)
			remove_one(clear, &list[which[i]], result, &first);
out:
	free(mine);
	free(verdicts);
	free(which);
	if (first.class != ERR_NONE && err != NULL)
		*err = first;
	return first.class == ERR_NONE ? 0 : -1;
}

int clear_old(struct clear *clear, struct stage_result *result, struct error *err)
{
	struct local_snapshot *list;
	size_t n;
	int rc;

	if (stage_request_snapshots(clear->request)->anchor == NULL || stage_request_dry_run(clear->request))
		return 0;
	if (local_snapshot_list(clear->folder, &list, &n, err) != 0)
		return -1;
	rc = judge(clear, list, n, result, err);
	local_snapshot_list_free(list, n);
	return rc;
}

static bool still_there(const struct clear *clear)
{
	uint64_t *ids = NULL;
	size_t n = 0;
	bool found = false;

	/* What can't be asked is not waited for. */
	if (btrfs_util_deleted_subvolumes(clear->folder, &ids, &n) != BTRFS_UTIL_OK)
		return false;
	for (size_t i = 0; i < n && !found; i++)
		for (size_t k = 0; k < clear->n_removed && !found; k++)
			found = ids[i] == clear->removed[k];
	free(ids);
	return found;
}

void clear_wait(const struct clear *clear, int source_fd)
{
	static const struct timespec step = { 0, WAIT_STEP_MS * 1000000L };

	if (clear->n_removed == 0)
		return;
	/* This call wakes the cleaner, which syncfs does not; the room counts with the commit behind it. */
	(void)btrfs_util_sync_fd(source_fd);
	for (int ms = 0; ms < WAIT_MOST_MS && still_there(clear) && !stage_job_cancelled(clear->job);
	     ms += WAIT_STEP_MS)
		(void)nanosleep(&step, NULL);
	(void)syncfs(source_fd);
}

void clear_done(struct clear *clear)
{
	free(clear->removed);
	clear->removed = NULL;
}
