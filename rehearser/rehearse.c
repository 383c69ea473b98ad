#include "rehearser/rehearse.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/log.h"
#include "wire/rehearsing.h"

static int asked_to_stop(void *context, struct error *err)
{
	return stage_job_cancelled(context) ? error_set(err, ERR_CANCELLED, "the rehearser was asked to stop") : 0;
}

static void show(void *context, uint64_t done, uint64_t total, const char *note)
{
	struct stage_progress progress = { .done_bytes = done, .total_bytes = total, .eta_s = -1 };

	(void)snprintf(progress.note, sizeof(progress.note), "%s", note);
	stage_job_progress(context, &progress);
}

static void log_wrongs(const struct rehearsing_result *r)
{
	for (size_t i = 0; i < r->n_wrongs; i++)
		log_line(LOG_ERR, "generation %s: %s%s%s", r->generation, r->wrongs[i].path,
		         *r->wrongs[i].path != '\0' ? ": " : "", r->wrongs[i].reason);
}

/* What the broker gives: how much, and where something was wrong last time, the same sample once more, and in any case what was wrong. */
static int read_wish(const struct stage_request *request, struct rehearsing *rehearsing, struct error *err)
{
	int64_t most_bytes = (int64_t)REHEARSING_MOST_BYTES;
	const char *const *again = NULL;
	const char *seed = NULL;

	if (stage_request_with_integer(request, "most_bytes", &most_bytes, err) != 0 ||
	    stage_request_with_string(request, "seed", &seed, err) != 0 ||
	    stage_request_with_strings(request, "again", &again, err) != 0)
		return -1;
	rehearsing->most_bytes = most_bytes > 0 ? (uint64_t)most_bytes : 0;
	for (; again != NULL && *again != NULL; again++)
		(void)rehearsing_again(rehearsing, *again);
	if ((seed == NULL || !rehearsing_seed(rehearsing, seed)) &&
	    getrandom(&rehearsing->seed, sizeof(rehearsing->seed), 0) != (ssize_t)sizeof(rehearsing->seed))
		return error_set(err, ERR_SYSTEM, "no random number");
	return 0;
}

int rehearse_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err)
{
	struct rehearsing rehearsing = { .vault = stage_request_vault(request),
		                         .pipeline = stage_request_pipeline(request),
		                         .progress = show,
		                         .asked_to_stop = asked_to_stop,
		                         .context = job };
	struct rehearsing_result *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = read_wish(request, &rehearsing, err);
	if (rc == 0)
		rc = rehearsing_run(&rehearsing, r, err);
	if (rc == 0) {
		log_wrongs(r);
		rehearsing_tell(r, result);
		rehearsing_done(r);
	} else if (err->class == ERR_SPACE) {
		err->class = ERR_REFUSED;
	}
	free(r);
	return rc;
}
