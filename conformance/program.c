#include "conformance/program.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE 300000  /* more than a pipe holds */
#define STILL_MS 1000 /* several beats of what is not ended */
#define BEATS_PATH_SIZE 128

static const char plain[] = "#!/bin/sh\n"
                            "cat >/dev/null\n"
                            "echo '{\"note\":\"at work\"}'\n"
                            "exec sleep 1\n";

/* As a shell's echo and Python's print write it. */
static const char unreadable[] = "#!/bin/sh\n"
                                 "cat >/dev/null\n"
                                 "echo \"{'status': 'fail', 'error': {'code': 'refused', 'message': 'no'}}\"\n";

/* That ends by itself, if nobody ends it. */
static const char leaves_a_child[] =
        "#!/bin/sh\n"
        "cat >/dev/null\n"
        "(i=0; while [ $i -lt 200 ] && echo beat >&2; do i=$((i + 1)); sleep 0.2; done) &\n"
        "echo '{\"status\":\"ok\",\"result\":{}}'\n";

/* The child holds the stream, so that it has no end either. */
static const char no_line_end[] =
        "#!/bin/sh\n"
        "cat >/dev/null\n"
        "sleep 20 &\n"
        "printf '{\"status\":\"fail\",\"error\":{\"code\":\"refused\",\"message\":\"no\"}}'\n";

static const char reads_late[] = "#!/bin/sh\n"
                                 "exec >&- 2>&-\n"
                                 "sleep 0.5\n"
                                 "[ \"$(wc -c)\" -gt 300000 ]\n";

/* That beats into a file, and ends by itself if nobody ends it, or its file is gone. */
static const char deaf[] =
        "#!/bin/sh\n"
        "trap '' TERM INT HUP\n"
        "cat >/dev/null\n"
        "exec >\"$0.beats\" 2>&1\n"
        "i=0; while [ $i -lt 600 ] && [ -e \"$0.beats\" ]; do i=$((i + 1)); echo $i; sleep 0.1; done\n";

static int write_program(const char *path, const char *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRWXU);
	size_t len = strlen(text);

	if (fd < 0)
		return error_sys(err, errno, "writing the program %s", path);
	if (write(fd, text, len) != (ssize_t)len) {
		(void)error_sys(err, errno, "writing the program %s", path);
		(void)close(fd);
		return -1;
	}
	return close(fd) == 0 ? 0 : error_sys(err, errno, "writing the program %s", path);
}

int program_write_plain(const char *path, struct error *err)
{
	return write_program(path, plain, err);
}

