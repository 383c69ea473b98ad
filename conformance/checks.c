#include "conformance/checks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/ends.h"
#include "conformance/program.h"

#define READY_MS 60000
#define GAP_MAX_MS 5000 /* two intervals: a heartbeat that is a little late is none that is missing */
#define LONG_MS 6000    /* a job of at least so long shows whether heartbeats go on */
#define BACK_MS 45000   /* a worker that waits up to 32 s before it tries again */
#define A_SECOND CHECKS_SECOND_MS

static enum check_outcome failed(void)
{
	return CHECK_FAILED;
}

enum check_outcome checks_outcome(int rc)
{
	return rc == 0 ? CHECK_OK : CHECK_FAILED;
}

enum check_outcome checks_not_tried(struct error *err, const char *why)
{
	(void)error_set(err, ERR_REFUSED, "%s", why);
	return CHECK_NOT_TRIED;
}

static void end_stage(struct bench *bench)
{
	int status;

	if (bench->child.pid > 0)
		bench_stop(bench, SIGKILL, 5000, &status);
}

int checks_fresh(struct bench *bench, struct error *err)
{
	end_stage(bench);
	bench_close(bench);
	if (bench_open(bench, err) != 0 || bench_start(bench, err) != 0)
		return -1;
	return bench_ready(bench, bench->argv != NULL ? READY_MS : BACK_MS, err);
}

int checks_do_job(struct bench *bench, const char *tag, const char *what, struct error *err)
{
	struct reply_final final = { .result_json = NULL };
	int rc = bench_final(bench, tag, (int64_t)bench->job_ms, &final, err);

	if (rc < 0)
		return error_prefix(err, "%s", what);
	if (rc == 0)
		return error_set(err, ERR_PROTOCOL, "%s: no FINAL within %llu s", what,
		                 (unsigned long long)bench->job_ms / 1000);
	if (final.status == REPLY_OK) {
		free(final.result_json);
		return 0;
	}
	return error_set(err, ERR_PROTOCOL, "%s: it ended with %s: %s", what, error_code(final.error.class),
	                 final.error.text);
}

static int whole_job(struct bench *bench, const char *what, struct error *err)
{
	char tag[MDP_TAG_SIZE];

	bench_new_job(bench, tag);
	return bench_give(bench, tag, err) == 0 ? checks_do_job(bench, tag, what, err) : -1;
}

int checks_job_takes(struct bench *bench, int64_t *ms, struct error *err)
{
	int64_t began_ms = zclock_mono();
	int rc = whole_job(bench, "a job", err);

	*ms = zclock_mono() - began_ms;
	return rc;
}

enum check_outcome checks_give_long_job(struct bench *bench, char tag[MDP_TAG_SIZE], int64_t *ms, struct error *err)
{
	if (checks_job_takes(bench, ms, err) != 0)
		return failed();
	if (*ms < A_SECOND)
		return checks_not_tried(err, "the job takes less than 1 s");
	bench_new_job(bench, tag);
	if (bench_give(bench, tag, err) != 0)
		return failed();
	zclock_sleep(CHECKS_BEGUN_MS);
	return CHECK_OK;
}

/* ---- the checks */

static enum check_outcome heartbeats(struct bench *bench, struct error *err)
{
	struct bench_said said;
	unsigned readies = bench->readies;
	int rc;

	bench_gap_begin(bench);
	rc = bench_hear(bench, 1u << MDPW_READY | 1u << MDPW_DISCONNECT, 9000, &said, err);
	if (rc < 0)
		return failed();
	bench_said_done(&said);
	if (rc > 0)
		return checks_outcome(error_set(err, ERR_PROTOCOL,
		                                bench->readies != readies
		                                        ? "READY came again, though the broker was there"
		                                        : "DISCONNECT, though nobody had asked it to end"));
	if (bench->gap_ms > GAP_MAX_MS)
		return checks_outcome(error_set(err, ERR_PROTOCOL,
		                                "at rest it said nothing for %lld ms; every %d ms is wanted",
		                                (long long)bench->gap_ms, MDP_HEARTBEAT_MS));
	return CHECK_OK;
}

