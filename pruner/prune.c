#include "pruner/prune.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/local_snapshot.h"
#include "lib/log.h"
#include "lib/snapshot_policy.h"
#include "lib/snapshots_option.h"
#include "pruner/policy.h"
#include "pruner/told.h"
#include "wire/bare_list.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

struct prune {
	struct stage_job *job;
	const struct stage_request *request;
	struct stage_result *result;
	struct policy policy;
	int64_t local; /* snapshots to keep besides the anchor */
	struct remote *remote;
	struct bare *bare; /* instead, where nothing of ours is at the far end */
	struct generation_info *generations;
	size_t n_generations;
	struct told told;      /* the result's list of them */
	struct told snapshots; /* … and of the local snapshots */
	char anchor_uuid[SUBVOLUME_UUID_SIZE];
	int64_t removed_generations, removed_snapshots;
};

static int give_up_if_asked(void *context, struct error *err)
{
	const struct prune *p = context;

	return stage_job_cancelled(p->job) ? error_set(err, ERR_CANCELLED, "the pruner was asked to stop") : 0;
}

static int read_policy(struct prune *p, struct error *err)
{
	for (int rule = 0; rule < POLICY_RULES; rule++) {
		int64_t keep = 0;

		if (stage_request_with_integer(p->request, policy_rule_name((enum policy_rule)rule), &keep, err) != 0)
			return -1;
		if (keep < 0)
			return error_set(err, ERR_CONFIG, "%s: %lld: want a count",
			                 policy_rule_name((enum policy_rule)rule), (long long)keep);
		p->policy.keep[rule] = (uint64_t)keep;
	}
	return stage_request_with_integer(p->request, "local", &p->local, err);
}

static int list_bare(struct prune *p, struct error *err)
{
	struct bare_hooks hooks = { .waiting = give_up_if_asked, .context = p };
	bool writes = !stage_request_dry_run(p->request);
	enum bare_role role = writes ? BARE_WRITES : BARE_READS;

	if (bare_open(stage_request_vault(p->request), stage_request_pipeline(p->request), role, &hooks, &p->bare,
	              err) != 0 ||
	    (writes && bare_take(p->bare, err) != 0))
		return -1;
	return bare_list_read(p->bare, &p->generations, NULL, &p->n_generations, err);
}

static int list_remote(struct prune *p, struct error *err)
{
	struct wire_hooks hooks = { .waiting = give_up_if_asked, .context = p };

	if (remote_open(stage_request_vault(p->request), stage_request_pipeline(p->request), "prune", &hooks,
	                &p->remote, err) != 0)
		return -1;
	if (remote_list(p->remote, &p->generations, &p->n_generations, err) == 0)
		return 0;
	remote_explain(p->remote, err);
	return -1;
}

/* A vault that is not there is an error: without it nothing says which snapshot is the anchor. */
static int list_generations(struct prune *p, struct error *err)
{
	if ((stage_request_vault(p->request)->bare ? list_bare : list_remote)(p, err) != 0)
		return -1;
	for (size_t i = 0; i < p->n_generations; i++)
		if (p->generations[i].current)
			(void)snprintf(p->anchor_uuid, sizeof(p->anchor_uuid), "%.36s",
			               p->generations[i].snapshot_uuid);
	return 0;
}

static int remove_there(struct prune *p, const char *name, struct error *err)
{
	int rc = p->bare != NULL ? bare_list_remove(p->bare, name, err) : remote_prune(p->remote, name, err);

	if (rc != 0 && p->remote != NULL && err->class != ERR_REFUSED)
		remote_explain(p->remote, err);
	return rc;
}

static int remove_generation(struct prune *p, const struct generation_info *generation, const char *reason,
                             struct error *err)
{
	struct error refused = { .class = ERR_NONE };

	/* What is removed has to be told. */
	if (!told_has_room(&p->told, generation->name, reason)) {
		told_row(&p->told, generation->name, "keep", "it goes in the next run: there is too much for one");
		return 0;
	}
	if (!stage_request_dry_run(p->request) && remove_there(p, generation->name, &refused) != 0) {
		if (refused.class == ERR_REFUSED) {
			told_row(&p->told, generation->name, "refused", refused.text);
			return 0;
		}
		if (err != NULL)
			*err = refused;
		return error_prefix(err, "removing generation %s", generation->name);
	}
	told_row(&p->told, generation->name, "remove", reason);
	p->removed_generations += !stage_request_dry_run(p->request);
	if (!stage_request_dry_run(p->request))
		log_line(LOG_NOTICE, "removed generation %s: %s", generation->name, reason);
	return 0;
}