/* A request with much in it. */
static int give_large(struct bench *bench, const char *tag, struct error *err)
{
	char *text = bench_request(bench, tag, NULL);
	json_t *request = text != NULL ? json_loads(text, 0, NULL) : NULL;
	char *much = malloc(LARGE);
	char *large = NULL;
	int rc = -1;

	if (request != NULL && much != NULL) {
		(void)json_object_set_new(request, "with",
		                          json_pack("{s:s#}", "large", memset(much, 'x', LARGE), LARGE));
		large = json_dumps(request, JSON_COMPACT);
	}
	if (large == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory for the request");
	else
		rc = bench_say(bench, mdp_worker_job(MDPW_REQUEST, tag, large, strlen(large)), err);
	json_decref(request);
	free(large);
	free(much);
	free(text);
	return rc;
}

/* ---- one that is deaf */

static void path_of_beats(const struct bench *bench, char path[BEATS_PATH_SIZE])
{
	(void)snprintf(path, BEATS_PATH_SIZE, "%s.beats", bench->program);
}

static off_t beats(const struct bench *bench)
{
	char path[BEATS_PATH_SIZE];
	struct stat status;

	path_of_beats(bench, path);
	return stat(path, &status) == 0 ? status.st_size : 0;
}

int program_deaf_begin(struct bench *bench, char tag[MDP_TAG_SIZE], struct error *err)
{
	int64_t until_ms = zclock_mono() + CHECKS_SOON_MS;

	bench_new_job(bench, tag);
	if (write_program(bench->program, deaf, err) != 0 || bench_give(bench, tag, err) != 0)
		return -1;
	while (beats(bench) == 0) {
		struct bench_said said;
		int rc = bench_hear(bench, 1u << MDPW_FINAL, 50, &said, err);

		if (rc < 0)
			return -1;
		bench_said_done(&said);
		if (rc > 0)
			return error_set(err, ERR_PROTOCOL, "a FINAL, while its program was at work");
		if (zclock_mono() >= until_ms)
			return error_set(err, ERR_PROTOCOL, "its program was not started within 10 s");
	}
	return 0;
}

bool program_deaf_lives(const struct bench *bench)
{
	off_t before = beats(bench);

	zclock_sleep(STILL_MS);
	return beats(bench) != before;
}

void program_deaf_end(struct bench *bench)
{
	struct error err;
	char path[BEATS_PATH_SIZE];

	path_of_beats(bench, path);
	(void)unlink(path);
	(void)program_write_plain(bench->program, &err); /* if it can't, the next check says so */
}

/* ---- */

/* A job by that program. Returns as bench_final. */
static int done_by(struct bench *bench, const char *text, bool large, struct reply_final *final, struct error *err)
{
	char tag[MDP_TAG_SIZE];
	struct error put_back;
	int rc = write_program(bench->program, text, err);

	bench_new_job(bench, tag);
	if (rc == 0)
		rc = large ? give_large(bench, tag, err) : bench_give(bench, tag, err);
	if (rc == 0)
		rc = bench_final(bench, tag, CHECKS_SOON_MS, final, err);
	if (rc > 0)
		free(final->result_json);
	if (program_write_plain(bench->program, &put_back) != 0 && rc >= 0) {
		*err = put_back;
		rc = -1;
	}
	return rc;
}

static enum check_outcome no_program(struct error *err)
{
	return checks_not_tried(err, PROGRAM_NONE);
}

/* What is to end well. */
static enum check_outcome ends_well(struct bench *bench, const char *text, bool large, const char *what,
                                    struct error *err)
{
	struct reply_final final;
	int rc = done_by(bench, text, large, &final, err);

	if (rc == 0)
		(void)error_set(err, ERR_PROTOCOL, "%s, and no FINAL came within 10 s", what);
	else if (rc > 0 && final.status != REPLY_OK)
		(void)error_set(err, ERR_PROTOCOL, "%s, and its FINAL says %s: %s", what, error_code(final.error.class),
		                final.error.text);
	else if (rc > 0)
		return CHECK_OK;
	return CHECK_FAILED;
}

/* What must be no ok. */
static enum check_outcome is_no_ok(struct bench *bench, const char *text, const char *what, struct error *err)
{
	struct reply_final final;
	int rc = done_by(bench, text, false, &final, err);

	if (rc == 0)
		(void)error_set(err, ERR_PROTOCOL, "%s, and no FINAL came within 10 s", what);
	else if (rc > 0 && final.status == REPLY_OK)
		(void)error_set(err, ERR_PROTOCOL, "%s, exit status 0, was taken for an ok", what);
	else if (rc > 0)
		return CHECK_OK;
	return CHECK_FAILED;
}

enum check_outcome program_unreadable(struct bench *bench, struct error *err)
{
	if (bench->program == NULL)
		return no_program(err);
	return is_no_ok(bench, unreadable, "a \"fail\" in single quotes", err);
}

enum check_outcome program_leaves_a_child(struct bench *bench, struct error *err)
{
	enum check_outcome outcome;

	if (bench->program == NULL)
		return no_program(err);
	outcome = ends_well(bench, leaves_a_child, false,
	                    "its program has ended, and a child of that goes on to say something", err);
	return outcome == CHECK_OK ? is_no_ok(bench, no_line_end,
	                                      "a \"fail\" whose line has no end, while a child holds the stream", err)
	                           : outcome;
}

enum check_outcome program_reads_late(struct bench *bench, struct error *err)
{
	if (bench->program == NULL)
		return no_program(err);
	return ends_well(bench, reads_late, true, "its program reads a request of 300 KB late, with its streams closed",
	                 err);
}