static enum check_outcome a_job(struct bench *bench, struct error *err)
{
	return checks_outcome(whole_job(bench, "a job", err));
}

static enum check_outcome jobs_in_turn(struct bench *bench, struct error *err)
{
	return checks_outcome(whole_job(bench, "the first", err) == 0 && whole_job(bench, "the second", err) == 0 ? 0
	                                                                                                          : -1);
}

static enum check_outcome asked_again(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	int rc;

	bench_new_job(bench, tag);
	rc = bench_give(bench, tag, err) == 0 ? checks_do_job(bench, tag, "the first attempt", err) : -1;
	if (rc == 0) {
		bench_next_attempt(tag);
		rc = bench_give(bench, tag, err) == 0 ? checks_do_job(bench, tag, "the same run, asked again", err)
		                                      : -1;
	}
	return checks_outcome(rc);
}

static enum check_outcome unknown_keys(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	char *text;
	int rc = -1;

	bench_new_job(bench, tag);
	text = bench_request(bench, tag, "a-key-of-a-later-version");
	if (text == NULL)
		return checks_outcome(error_set(err, ERR_SYSTEM, "out of memory"));
	if (bench_say(bench, mdp_worker_job(MDPW_REQUEST, tag, text, strlen(text)), err) == 0)
		rc = checks_do_job(bench, tag, "a request with a key that it does not know", err);
	free(text);
	return checks_outcome(rc);
}

static enum check_outcome progress(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	int64_t began_ms = zclock_mono();
	unsigned n = 0;

	bench_new_job(bench, tag);
	if (bench_give(bench, tag, err) != 0)
		return failed();
	for (;;) {
		struct bench_said said;
		int64_t gone_ms = zclock_mono() - began_ms;
		int rc = bench_hear(bench, 1u << MDPW_PARTIAL | 1u << MDPW_FINAL, (int64_t)bench->job_ms, &said, err);
		bool other = rc > 0 && strcmp(said.tag, tag) != 0;

		if (rc > 0)
			bench_said_done(&said);
		if (rc <= 0 || other)
			return checks_outcome(
			        rc < 0  ? -1
			        : other ? error_set(err, ERR_PROTOCOL, "it says something of %s", said.tag)
			                : error_set(err, ERR_PROTOCOL, "no FINAL came"));
		if (said.command == MDPW_FINAL)
			break;
		if (++n > 5 && (int64_t)n * A_SECOND > (gone_ms + A_SECOND) * 4)
			return checks_outcome(error_set(err, ERR_PROTOCOL,
			                                "%u PARTIALs within %lld ms; two a second are wanted", n,
			                                (long long)gone_ms));
	}
	return n > 0 ? CHECK_OK : checks_not_tried(err, "it told no progress; it need not");
}

static enum check_outcome busy_heartbeats(struct bench *bench, struct error *err)
{
	int64_t ms = 0;

	bench_gap_begin(bench);
	if (checks_job_takes(bench, &ms, err) != 0)
		return failed();
	if (ms < LONG_MS)
		return checks_not_tried(err, "the job takes less than 6 s");
	if (bench->gap_ms > GAP_MAX_MS)
		return checks_outcome(error_set(err, ERR_PROTOCOL,
		                                "with a job in hand it said nothing for %lld ms; every %d ms is wanted",
		                                (long long)bench->gap_ms, MDP_HEARTBEAT_MS));
	return CHECK_OK;
}

static int refused(struct bench *bench, const char *body, const char *what, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	struct reply_final final = { .result_json = NULL };
	int rc;

	bench_new_job(bench, tag);
	rc = bench_say(bench, mdp_worker_job(MDPW_REQUEST, tag, body, strlen(body)), err);
	if (rc == 0)
		rc = bench_final(bench, tag, CHECKS_SOON_MS, &final, err);
	if (rc < 0)
		return error_prefix(err, "%s", what);
	if (rc == 0)
		return error_set(err, ERR_PROTOCOL, "%s was not answered", what);
	free(final.result_json);
	return final.status == REPLY_OK ? error_set(err, ERR_PROTOCOL, "%s was taken for a job", what) : 0;
}