/* First what goes: of what stays there is less to tell if there is no room. */
static int judge_generations(struct prune *p, const struct policy_verdict *verdicts, struct error *err)
{
	size_t names_bytes = 0;

	for (size_t i = 0; i < p->n_generations; i++)
		names_bytes += told_name(p->generations[i].name);
	told_begin(&p->told, p->result, "generations", "generation", TOLD_GENERATIONS_BYTES, names_bytes);
	for (size_t i = 0; i < p->n_generations; i++)
		if (!verdicts[i].keep && (give_up_if_asked(p, err) != 0 ||
		                          remove_generation(p, &p->generations[i], verdicts[i].reason, err) != 0))
			return -1;
	for (size_t i = 0; i < p->n_generations; i++)
		if (verdicts[i].keep)
			told_row(&p->told, p->generations[i].name, "keep", verdicts[i].reason);
	return 0;
}

static int prune_generations(struct prune *p, struct error *err)
{
	struct policy_verdict *verdicts = calloc(p->n_generations + 1, sizeof(*verdicts));
	int rc;

	if (verdicts == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = policy_generations(&p->policy, p->generations, p->n_generations, verdicts, err);
	if (rc == 0)
		rc = judge_generations(p, verdicts, err);
	free(verdicts);
	return rc;
}

/* This run's own snapshot tells where the others lie; a run of this stage alone has none. 1: *folder is set, 0: there are no snapshots, -1. */
static int find_folder(const struct prune *p, char folder[PATH_MAX], struct error *err)
{
	const char *own = stage_request_result_string(p->request, "snapshot", "snapshot");
	char *option;
	int rc;

	if (own != NULL && strlen(own) < PATH_MAX && strrchr(own, '/') != NULL) {
		(void)snprintf(folder, PATH_MAX, "%.*s", (int)(strrchr(own, '/') - own), own);
		return 1;
	}
	option = snapshots_option_of(p->request, stage_job_config(p->job));
	rc = subvolume_snapshots(stage_request_source(p->request), option, folder, err);
	free(option);
	if (rc != 0 && err->class == ERR_CONFIG) {
		error_clear(err); /* not on btrfs: made by other means, or not at all */
		return 0;
	}
	return rc == 0 ? 1 : -1;
}

static int judge_snapshots(struct prune *p, const struct local_snapshot *list, size_t n, struct error *err)
{
	const char *pipeline = stage_request_pipeline(p->request);
	struct snapshot_policy_item *mine = calloc(n + 1, sizeof(*mine));
	struct snapshot_policy_verdict *verdicts = calloc(n + 1, sizeof(*verdicts));
	size_t *which = calloc(n + 1, sizeof(*which)); /* in the list */
	size_t n_mine = 0;
	int rc = 0;

	if (mine == NULL || verdicts == NULL || which == NULL) {
		rc = error_set(err, ERR_SYSTEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		const char *run = snapshot_policy_run(list[i].name, pipeline);

		if (run == NULL)
			continue;
		which[n_mine] = i;
		mine[n_mine++] = (struct snapshot_policy_item){ .run = run, .uuid = list[i].uuid, .order = list[i].id };
	}
	snapshot_policy_judge(p->anchor_uuid, stage_request_seed(p->request)->snapshot_uuid,
	                      stage_request_snapshots(p->request)->others, stage_request_run(p->request),
	                      (uint64_t)(p->local > 0 ? p->local : 0), mine, n_mine, verdicts);
	for (size_t i = 0; i < n_mine && rc == 0; i++) {
		bool goes = !verdicts[i].keep;

		if (goes && !stage_request_dry_run(p->request)) {
			rc = local_snapshot_remove(list[which[i]].path, err);
			p->removed_snapshots += rc == 0;
		}
		if (rc == 0)
			told_row(&p->snapshots, list[which[i]].path, goes ? "remove" : "keep", verdicts[i].reason);
	}
out:
	free(mine);
	free(verdicts);
	free(which);
	return rc;
}

static int prune_snapshots(struct prune *p, struct error *err)
{
	char folder[PATH_MAX];
	struct local_snapshot *list;
	size_t n;
	int rc = find_folder(p, folder, err);

	if (rc <= 0)
		return rc;
	if (local_snapshot_list(folder, &list, &n, err) != 0)
		return -1;
	rc = judge_snapshots(p, list, n, err);
	local_snapshot_list_free(list, n);
	return rc;
}

int prune_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
              struct error *err)
{
	struct prune p = { .job = job, .request = request, .result = result };
	struct stage_progress progress = { .eta_s = -1, .note = "pruning" };
	int rc = -1;

	stage_job_progress(job, &progress);
	if (read_policy(&p, err) == 0 && list_generations(&p, err) == 0 && prune_generations(&p, err) == 0) {
		stage_result_bool(result, "complete", p.told.n_cut == 0);
		stage_result_bool(result, "complete_with_unlisted", p.told.n_lost == 0);
		told_begin(&p.snapshots, result, "snapshots", "snapshot", TOLD_SNAPSHOTS_BYTES, 0);
		rc = prune_snapshots(&p, err);
	}
	remote_close(&p.remote);
	bare_close(&p.bare);
	free(p.generations);
	stage_result_bool(result, "dry_run", stage_request_dry_run(request));
	stage_result_integer(result, "removed_generations", p.removed_generations);
	stage_result_integer(result, "removed_snapshots", p.removed_snapshots);
	return rc;
}
