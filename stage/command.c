#include "stage/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/log.h"
#include "lib/log_limit.h"
#include "stage/answer.h"

#define POLL_MS 200
#define END_MS 5000  /* for a program to end in, once it has closed its streams */
#define GONE_MS 1000 /* for what was killed to be gone */
#define GONE_POLL_MS 10
#define TOLD_MS 100        /* who tells both to end tells one after the other */
#define COMPLAINT_MAX 1000 /* bytes of a line of standard error; what is longer comes in pieces */
#define LINES_A_MINUTE 300 /* of a command, in the log */
#define LAST_READS 4096    /* of what it said before it ended: more than its pipes hold */
#define N_VARIABLES 6

/* One of its streams, cut into lines. */
struct stream {
	int *fd;
	char *line;
	size_t used;
	size_t most;
};

struct talk {
	const struct command *command;
	struct stage_job *job;
	struct child child;
	const char *text; /* what is left of the request */
	struct stream out;
	struct stream errors;
	struct answer answer;
	struct log_limit limit;
	char said[COMPLAINT_MAX + 1]; /* its last line of standard error */
	int64_t began_ms;
	int64_t heard_ms;
	int64_t kill_at_ms; /* 0: it was not asked to end */
	struct error why;   /* it was */
};

/* ---- what it says */

static void complain(struct talk *t, const char *line, size_t len)
{
	char text[COMPLAINT_MAX + 1];

	if (len == 0)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)len, line);
	(void)log_escape(text, t->said, sizeof(t->said));
	if (log_limit_passes(&t->limit, LINES_A_MINUTE, clock_now_ms(), "lines of the command"))
		log_line(LOG_INFO, "%s", t->said);
}

static void hear(struct talk *t, const char *line, size_t len)
{
	struct stage_progress progress;
	char safe[256];
	char text[128];

	switch (answer_take(&t->answer, line, len, &progress)) {
	case ANSWER_PROGRESS:
		stage_job_progress(t->job, &progress);
		break;
	case ANSWER_REPLY:
		break;
	case ANSWER_NEITHER:
		(void)snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : sizeof(text) - 1), line);
		if (len > 0 && log_limit_passes(&t->limit, LINES_A_MINUTE, clock_now_ms(), "lines of the command"))
			log_line(LOG_WARNING, "on standard output, and neither progress nor a reply: %s",
			         log_escape(text, safe, sizeof(safe)));
		break;
	}
}

static void pass_line(struct talk *t, const struct stream *stream, const char *line, size_t len)
{
	if (stream == &t->out)
		hear(t, line, len);
	else
		complain(t, line, len);
}

/* A line without an end, where no more will come. */
static void pass_rest(struct talk *t, struct stream *stream)
{
	if (stream->used > 0)
		pass_line(t, stream, stream->line, stream->used);
	stream->used = 0;
}

/* Reads what is there, and passes on each whole line; at the end of the stream also one without an end. */
static int take(struct talk *t, struct stream *stream, struct error *err)
{
	ssize_t n = read(*stream->fd, stream->line + stream->used, stream->most - stream->used);
	size_t at = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		pass_rest(t, stream);
		child_shut(stream->fd);
		return 0;
	}
	t->heard_ms = clock_now_ms();
	stream->used += (size_t)n;
	for (;;) {
		const char *end = memchr(stream->line + at, '\n', stream->used - at);

		if (end == NULL)
			break;
		pass_line(t, stream, stream->line + at, (size_t)(end - (stream->line + at)));
		at = (size_t)(end - stream->line) + 1;
	}
	memmove(stream->line, stream->line + at, stream->used - at);
	stream->used -= at;
	if (stream->used < stream->most)
		return 0;
	if (stream == &t->out)
		return error_set(err, ERR_PROTOCOL, "%s wrote a line of more than %zu bytes", t->command->argv[0],
		                 stream->most);
	pass_line(t, stream, stream->line, stream->used);
	stream->used = 0;
	return 0;
}

/* ---- while it works */