static enum check_outcome bad_input(struct bench *bench, struct error *err)
{
	if (refused(bench, "{\"v\":1", "a request that is cut off", err) != 0 ||
	    refused(bench, "[]", "a request that is no object", err) != 0 ||
	    refused(bench, "{\"v\":1}", "a request without a run", err) != 0)
		return failed();
	return checks_outcome(whole_job(bench, "a job after requests that were none", err));
}

static int cancel_nobodys(struct bench *bench, struct error *err)
{
	static const char no_job[] = "{\"v\":1,\"cancel\":\"nobody-has-this/1\"}";

	return bench_say(bench, mdp_worker_job(MDPW_REQUEST, "nobody-has-this/1#1", no_job, strlen(no_job)), err);
}

static enum check_outcome noise(struct bench *bench, struct error *err)
{
	zmsg_t *unknown = zmsg_new();
	zmsg_t *foreign = zmsg_new();
	zmsg_t *short_one = zmsg_new();

	(void)zmsg_addstr(unknown, MDP_WORKER);
	(void)zmsg_addmem(unknown, "\x09", 1);
	(void)zmsg_addstr(foreign, "MDPX99");
	(void)zmsg_addmem(foreign, "\x02", 1);
	(void)zmsg_addstr(short_one, MDP_WORKER);
	(void)zmsg_addmem(short_one, "\x02", 1);
	if (bench_say(bench, unknown, err) != 0 || bench_say(bench, foreign, err) != 0 ||
	    bench_say(bench, short_one, err) != 0)
		return failed();
	if (bench->ready.can_cancel && cancel_nobodys(bench, err) != 0)
		return failed();
	return checks_outcome(whole_job(bench, "a job after messages that say nothing", err));
}

static enum check_outcome second_while_busy(struct bench *bench, struct error *err)
{
	char first[MDP_TAG_SIZE];
	char second[MDP_TAG_SIZE];
	struct bench_said said;
	struct reply_final final = { .result_json = NULL };
	bool retry;
	int rc;

	bench_new_job(bench, first);
	bench_new_job(bench, second);
	if (bench_give(bench, first, err) != 0 || bench_give(bench, second, err) != 0)
		return failed();
	rc = bench_hear(bench, 1u << MDPW_FINAL, (int64_t)bench->job_ms, &said, err);
	if (rc <= 0)
		return checks_outcome(rc == 0 ? error_set(err, ERR_PROTOCOL, "neither of two jobs was answered") : -1);
	if (strcmp(said.tag, first) == 0) {
		bench_said_done(&said);
		rc = bench_final(bench, second, (int64_t)bench->job_ms, &final, err);
		free(final.result_json);
		return rc > 0 ? checks_not_tried(err, "the job had ended before the second one came")
		              : checks_outcome(rc == 0 ? error_set(err, ERR_PROTOCOL, "the second job was swallowed")
		                                       : -1);
	}
	rc = strcmp(said.tag, second) == 0
	             ? reply_final_parse(zframe_data(said.body), zframe_size(said.body), &final, err)
	             : error_set(err, ERR_PROTOCOL, "FINAL of %s, which nobody gave", said.tag);
	bench_said_done(&said);
	if (rc != 0)
		return failed();
	retry = final.status == REPLY_RETRY;
	free(final.result_json);
	if (!retry)
		return checks_outcome(
		        error_set(err, ERR_PROTOCOL, "a second job, while it had one, is to be answered by \"retry\""));
	return checks_outcome(checks_do_job(bench, first, "the first job", err));
}

