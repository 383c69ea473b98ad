#include "verifier/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/snapshots_option.h"
#include "wire/verifying.h"

#define EVERY_S ((int64_t)30 * 24 * 3600)

static int asked_to_stop(void *context, struct error *err)
{
	return stage_job_cancelled(context) ? error_set(err, ERR_CANCELLED, "the verifier was asked to stop") : 0;
}

static void show(void *context, uint64_t done, uint64_t total, const char *note)
{
	struct stage_progress progress = { .done_bytes = done, .total_bytes = total, .eta_s = -1 };

	(void)snprintf(progress.note, sizeof(progress.note), "%s", note);
	stage_job_progress(context, &progress);
}

static void tell_file(void *context, const struct wire_damage *damage, enum verifying_became became, const char *reason)
{
	char safe[1024];

	(void)context;
	log_line(became == VERIFYING_CANNOT ? LOG_ERR : LOG_WARNING, "\"%s\" %s, in %zu generations from %s: %s%s%s",
	         log_escape(damage->path, safe, sizeof(safe)), verifying_said(damage->kind), damage->n_generations,
	         damage->generation, verifying_word(became), *reason != '\0' ? ": " : "", reason);
}

static void fill(const struct verifying_result *r, struct stage_result *result)
{
	const struct wire_verified *v = &r->verified;
	const uint64_t *n = r->became;

	stage_result_integer(result, "files", (int64_t)v->files);
	stage_result_integer(result, "bytes", (int64_t)v->bytes);
	stage_result_integer(result, "unhashed", (int64_t)v->unhashed);
	stage_result_integer(result, "damaged", (int64_t)v->damaged);
	stage_result_integer(result, "mended", (int64_t)(n[VERIFYING_FROM_SOURCE] + n[VERIFYING_FROM_VAULT]));
	stage_result_integer(result, "left", (int64_t)r->left);
	stage_result_bool(result, "round_ended", v->round_ended);
	stage_result_integer(result, "round_began_at", v->round_began_s);
	stage_result_integer(result, "round_bytes", (int64_t)v->round_bytes);
	stage_result_integer(result, "round_total", (int64_t)v->round_total);
	stage_result_integer(result, "last_round_at", v->last_round_s);
	for (size_t i = 0; i < r->n_generations; i++) {
		struct stage_result *row = stage_result_row(result, "generations");

		if (row == NULL)
			return;
		stage_result_string(row, "generation", r->generations[i].generation);
		stage_result_integer(row, "files", (int64_t)r->generations[i].files);
		stage_result_string(row, "reason", r->generations[i].reason);
	}
}

int verify_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	char *snapshots = snapshots_option(config_pipeline(stage_job_config(job), stage_request_pipeline(request)));
	struct verifying verifying = { .vault = stage_request_vault(request),
		                       .pipeline = stage_request_pipeline(request),
		                       .source = stage_request_source(request),
		                       .snapshots = snapshots,
		                       .want = { .how = WIRE_VERIFY_SHARE, .generation = "" },
		                       .mends = true,
		                       .progress = show,
		                       .file = tell_file,
		                       .asked_to_stop = asked_to_stop,
		                       .context = job };
	struct verifying_result *r = calloc(1, sizeof(*r));
	int64_t every_s = EVERY_S;
	int rc = r != NULL ? stage_request_with_integer(request, "every_s", &every_s, err)
	                   : error_set(err, ERR_SYSTEM, "out of memory");

	verifying.want.every_s = every_s > 0 ? (uint64_t)every_s : 0;
	if (rc == 0)
		rc = verifying_run(&verifying, r, err);
	if (rc == 0)
		fill(r, result);
	free(r);
	free(snapshots);
	return rc;
}
