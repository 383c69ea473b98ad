#include "broker/reply.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/json_want.h"
#include "lib/log.h"

/* Escaped and cut to the room; "" if there is none or it is no string. */
static void take_text(json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	(void)log_escape(text != NULL ? text : "", out, size);
}

static int64_t take_count(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	json_int_t number = json_is_real(value) && json_real_value(value) < 9e18 ? (json_int_t)json_real_value(value)
	                                                                         : json_integer_value(value);

	return number > 0 ? (int64_t)number : 0;
}

int reply_ready_parse(const void *json, size_t len_bytes, struct reply_ready *out, struct error *err)
{
	json_t *root = json_want_load(json, len_bytes, ERR_PROTOCOL, err);
	json_t *jobs = NULL;
	json_t *value = NULL;
	size_t i;
	int rc = -1;

	*out = (struct reply_ready){ .n_tags = 0 };
	if (root == NULL)
		return error_prefix(err, "READY");
	take_text(root, "worker", out->worker, sizeof(out->worker));
	take_text(root, "host", out->host, sizeof(out->host));
	take_text(root, "version", out->version, sizeof(out->version));
	json_array_foreach(json_object_get(root, "features"), i, value)
	{
		if (json_is_string(value) && strcmp(json_string_value(value), "cancel") == 0)
			out->can_cancel = true;
	}
	jobs = json_object_get(root, "jobs");
	if (json_array_size(jobs) > REPLY_JOBS_MAX) {
		(void)error_set(err, ERR_PROTOCOL, "READY: more than %d jobs in hand", REPLY_JOBS_MAX);
		goto out;
	}
	json_array_foreach(jobs, i, value)
	{
		const char *tag = json_string_value(value);

		if (tag == NULL || strlen(tag) >= MDP_TAG_SIZE) {
			(void)error_set(err, ERR_PROTOCOL, "READY: jobs[%zu]: want \"<job>#<attempt>\"", i);
			goto out;
		}
		(void)log_escape(tag, out->tags[out->n_tags++], MDP_TAG_SIZE);
	}
	rc = 0;
out:
	json_decref(root);
	return rc;
}

static int take_error(json_t *root, struct error *out, struct error *err)
{
	json_t *error = json_object_get(root, "error");
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *message = json_string_value(json_object_get(error, "message"));

	if (code == NULL || message == NULL)
		return error_set(err, ERR_PROTOCOL, "error: want {\"code\", \"message\"}");
	(void)error_set(out, error_class_of(code), "%s", message);
	if (out->class == ERR_NONE)
		out->class = ERR_INTERNAL;
	return 0;
}

static int take_result(json_t *root, struct reply_final *out, struct error *err)
{
	json_t *result = json_object_get(root, "result");

	if (result != NULL && !json_is_object(result))
		return error_set(err, ERR_PROTOCOL, "result: want an object");
	out->result_json = result != NULL ? json_dumps(result, JSON_COMPACT) : strdup("{}");
	if (out->result_json == NULL)
		return error_sys(err, ENOMEM, "taking the result");
	if (strlen(out->result_json) <= REPLY_RESULT_MAX)
		return 0;
	free(out->result_json);
	out->result_json = NULL;
	return error_set(err, ERR_PROTOCOL, "result: more than %d bytes", REPLY_RESULT_MAX);
}

int reply_final_parse(const void *json, size_t len_bytes, struct reply_final *out, struct error *err)
{
	json_t *root = json_want_load(json, len_bytes, ERR_PROTOCOL, err);
	const char *status = json_string_value(json_object_get(root, "status"));
	int rc = -1;

	*out = (struct reply_final){ .status = REPLY_OK };
	if (root == NULL)
		goto out;
	if (status == NULL)
		status = "";
	if (strcmp(status, "ok") == 0) {
		rc = take_result(root, out, err);
	} else if (strcmp(status, "retry") == 0 || strcmp(status, "fail") == 0) {
		out->status = strcmp(status, "retry") == 0 ? REPLY_RETRY : REPLY_FAIL;
		rc = take_error(root, &out->error, err);
	} else {
		(void)error_set(err, ERR_PROTOCOL, "status: want \"ok\", \"retry\" or \"fail\"");
	}
out:
	json_decref(root);
	return rc == 0 ? 0 : error_prefix(err, "the worker's reply is not of the form");
}