static enum check_outcome cancelled(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	char job[MDP_JOB_SIZE];
	char body[MDP_JOB_SIZE + 32];
	struct reply_final final = { .result_json = NULL };
	unsigned attempt;
	int64_t ms = 0;
	int rc;

	if (!bench->ready.can_cancel)
		return checks_not_tried(err, "it does not say that it can be cancelled");
	if (checks_job_takes(bench, &ms, err) != 0)
		return failed();
	bench_new_job(bench, tag);
	(void)mdp_tag_parse(tag, job, &attempt);
	(void)snprintf(body, sizeof(body), "{\"v\":1,\"cancel\":\"%s\"}", job);
	rc = bench_give(bench, tag, err);
	zclock_sleep(CHECKS_BEGUN_MS);
	if (rc == 0)
		rc = bench_say(bench, mdp_worker_job(MDPW_REQUEST, tag, body, strlen(body)), err);
	if (rc == 0)
		rc = bench_final(bench, tag, CHECKS_SOON_MS, &final, err);
	if (rc <= 0)
		return checks_outcome(rc == 0 ? error_set(err, ERR_PROTOCOL, "cancelled, and no FINAL within 10 s")
		                              : -1);
	free(final.result_json);
	if (final.status == REPLY_OK && ms > CHECKS_SHORT_MS)
		return checks_outcome(
		        error_set(err, ERR_PROTOCOL, "cancelled at its beginning, and it went on to its end"));
	if (final.status != REPLY_OK && final.error.class != ERR_CANCELLED)
		return checks_outcome(error_set(err, ERR_PROTOCOL, "cancelled, and it says \"%s\": %s",
		                                error_code(final.error.class), final.error.text));
	if (whole_job(bench, "a job after a cancelled one", err) != 0)
		return failed();
	return final.status == REPLY_OK ? checks_not_tried(err, "the job takes less than 3 s, and had ended")
	                                : CHECK_OK;
}

static enum check_outcome cancel_of_another(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	enum check_outcome begun;
	int64_t ms;

	if (!bench->ready.can_cancel)
		return checks_not_tried(err, "it does not say that it can be cancelled");
	begun = checks_give_long_job(bench, tag, &ms, err);
	if (begun != CHECK_OK)
		return begun;
	if (cancel_nobodys(bench, err) != 0)
		return failed();
	return checks_outcome(checks_do_job(bench, tag, "a job, and meanwhile a cancel of another one", err));
}

static enum check_outcome higher_attempt(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	enum check_outcome begun;
	int64_t ms;

	if (!bench->told_ready)
		return checks_not_tried(err, "its READY has no JSON: a plain worker need not");
	begun = checks_give_long_job(bench, tag, &ms, err);
	if (begun != CHECK_OK)
		return begun;
	bench_next_attempt(tag);
	if (bench_give(bench, tag, err) != 0)
		return failed();
	return checks_outcome(
	        checks_do_job(bench, tag, "the job that it has in hand, given with a higher attempt", err));
}

/* The broker is gone, and comes back. */
static int come_back(struct bench *bench, struct error *err)
{
	bench_close(bench);
	zclock_sleep(A_SECOND);
	return bench_open(bench, err) == 0 ? bench_ready(bench, BACK_MS, err) : -1;
}

static enum check_outcome broker_lost(struct bench *bench, struct error *err)
{
	if (come_back(bench, err) != 0)
		return failed();
	if (bench->ready.n_tags > 1 ||
	    (bench->ready.n_tags == 1 && strcmp(bench->ready.tags[0], bench->last_done) != 0))
		return checks_outcome(error_set(err, ERR_PROTOCOL, "READY names a job in hand, where there is none"));
	return checks_outcome(whole_job(bench, "a job of the broker that came back", err));
}

static enum check_outcome broker_lost_in_a_job(struct bench *bench, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	int64_t ms = 0;

	if (!bench->told_ready)
		return checks_not_tried(err, "its READY has no JSON: a plain worker gives a job up");
	if (checks_job_takes(bench, &ms, err) != 0)
		return failed();
	if (ms < LONG_MS)
		return checks_not_tried(err, "the job takes less than 6 s");
	bench_new_job(bench, tag);
	if (bench_give(bench, tag, err) != 0)
		return failed();
	zclock_sleep(A_SECOND);
	if (come_back(bench, err) != 0)
		return failed();
	if (bench->ready.n_tags != 1 || strcmp(bench->ready.tags[0], tag) != 0)
		return checks_outcome(error_set(err, ERR_PROTOCOL,
		                                "with a job in hand, READY does not name it: it would be done twice"));
	return checks_outcome(checks_do_job(bench, tag, "the job that it had in hand", err));
}

static enum check_outcome broker_silent(struct bench *bench, struct error *err)
{
	struct bench_said said;
	int rc;