/* May it go on? If not, it is asked to end, once, and later it is made to. Returns -1 when that time is over. */
static int watch(struct talk *t)
{
	const struct command *command = t->command;
	int64_t now_ms = clock_now_ms();
	char text[DURATION_TEXT_SIZE];

	if (t->kill_at_ms != 0)
		return now_ms < t->kill_at_ms ? 0 : -1;
	if (stage_job_cancelled(t->job))
		(void)error_set(&t->why, ERR_CANCELLED, "%s was told to stop", command->argv[0]);
	else if (command->timeout_ms != 0 && now_ms - t->began_ms >= (int64_t)command->timeout_ms)
		(void)error_set(&t->why, ERR_SYSTEM, "%s took longer than %s (--timeout)", command->argv[0],
		                duration_text(command->timeout_ms, text, sizeof(text)));
	else if (command->silence_ms != 0 && now_ms - t->heard_ms >= (int64_t)command->silence_ms)
		(void)error_set(&t->why, ERR_SYSTEM, "%s said nothing for %s (--silence)", command->argv[0],
		                duration_text(command->silence_ms, text, sizeof(text)));
	else
		return 0;
	child_signal(&t->child, SIGTERM);
	t->kill_at_ms = now_ms + (int64_t)command->grace_ms;
	return 0;
}

/* Until it has ended, and what it said before is heard; what it left running may hold its streams, and say more. Closed streams are no end: it may still read, and work. */
static int converse(struct talk *t, struct error *err)
{
	for (unsigned last = 0; last < LAST_READS;) {
		bool ended = child_has_ended(&t->child);
		struct pollfd fds[] = { { .fd = ended ? -1 : t->child.in_fd, .events = POLLOUT },
			                { .fd = t->child.out_fd, .events = POLLIN },
			                { .fd = t->child.err_fd, .events = POLLIN } };
		int n = poll(fds, 3, ended ? 0 : POLL_MS);

		if (watch(t) != 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "waiting for %s", t->command->argv[0]);
		if (n <= 0 && ended)
			return 0;
		last += ended;
		if (n <= 0)
			continue;
		if (fds[0].revents != 0)
			child_feed(&t->child, &t->text);
		if ((fds[1].revents != 0 && take(t, &t->out, err) != 0) ||
		    (fds[2].revents != 0 && take(t, &t->errors, err) != 0))
			return -1;
	}
	return 0;
}

/* ---- what it is given */

static char *variable(const char *name, const char *value)
{
	char *text = NULL;

	return asprintf(&text, "%s=%s", name, value != NULL ? value : "") >= 0 ? text : NULL;
}

/* What a shell script would have to take out of the JSON. */
static int describe(const struct stage_request *request, char *own[N_VARIABLES], struct error *err)
{
	char attempt[16];

	(void)snprintf(attempt, sizeof(attempt), "%u", stage_request_attempt(request));
	own[0] = variable("AOB_RUN", stage_request_run(request));
	own[1] = variable("AOB_PIPELINE", stage_request_pipeline(request));
	own[2] = variable("AOB_SOURCE", stage_request_source(request));
	own[3] = variable("AOB_SNAPSHOT", stage_request_result_string(request, "snapshot", "path"));
	own[4] = variable("AOB_ATTEMPT", attempt);
	own[5] = variable("AOB_DRY_RUN", stage_request_dry_run(request) ? "1" : "");
	for (size_t i = 0; i < N_VARIABLES; i++)
		if (own[i] == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory for the environment");
	return 0;
}

static char **environment_with(char *own[N_VARIABLES])
{
	size_t n = 0;
	size_t used = 0;
	char **all;

	while (environ[n] != NULL)
		n++;
	all = calloc(n + N_VARIABLES + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < N_VARIABLES; i++)
		all[used++] = own[i];
	/* The first of two with one name counts for some programs, the last for others: there is one. */
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "AOB_", 4) != 0)
			all[used++] = environ[i];
	return all;
}

static int start(struct talk *t, const struct stage_request *request, struct error *err)
{
	char *own[N_VARIABLES] = { NULL };
	char **environment = describe(request, own, err) == 0 ? environment_with(own) : NULL;
	int rc = -1;

	if (environment != NULL)
		rc = child_start_group(&t->child, t->command->argv, environment, err);
	else if (err->class == ERR_NONE)
		(void)error_set(err, ERR_SYSTEM, "out of memory for the environment");
	free(environment);
	for (size_t i = 0; i < N_VARIABLES; i++)
		free(own[i]);
	return rc;
}