int reply_progress_parse(const void *json, size_t len_bytes, struct stage_progress *out, struct error *err)
{
	json_t *root = json_want_load(json, len_bytes, ERR_PROTOCOL, err);
	json_t *eta = json_object_get(root, "eta_s");

	*out = (struct stage_progress){ .eta_s = -1 };
	if (root == NULL)
		return error_prefix(err, "PARTIAL");
	out->done_bytes = (uint64_t)take_count(root, "done");
	out->total_bytes = (uint64_t)take_count(root, "total");
	out->files = (uint64_t)take_count(root, "files");
	out->rate_bps = (uint64_t)take_count(root, "rate");
	if (json_is_number(eta))
		out->eta_s = take_count(root, "eta_s");
	take_text(root, "note", out->note, sizeof(out->note));
	json_decref(root);
	return 0;
}

static void take_snapshot(json_t *snapshot, struct history_generation *out)
{
	take_text(snapshot, "state", out->state, sizeof(out->state));
	take_text(snapshot, "uuid", out->snapshot_uuid, sizeof(out->snapshot_uuid));
	take_text(snapshot, "source_uuid", out->source_uuid, sizeof(out->source_uuid));
	out->taken_at = take_count(snapshot, "taken_at");
	out->ctransid = take_count(snapshot, "ctransid");
}

int reply_snapshot(const char *snapshot_json, struct history_generation *out, struct error *err)
{
	json_t *snapshot = json_want_load(snapshot_json, strlen(snapshot_json), ERR_PROTOCOL, err);

	*out = (struct history_generation){ .pruned = false };
	if (snapshot == NULL)
		return -1;
	take_snapshot(snapshot, out);
	json_decref(snapshot);
	return 0;
}

int reply_generation(const char *transfer_json, const char *snapshot_json, struct history_generation *out,
                     struct error *err)
{
	json_t *transfer = json_want_load(transfer_json, strlen(transfer_json), ERR_PROTOCOL, err);
	json_t *snapshot = NULL;
	int rc = -1;

	*out = (struct history_generation){ .pruned = false };
	if (transfer == NULL)
		goto out;
	if (snapshot_json != NULL) {
		snapshot = json_want_load(snapshot_json, strlen(snapshot_json), ERR_PROTOCOL, err);
		if (snapshot == NULL)
			goto out;
		take_snapshot(snapshot, out);
	}
	take_text(transfer, "generation", out->generation, sizeof(out->generation));
	/* Of a source that was read as it is, only the transfer knows whether it rested meanwhile. */
	if (json_is_string(json_object_get(transfer, "state")))
		take_text(transfer, "state", out->state, sizeof(out->state));
	out->unchanged = json_is_true(json_object_get(transfer, "unchanged"));
	take_text(transfer, "root", out->root, sizeof(out->root));
	if (!hex_is(out->root, 32))
		out->root[0] = '\0';
	/* It was made of an earlier snapshot, and that one is what the vault goes by: also where this store hears of it for the first time, as of a seed that was taken up. */
	if (out->unchanged && json_is_string(json_object_get(transfer, "base_snapshot_uuid")))
		take_text(transfer, "base_snapshot_uuid", out->snapshot_uuid, sizeof(out->snapshot_uuid));
	out->files = take_count(transfer, "files");
	out->bytes = take_count(transfer, "bytes");
	out->literal_bytes = take_count(transfer, "literal_bytes");
	out->wire_sent = take_count(transfer, "wire_sent");
	rc = out->generation[0] != '\0';
out:
	json_decref(snapshot);
	json_decref(transfer);
	return rc;
}