	bench->silent = true;
	rc = bench_hear(bench, 1u << MDPW_READY, MDP_EXPIRY_MS + 8000, &said, err);
	bench->silent = false;
	if (rc > 0)
		bench_said_done(&said);
	if (rc == 0)
		(void)error_set(err, ERR_PROTOCOL, "the broker said nothing for 18 s, and it did not connect anew");
	return checks_outcome(rc > 0 ? whole_job(bench, "a job after that", err) : -1);
}

static enum check_outcome sent_away(struct bench *bench, struct error *err)
{
	struct bench_said said;
	unsigned first;
	int rc = bench_say(bench, mdp_worker_message(MDPW_DISCONNECT), err);

	if (rc != 0 || bench_ready(bench, CHECKS_SOON_MS, err) != 0)
		return failed();
	/* Again and again: it must not become a storm. */
	first = bench->readies;
	for (int64_t until_ms = zclock_mono() + 5 * A_SECOND; zclock_mono() < until_ms;) {
		if (bench_say(bench, mdp_worker_message(MDPW_DISCONNECT), err) != 0)
			error_clear(err); /* it has closed its socket already */
		rc = bench_hear(bench, 1u << MDPW_READY, until_ms - zclock_mono(), &said, err);
		if (rc < 0)
			return failed();
		bench_said_done(&said);
	}
	if (bench->readies - first > 5)
		return checks_outcome(
		        error_set(err, ERR_PROTOCOL,
		                  "sent away each time, it came back %u times within 5 s; a growing pause is wanted",
		                  bench->readies - first));
	if (bench->readies == first || rc == 0)
		if (bench_ready(bench, BACK_MS, err) != 0)
			return failed();
	return checks_outcome(whole_job(bench, "a job after that", err));
}

const struct check *checks_all(size_t *n)
{
	static const struct check all[] = {
		{ "job", "a job is done, and its FINAL bears its tag", false, a_job },
		{ "jobs-in-turn", "after FINAL it takes the next one", false, jobs_in_turn },
		{ "asked-again", "the same run, asked again, ends well again", false, asked_again },
		{ "unknown-keys", "keys that it does not know are passed over", false, unknown_keys },
		{ "progress", "PARTIALs have their form, and are not too many", false, progress },
		{ "bad-input", "a request that is none is refused, and it lives on", false, bad_input },
		{ "noise", "messages that say nothing are passed over", false, noise },
		{ "second-job", "a second job while it has one is refused for now", false, second_while_busy },
		{ "higher-attempt", "the job that it has, with a higher attempt, is the same work", false,
		  higher_attempt },
		{ "cancel", "a cancelled job stops soon", false, cancelled },
		{ "cancel-of-another", "a cancel of a job that it does not have is passed over", false,
		  cancel_of_another },
		{ "heartbeats", "it says every 2.5 s that it is there", false, heartbeats },
		{ "heartbeats-in-a-job", "also while a job is done", false, busy_heartbeats },
		{ "broker-silent", "a broker that says nothing for 10 s is gone: it connects anew", false,
		  broker_silent },
		{ "broker-restarted", "it comes to the broker that comes back", false, broker_lost },
		{ "broker-restarted-in-a-job", "with its job in hand", false, broker_lost_in_a_job },
		{ "sent-away", "after DISCONNECT it comes back, and is no storm", false, sent_away },
		{ "program-unreadable", "by {program}: a reply that can't be read is no ok", false,
		  program_unreadable },
		{ "program-leaves-a-child", "it has ended, though what it started says more", false,
		  program_leaves_a_child },
		{ "program-reads-late", "it gets all of a large request, whenever it reads", false,
		  program_reads_late },
		{ "killed", "the run in which it was killed is gone on with", false, ends_killed },
		{ "told-to-end-in-a-job", "SIGTERM in a job gives that back, soon", true, ends_told_in_a_job },
		{ "program-told-to-end", "by {program}: SIGTERM, and one deaf to that is gone first", true,
		  ends_told_with_a_program },
		{ "told-to-end", "SIGTERM: DISCONNECT, and exit status 0", true, ends_told },
	};

	*n = sizeof(all) / sizeof(all[0]);
	return all;
}