/* ---- its end */

static pthread_mutex_t at_work_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct child at_work;                                     /* pid 0: none, or it is being ended */

static void set_at_work(const struct child *child)
{
	(void)pthread_mutex_lock(&at_work_lock);
	at_work = *child;
	(void)pthread_mutex_unlock(&at_work_lock);
}

void command_give_up(void)
{
	(void)pthread_mutex_lock(&at_work_lock);
	child_signal(&at_work, SIGKILL);
	(void)pthread_mutex_unlock(&at_work_lock);
}

/* Behind the program's own end that of its group is waited for: what is killed dies at its own pace, and the next attempt is not to meet it. */
static void end(struct talk *t, bool well)
{
	pid_t group = t->child.pid;
	bool over = t->kill_at_ms != 0 && clock_now_ms() >= t->kill_at_ms;

	if (over)
		child_signal(&t->child, SIGKILL);
	set_at_work(&(struct child){ .pid = 0 }); /* from here on its number may become somebody else's */
	child_end(&t->child, well && !over ? END_MS : 0);
	for (int ms = 0; ms < GONE_MS && (kill(-group, 0) == 0 || errno != ESRCH); ms += GONE_POLL_MS)
		(void)poll(NULL, 0, GONE_POLL_MS);
}

/* Status 0 without a reply is also how many a program ends by SIGTERM. If that came from elsewhere than from watch(), as to all of a unit, it is on its way here as well. */
static bool was_told_to_stop(const struct talk *t)
{
	for (int ms = 0; ms < TOLD_MS && !stage_job_cancelled(t->job); ms += GONE_POLL_MS)
		(void)poll(NULL, 0, GONE_POLL_MS);
	return stage_job_cancelled(t->job);
}

static int run(struct talk *t, const struct stage_request *request, struct stage_result *result, struct error *err)
{
	int rc;

	if (start(t, request, err) != 0)
		return -1;
	set_at_work(&t->child);
	(void)fcntl(t->child.in_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(t->child.out_fd, F_SETFL, O_NONBLOCK);
	t->began_ms = t->heard_ms = clock_now_ms();
	rc = converse(t, err);
	pass_rest(t, &t->out);
	pass_rest(t, &t->errors);
	end(t, rc == 0);
	if (rc == 0 && t->kill_at_ms != 0) {
		*err = t->why;
		rc = -1;
	}
	if (rc == 0)
		rc = answer_judge(&t->answer, t->child.status, t->said, t->command->argv[0], result, err);
	if (rc == 0 && t->answer.reply == NULL && was_told_to_stop(t))
		return error_set(err, ERR_CANCELLED, "%s ended without a reply, and was told to stop",
		                 t->command->argv[0]);
	return rc;
}

int command_run(const struct command *command, struct stage_job *job, const struct stage_request *request,
                struct stage_result *result, struct error *err)
{
	struct talk t = { .command = command, .job = job, .child = { .in_fd = -1, .out_fd = -1, .err_fd = -1 } };
	char *text = NULL;
	int rc = -1;

	if (stage_request_dry_run(request) && !command->dry_run) {
		log_line(LOG_INFO, "a dry run: %s is not started, as --dry-run does not say that it knows what that is",
		         command->argv[0]);
		stage_result_bool(result, "dry_run", true);
		return 0;
	}
	text = stage_request_text(request);
	t.text = text;
	t.out = (struct stream){ &t.child.out_fd, malloc(ANSWER_LINE_MAX), 0, ANSWER_LINE_MAX };
	t.errors = (struct stream){ &t.child.err_fd, malloc(COMPLAINT_MAX), 0, COMPLAINT_MAX };
	if (text == NULL || t.out.line == NULL || t.errors.line == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else
		rc = run(&t, request, result, err);
	answer_done(&t.answer);
	free(t.out.line);
	free(t.errors.line);
	free(text);
	return rc;
}