int reply_brake(const char *transfer_json, struct reply_brake *out, struct error *err)
{
	json_t *transfer = json_want_load(transfer_json, strlen(transfer_json), ERR_PROTOCOL, err);

	*out = (struct reply_brake){ .known = false };
	if (transfer == NULL)
		return -1;
	out->known = json_is_boolean(json_object_get(transfer, "braked"));
	out->braked = json_is_true(json_object_get(transfer, "braked"));
	out->held = take_count(transfer, "held_generations");
	take_text(transfer, "braked_run", out->run, sizeof(out->run));
	take_text(transfer, "braked_generation", out->generation, sizeof(out->generation));
	take_text(transfer, "braked_reason", out->reason, sizeof(out->reason));
	json_decref(transfer);
	return 0;
}

int reply_macs(const char *snapshot_json,
               int (*each)(void *cookie, const struct history_macs_row *mac, struct error *err), void *cookie,
               struct error *err)
{
	json_t *root = json_want_load(snapshot_json, strlen(snapshot_json), ERR_PROTOCOL, err);
	json_t *row = NULL;
	size_t i;
	int rc = root != NULL ? 0 : -1;

	json_array_foreach(json_object_get(root, "macs"), i, row)
	{
		struct history_macs_row mac = { .verification_failed =
			                                json_is_true(json_object_get(row, "verification_failed")) };

		if (rc != 0 || i == HISTORY_MACS_MAX)
			break;
		take_text(row, "bundle", mac.bundle, sizeof(mac.bundle));
		take_text(row, "name", mac.name, sizeof(mac.name));
		take_text(row, "state", mac.state, sizeof(mac.state));
		mac.completed_at = take_count(row, "completed_at");
		rc = each(cookie, &mac, err);
	}
	json_decref(root);
	return rc;
}

int reply_removed(const char *prune_json,
                  int (*each)(void *cookie, const char *generation, const char *reason, struct error *err),
                  void *cookie, struct error *err)
{
	json_t *root = json_want_load(prune_json, strlen(prune_json), ERR_PROTOCOL, err);
	json_t *row = NULL;
	size_t i;
	int rc = 0;

	if (root == NULL)
		return -1;
	if (json_is_true(json_object_get(root, "dry_run")))
		goto out;
	json_array_foreach(json_object_get(root, "generations"), i, row)
	{
		const char *action = json_string_value(json_object_get(row, "action"));
		char generation[HISTORY_TEXT_SIZE];
		char reason[256];

		if (action == NULL || strcmp(action, "remove") != 0)
			continue;
		take_text(row, "generation", generation, sizeof(generation));
		take_text(row, "reason", reason, sizeof(reason));
		rc = each(cookie, generation, reason, err);
		if (rc != 0)
			break;
	}
out:
	json_decref(root);
	return rc;
}

int reply_listed(const char *prune_json, char **names_json, struct error *err)
{
	json_t *root = json_want_load(prune_json, strlen(prune_json), ERR_PROTOCOL, err);
	json_t *list = json_object_get(root, "generations");
	bool complete = json_is_true(json_object_get(root, "complete")) ||
	                json_is_true(json_object_get(root, "complete_with_unlisted"));
	json_t *names = NULL;
	json_t *row = NULL;
	size_t i;
	int rc = root != NULL ? 0 : -1;

	*names_json = NULL;
	if (!complete || json_is_true(json_object_get(root, "dry_run")) || !json_is_array(list))
		goto out;
	names = json_array();
	json_array_foreach(list, i, row)
	{
		const char *action = json_string_value(json_object_get(row, "action"));

		if (action != NULL && strcmp(action, "remove") != 0)
			(void)json_array_append(names, json_object_get(row, "generation"));
	}
	json_array_foreach(json_object_get(root, "unlisted"), i, row)
	{
		if (json_is_string(row))
			(void)json_array_append(names, row);
	}
	*names_json = json_dumps(names, JSON_COMPACT);
	rc = *names_json != NULL ? 1 : error_sys(err, ENOMEM, "the vault's generations");
out:
	json_decref(names);
	json_decref(root);
	return rc;
}

static struct reply_space take_space(json_t *root, const char *free_key, const char *total_key)
{
	struct reply_space space = { take_count(root, free_key), take_count(root, total_key) };

