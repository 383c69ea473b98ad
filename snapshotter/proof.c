#include "snapshotter/proof.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

/* Those that Time Machine backs up to; other disk images are files like any other. */
static void keep_macs(struct proof *proof, size_t n, int folder_fd, int64_t now_s)
{
	for (size_t i = 0; i < n; i++) {
		struct time_machine *bundle = &proof->macs[proof->n_macs];

		if (i != proof->n_macs)
			*bundle = proof->macs[i];
		time_machine_read(folder_fd, now_s, bundle);
		proof->n_macs += bundle->is_backup;
	}
}

void proof_find(struct proof *proof, int folder_fd, const struct stage_rest *rest, int64_t now_s)
{
	struct error err = { .class = ERR_NONE };
	size_t n = 0;

	proof_done(proof);
	proof->time_machine = rest->kind == CONFIG_KIND_TIME_MACHINE;
	if (rest->kind == CONFIG_KIND_GENERIC)
		return;
	proof->macs = calloc(TIME_MACHINE_BUNDLES_MAX, sizeof(*proof->macs));
	if (proof->macs == NULL || time_machine_find(folder_fd, proof->macs, &n, &proof->more, &err) != 0) {
		log_error(LOG_WARNING, &err, "the snapshot's Time Machine bundles can't be found");
		proof->unreadable = true;
		return;
	}
	keep_macs(proof, n, folder_fd, now_s);
	proof->time_machine = proof->time_machine || proof->n_macs > 0;
}

void proof_done(struct proof *proof)
{
	free(proof->macs);
	*proof = (struct proof){ .state = "in-flight" };
}

static const struct stage_rest_mac *find(const struct stage_rest *rest, const char *bundle)
{
	for (size_t i = 0; i < rest->n_macs; i++)
		if (strcmp(rest->macs[i].bundle, bundle) == 0)
			return &rest->macs[i];
	return NULL;
}

/* The bundles are those that the watcher told of, and say what they said then. */
static bool same_macs(struct proof *proof, const struct stage_rest *rest)
{
	if (proof->unreadable || proof->n_macs != rest->n_macs)
		return false;
	for (size_t i = 0; i < proof->n_macs; i++) {
		const struct time_machine *bundle = &proof->macs[i];
		const struct stage_rest_mac *seen = find(rest, bundle->path);

		if (seen == NULL || (seen->finished && (bundle->history != TIME_MACHINE_HISTORY_READ ||
		                                        bundle->completed_at_s != seen->completed_at)))
			return false;
		proof->finished[i] = seen->finished;
	}
	return true;
}

void proof_judge(struct proof *proof, const struct stage_rest *rest, bool still, bool forced,
                 const struct subvolume *frozen)
{
	bool all_finished = !proof->more; /* nobody looks after the others */

	proof->other = rest->known && rest->source_uuid != NULL && rest->source_uuid[0] != '\0' &&
	               strcmp(rest->source_uuid, frozen->parent_uuid) != 0;

	proof->at_rest = false;
	proof->state = "in-flight";
	if (proof->other)
		return;
	if (!still || forced)
		return;
	if (!proof->time_machine) {
		proof->at_rest = !proof->unreadable;
		proof->state = "quiet";
		return;
	}
	/* Between two writes of a backup nothing is written either: only what the watcher saw tells that from rest. */
	if (!rest->known || rest->ctransid != frozen->ctransid || !same_macs(proof, rest))
		return;
	proof->at_rest = true;
	for (size_t i = 0; i < proof->n_macs; i++)
		all_finished = all_finished && proof->finished[i];
	proof->state = proof->n_macs == 0 ? "quiet" : all_finished ? "clean" : "incomplete";
}

void proof_tell(const struct proof *proof, struct stage_result *result)
{
	stage_result_string(result, "kind",
	                    config_kind_name(proof->time_machine ? CONFIG_KIND_TIME_MACHINE : CONFIG_KIND_GENERIC));
	for (size_t i = 0; i < proof->n_macs; i++) {
		const struct time_machine *bundle = &proof->macs[i];
		struct stage_result *row = stage_result_row(result, "macs");

		if (row == NULL)
			return;
		stage_result_string(row, "bundle", bundle->path);
		stage_result_string(row, "name", bundle->name);
		stage_result_string(row, "state",
		                    !proof->at_rest      ? "in-flight"
		                    : proof->finished[i] ? "finished"
		                                         : "unfinished");
		stage_result_integer(row, "completed_at", bundle->completed_at_s);
		stage_result_bool(row, "verification_failed", bundle->verification_failed);
	}
}
