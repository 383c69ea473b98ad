#include "conformance/ends.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "conformance/program.h"

#define END_MS 20000 /* with a job in hand; its program may have 10 s to end in */

enum check_outcome ends_killed(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	int status;

	if (bench->argv == NULL)
		return checks_not_tried(err, "the stage was not started here");
	bench_new_job(bench, tag);
	if (bench_give(bench, tag, err) != 0)
		return CHECK_FAILED;
	zclock_sleep(200);
	bench_stop(bench, SIGKILL, 5000, &status);
	if (checks_fresh(bench, err) != 0)
		return CHECK_FAILED;
	bench_next_attempt(tag);
	if (bench_give(bench, tag, err) != 0)
		return CHECK_FAILED;
	return checks_outcome(checks_do_job(bench, tag, "the run in which it was killed, asked again", err));
}

/* It has said DISCONNECT, and is to end. */
static enum check_outcome ended(struct bench *bench, struct error *err)
{
	int status = 0;

	bench_stop(bench, 0, CHECKS_SOON_MS, &status);
	if (status == -1)
		return checks_outcome(error_set(err, ERR_PROTOCOL, "it did not end within 10 s of DISCONNECT"));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return checks_outcome(error_set(err, ERR_PROTOCOL, "SIGTERM, and it ended with %s %d, not with 0",
		                                WIFEXITED(status) ? "status" : "signal",
		                                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
	return CHECK_OK;
}

static void end_now(struct bench *bench)
{
	int status;

	bench_stop(bench, SIGKILL, 5000, &status);
}

enum check_outcome ends_told(struct bench *bench, struct error *err)
{
	struct bench_said said;
	int rc;

	if (bench->argv == NULL)
		return checks_not_tried(err, "the stage was not started here");
	child_signal(&bench->child, SIGTERM);
	rc = bench_hear(bench, 1u << MDPW_DISCONNECT, CHECKS_SOON_MS, &said, err);
	if (rc > 0) {
		bench_said_done(&said);
		return ended(bench, err);
	}
	end_now(bench);
	return checks_outcome(rc == 0 ? error_set(err, ERR_PROTOCOL, "SIGTERM, and no DISCONNECT within 10 s") : -1);
}

/* A FINAL behind SIGTERM: of what was done by then, or to be tried again; one that ends the run would do so at each restart of a service. */
static int judge(const struct bench_said *said, const char *tag, int64_t takes_ms, struct error *err)
{
	struct reply_final final = { .result_json = NULL };

	if (strcmp(said->tag, tag) != 0)
		return error_set(err, ERR_PROTOCOL, "FINAL with the tag %s, where %s was given", said->tag, tag);
	if (reply_final_parse(zframe_data(said->body), zframe_size(said->body), &final, err) != 0)
		return -1;
	free(final.result_json);
	if (final.status == REPLY_OK && takes_ms > CHECKS_SHORT_MS)
		return error_set(err, ERR_PROTOCOL,
		                 "SIGTERM at the beginning of its job, and it went on to the end of that");
	if (final.status == REPLY_FAIL)
		return error_set(err, ERR_PROTOCOL,
		                 "SIGTERM, and it says that the job has failed (\"%s\"), which ends the run; "
		                 "DISCONNECT alone gives it back",
		                 error_code(final.error.class));
	return 0;
}

/* It has a job in hand, is told to end, and says good-bye. deaf: that job's program does not end by itself, and must not work any more when the job is given back: the next attempt would work
 * beside it. */
static enum check_outcome tell(struct bench *bench, const char *tag, int64_t takes_ms, bool deaf, struct error *err)
{
	struct bench_said said = { .body = NULL };
	int64_t until_ms = zclock_mono() + END_MS;
	bool again; /* what it may say once more */
	int rc;

	child_signal(&bench->child, SIGTERM);
	for (;;) {
		rc = bench_hear(bench, 1u << MDPW_FINAL | 1u << MDPW_DISCONNECT, until_ms - zclock_mono(), &said, err);
		again = rc > 0 && said.command == MDPW_FINAL && strcmp(said.tag, bench->last_done) == 0;
		if (rc > 0 && !again && deaf && program_deaf_lives(bench))
			rc = error_set(err, ERR_PROTOCOL,
			               "SIGTERM, and it gave the job back while its program still worked on that");
		if (rc > 0 && said.command == MDPW_DISCONNECT) {
			bench_said_done(&said);
			return ended(bench, err);
		}
		if (rc > 0 && !again && judge(&said, tag, takes_ms, err) != 0)
			rc = -1;
		if (rc <= 0)
			break;
		bench_said_done(&said);
	}
	bench_said_done(&said);
	end_now(bench);
	return checks_outcome(rc == 0 ? error_set(err, ERR_PROTOCOL, "SIGTERM in a job, and no DISCONNECT within 20 s")
	                              : -1);
}

enum check_outcome ends_told_in_a_job(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	enum check_outcome begun;
	int64_t ms;

	if (bench->argv == NULL)
		return checks_not_tried(err, "the stage was not started here");
	begun = checks_give_long_job(bench, tag, &ms, err);
	return begun == CHECK_OK ? tell(bench, tag, ms, false, err) : begun;
}

enum check_outcome ends_told_with_a_program(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	enum check_outcome outcome = CHECK_FAILED;

	if (bench->program == NULL)
		return checks_not_tried(err, PROGRAM_NONE);
	if (program_deaf_begin(bench, tag, err) == 0)
		outcome = tell(bench, tag, PROGRAM_DEAF_MS, true, err);
	program_deaf_end(bench);
	return outcome;
}
