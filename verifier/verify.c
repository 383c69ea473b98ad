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

int verify_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	char *snapshots = snapshots_option_of(request, stage_job_config(job));
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
		verifying_tell(r, result);
	free(r);
	free(snapshots);
	return rc;
}