	/* More free than there is makes no sense, and no forecast. */
	if (space.free_bytes > space.total_bytes)
		space = (struct reply_space){ 0, 0 };
	return space;
}

int reply_figures(const char *result_json, struct reply_figures *out, struct error *err)
{
	json_t *root = json_want_load(result_json, strlen(result_json), ERR_PROTOCOL, err);

	*out = (struct reply_figures){ .seconds = 0 };
	if (root == NULL)
		return -1;
	out->literal_bytes = take_count(root, "literal_bytes");
	out->matched_bytes = take_count(root, "matched_bytes");
	out->wire_sent = take_count(root, "wire_sent");
	out->wire_received = take_count(root, "wire_received");
	out->seconds = take_count(root, "seconds");
	out->vault = take_space(root, "vault_free_bytes", "vault_total_bytes");
	out->source = take_space(root, "source_free_bytes", "source_total_bytes");
	json_decref(root);
	return 0;
}

int reply_verified(const char *verify_json, struct reply_verified *out, struct error *err)
{
	json_t *root = json_want_load(verify_json, strlen(verify_json), ERR_PROTOCOL, err);
	json_t *row = NULL;
	size_t i;

	if (root == NULL)
		return error_prefix(err, "verify");
	out->files = take_count(root, "files");
	out->bytes = take_count(root, "bytes");
	out->unhashed = take_count(root, "unhashed");
	out->damaged = take_count(root, "damaged");
	out->mended = take_count(root, "mended");
	out->left = take_count(root, "left");
	out->round_ended = json_is_true(json_object_get(root, "round_ended"));
	out->round_began_at = take_count(root, "round_began_at");
	out->round_bytes = take_count(root, "round_bytes");
	out->round_total = take_count(root, "round_total");
	out->last_round_at = take_count(root, "last_round_at");
	out->n_generations = 0;
	json_array_foreach(json_object_get(root, "generations"), i, row)
	{
		struct reply_damaged *damaged = &out->generations[out->n_generations];

		if (out->n_generations == REPLY_DAMAGED_MAX)
			break;
		take_text(row, "generation", damaged->generation, sizeof(damaged->generation));
		take_text(row, "reason", damaged->reason, sizeof(damaged->reason));
		damaged->files = take_count(row, "files");
		out->n_generations += damaged->generation[0] != '\0';
	}
	json_decref(root);
	return 0;
}

int reply_rehearsed(const char *rehearse_json, struct reply_rehearsed *out, struct error *err)
{
	json_t *root = json_want_load(rehearse_json, strlen(rehearse_json), ERR_PROTOCOL, err);
	json_t *restorable = json_object_get(root, "restorable");
	json_t *row = NULL;
	size_t i;

	if (root != NULL && !json_is_boolean(restorable))
		(void)error_set(err, ERR_PROTOCOL, "restorable: want true or false");
	if (!json_is_boolean(restorable)) {
		json_decref(root);
		return error_prefix(err, "rehearse");
	}
	out->restorable = json_is_true(restorable);
	take_text(root, "generation", out->generation, sizeof(out->generation));
	take_text(root, "seed", out->seed, sizeof(out->seed));
	out->files = take_count(root, "files");
	out->bytes = take_count(root, "bytes");
	out->seconds = take_count(root, "seconds");
	out->whole_files = take_count(root, "whole_files");
	out->whole_bytes = take_count(root, "whole_bytes");
	out->whole_seconds = take_count(root, "whole_seconds");
	out->bundles = take_count(root, "bundles");
	out->wrong = take_count(root, "wrong");
	out->n_faults = 0;
	json_array_foreach(json_object_get(root, "faults"), i, row)
	{
		if (out->n_faults == REPLY_FAULTS_MAX)
			break;
		take_text(row, "path", out->faults[out->n_faults].path, sizeof(out->faults[0].path));
		take_text(row, "reason", out->faults[out->n_faults].reason, sizeof(out->faults[0].reason));
		take_text(row, "mark", out->faults[out->n_faults].mark, sizeof(out->faults[0].mark));
		out->n_faults++;
	}
	json_decref(root);
	return 0;
}
