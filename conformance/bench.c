#include "conformance/bench.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/log.h"
#include "lib/run_name.h"

#define POLL_MS 100
#define A_SECOND_MS 1000

void bench_said_done(struct bench_said *said)
{
	zframe_destroy(&said->body);
}

int bench_open(struct bench *bench, struct error *err)
{
	bench->socket = zsock_new(ZMQ_ROUTER);
	if (bench->socket == NULL)
		return error_sys(err, errno, "making a socket");
	mdp_socket_limits(bench->socket);
	if (zsock_bind(bench->socket, "%s", bench->endpoint) < 0) {
		int sys = errno;

		zsock_destroy(&bench->socket);
		return error_sys(err, sys, "binding %s", bench->endpoint);
	}
	bench->readies = 0;
	bench->silent = false;
	bench->beat_ms = 0;
	bench_gap_begin(bench);
	return 0;
}

void bench_close(struct bench *bench)
{
	if (bench->socket != NULL)
		zsock_set_linger(bench->socket, 0);
	zsock_destroy(&bench->socket);
	zframe_destroy(&bench->identity);
}

int bench_start(struct bench *bench, struct error *err)
{
	if (bench->argv == NULL)
		return 0;
	if (child_start_group(&bench->child, bench->argv, NULL, err) != 0)
		return -1;
	bench->words[0] = '\0';
	(void)close(bench->child.in_fd);
	bench->child.in_fd = -1;
	return 0;
}

/* So that a stage that says much never waits for us. */
static void drain(struct bench *bench)
{
	int fds[] = { bench->child.out_fd, bench->child.err_fd };
	char text[4096];

	for (size_t i = 0; bench->child.pid > 0 && i < 2; i++) {
		struct pollfd item = { .fd = fds[i], .events = POLLIN };
		ssize_t n = fds[i] >= 0 && poll(&item, 1, 0) == 1 ? read(fds[i], text, sizeof(text)) : 0;

		if (n <= 0)
			continue;
		log_trace("stage", "%.*s", (int)n, text);
		while (n > 0 && text[n - 1] == '\n')
			n--;
		if (i == 1 && n > 0) {
			const char *line = memrchr(text, '\n', (size_t)n);

			line = line != NULL ? line + 1 : text;
			(void)snprintf(bench->words, sizeof(bench->words), "%.*s", (int)(text + n - line), line);
		}
	}
}

void bench_stop(struct bench *bench, int number, int64_t wait_ms, int *status)
{
	int64_t until_ms = zclock_mono() + wait_ms;

	*status = -1;
	if (bench->child.pid == 0)
		return;
	child_signal(&bench->child, number);
	while (!child_has_ended(&bench->child) && zclock_mono() < until_ms) {
		drain(bench);
		zclock_sleep(20);
	}
	if (child_has_ended(&bench->child)) {
		child_end(&bench->child, 1000);
		*status = bench->child.status;
	} else {
		child_signal(&bench->child, SIGKILL);
		child_end(&bench->child, 5000);
	}
}

void bench_gap_begin(struct bench *bench)
{
	bench->gap_ms = 0;
	bench->heard_ms = zclock_mono();
}

int bench_say(struct bench *bench, zmsg_t *msg, struct error *err)
{
	zframe_t *identity = bench->identity != NULL ? zframe_dup(bench->identity) : NULL;

	if (identity == NULL) {
		zmsg_destroy(&msg);
		return error_set(err, ERR_PROTOCOL, "no worker is there to say something to");
	}
	(void)zmsg_prepend(msg, &identity);
	bench->beat_ms = zclock_mono() + MDP_HEARTBEAT_MS;
	return mdp_send(bench->socket, true, &msg, err);
}

/* ---- what it says */

static int take_ready(struct bench *bench, zmsg_t *msg, zframe_t **identity, struct error *err)
{
	zframe_t *service = zmsg_next(msg);
	zframe_t *json = zmsg_next(msg);
	char name[CONFIG_NAME_MAX + 1];

	if (mdp_frame_text(service, name, sizeof(name)) != 0)
		return error_set(err, ERR_PROTOCOL, "READY names no service");
	if (bench->service != NULL && strcmp(bench->service, name) != 0)
		return error_set(err, ERR_PROTOCOL, "READY is for the service \"%s\", not \"%s\"", name,
		                 bench->service);
	if (zmsg_next(msg) != NULL)
		return error_set(err, ERR_PROTOCOL, "READY has more than one frame behind the service");
	bench->told_ready = json != NULL;
	bench->ready = (struct reply_ready){ .n_tags = 0 };
	if (json != NULL && reply_ready_parse(zframe_data(json), zframe_size(json), &bench->ready, err) != 0)
		return -1;
	(void)snprintf(bench->known_service, sizeof(bench->known_service), "%s", name);
	zframe_destroy(&bench->identity);
	bench->identity = *identity;
	*identity = NULL;
	bench->readies++;
	return 0;
}

static int take_answer(zmsg_t *msg, const char *what, struct bench_said *said, struct error *err)
{
	zframe_t *tag = zmsg_next(msg);
	zframe_t *empty = zmsg_next(msg);
	zframe_t *body = zmsg_next(msg);

	if (mdp_frame_text(tag, said->tag, sizeof(said->tag)) != 0)
		return error_set(err, ERR_PROTOCOL, "%s without the tag of its REQUEST", what);
	if (empty == NULL || zframe_size(empty) != 0)
		return error_set(err, ERR_PROTOCOL, "%s without an empty frame behind the tag", what);
	if (body == NULL || zmsg_next(msg) != NULL)
		return error_set(err, ERR_PROTOCOL, "%s wants one frame of JSON at its end", what);
	said->body = zframe_dup(body);
	return said->body != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static void send_away(struct bench *bench, zframe_t *identity)
{
	zmsg_t *msg = mdp_worker_message(MDPW_DISCONNECT);
	zframe_t *to = zframe_dup(identity);
	struct error err;

	(void)zmsg_prepend(msg, &to);
	(void)mdp_send(bench->socket, true, &msg, &err); /* gone: so much the better */
}

static int take_message(struct bench *bench, zmsg_t *msg, struct bench_said *said, struct error *err)
{
	zframe_t *identity = zmsg_pop(msg);
	zframe_t *protocol = zmsg_first(msg);
	int64_t now_ms = zclock_mono();
	bool known = bench->identity != NULL && zframe_eq(identity, bench->identity);
	struct stage_progress progress;
	int rc = -1;

	said->command = mdp_frame_command(zmsg_next(msg));
	if (known && now_ms - bench->heard_ms > bench->gap_ms)
		bench->gap_ms = now_ms - bench->heard_ms;
	bench->heard_ms = now_ms;
	if (!mdp_frame_is(protocol, MDP_WORKER)) {
		(void)error_set(err, ERR_PROTOCOL, "a message that does not begin with \"%s\"", MDP_WORKER);
	} else if (said->command == MDPW_READY) {
		rc = take_ready(bench, msg, &identity, err);
	} else if (!known) {
		/* Of a connection from before. */
		if (said->command != MDPW_DISCONNECT)
			send_away(bench, identity);
		said->command = 0;
		rc = 0;
	} else if (said->command == MDPW_PARTIAL || said->command == MDPW_FINAL) {
		rc = take_answer(msg, said->command == MDPW_FINAL ? "a FINAL" : "a PARTIAL", said, err);
		if (rc == 0 && said->command == MDPW_PARTIAL)
			rc = reply_progress_parse(zframe_data(said->body), zframe_size(said->body), &progress, err);
	} else if (said->command == MDPW_HEARTBEAT || said->command == MDPW_DISCONNECT) {
		rc = zmsg_size(msg) == 2 ? 0
		                         : error_set(err, ERR_PROTOCOL, "a %s of more than two frames",
		                                     said->command == MDPW_HEARTBEAT ? "HEARTBEAT" : "DISCONNECT");
	} else {
		(void)error_set(err, ERR_PROTOCOL, "a message with a command that workers don't have");
	}
	zframe_destroy(&identity);
	return rc;
}

static void beat(struct bench *bench)
{
	struct error err;

	if (!bench->silent && bench->identity != NULL && zclock_mono() >= bench->beat_ms)
		(void)bench_say(bench, mdp_worker_message(MDPW_HEARTBEAT), &err); /* gone: its next READY tells */
}

static int has_ended(struct bench *bench, struct error *err)
{
	char safe[2 * sizeof(bench->words)];

	child_end(&bench->child, A_SECOND_MS);
	return error_set(err, ERR_NOT_FOUND, "the stage has ended, with %s %d: %s",
	                 WIFEXITED(bench->child.status) ? "status" : "signal",
	                 WIFEXITED(bench->child.status) ? WEXITSTATUS(bench->child.status)
	                                                : WTERMSIG(bench->child.status),
	                 bench->words[0] != '\0' ? log_escape(bench->words, safe, sizeof(safe)) : "it said nothing");
}

int bench_hear(struct bench *bench, unsigned commands, int64_t wait_ms, struct bench_said *said, struct error *err)
{
	int64_t until_ms = zclock_mono() + wait_ms;

	for (;;) {
		zmq_pollitem_t item = { zsock_resolve(bench->socket), 0, ZMQ_POLLIN, 0 };
		zmsg_t *msg = NULL;
		bool msg_came;
		int rc;

		beat(bench);
		drain(bench);
		if (zmq_poll(&item, 1, POLL_MS) > 0 && mdp_receive(bench->socket, true, &msg, err) != 0)
			return -1;
		*said = (struct bench_said){ .command = 0 };
		msg_came = msg != NULL;
		if (msg_came) {
			rc = take_message(bench, msg, said, err);
			zmsg_destroy(&msg);
			if (rc != 0 || (said->command > 0 && (commands & 1u << said->command) != 0))
				return rc != 0 ? -1 : 1;
			bench_said_done(said);
		}
		if (msg_came && zclock_mono() < until_ms)
			continue;
		if (!msg_came && bench->child.pid > 0 && child_has_ended(&bench->child)) {
			drain(bench);
			return has_ended(bench, err);
		}
		if (zclock_mono() >= until_ms) {
			if (bench->identity != NULL && zclock_mono() - bench->heard_ms > bench->gap_ms)
				bench->gap_ms = zclock_mono() - bench->heard_ms;
			return 0;
		}
	}
}

int bench_ready(struct bench *bench, int64_t wait_ms, struct error *err)
{
	struct bench_said said;
	int rc = bench_hear(bench, 1u << MDPW_READY, wait_ms, &said, err);

	if (rc == 0)
		return error_set(err, ERR_PROTOCOL, "no READY came within %lld s", (long long)wait_ms / 1000);
	bench_said_done(&said);
	return rc < 0 ? -1 : 0;
}

/* ---- jobs */

void bench_new_job(struct bench *bench, char tag[MDP_TAG_SIZE])
{
	char run[RUN_NAME_SIZE];

	if (bench->jobs == 0)
		bench->jobs = chance();
	/* As the broker names them: stages know by it what earlier runs have left. */
	run_name_make(run, time(NULL), ++bench->jobs);
	(void)snprintf(tag, MDP_TAG_SIZE, "%s/1#1", run);
}

void bench_next_attempt(char tag[MDP_TAG_SIZE])
{
	char job[MDP_JOB_SIZE];
	unsigned attempt = 0;

	(void)mdp_tag_parse(tag, job, &attempt);
	(void)mdp_tag_make(job, attempt + 1, tag);
}

char *bench_request(const struct bench *bench, const char *tag, const char *extra_key)
{
	json_t *request = json_loads(bench->request, 0, NULL);
	char job[MDP_JOB_SIZE] = "";
	unsigned attempt = 0;
	char *text = NULL;

	(void)mdp_tag_parse(tag, job, &attempt);
	(void)json_object_set_new(request, "job", json_string(job));
	(void)json_object_set_new(request, "run", json_stringn(job, strcspn(job, "/")));
	(void)json_object_set_new(request, "attempt", json_integer((json_int_t)attempt));
	if (extra_key != NULL)
		(void)json_object_set_new(request, extra_key, json_pack("{s:[i]}", "unknown", 1));
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	return text;
}

int bench_give(struct bench *bench, const char *tag, struct error *err)
{
	char *text = bench_request(bench, tag, NULL);
	int rc;

	if (text == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory for the request");
	rc = bench_say(bench, mdp_worker_job(MDPW_REQUEST, tag, text, strlen(text)), err);
	free(text);
	return rc;
}

int bench_final(struct bench *bench, const char *tag, int64_t wait_ms, struct reply_final *final, struct error *err)
{
	int64_t until_ms = zclock_mono() + wait_ms;
	struct bench_said said;
	int rc;

	*final = (struct reply_final){ .status = REPLY_FAIL };
	for (;;) {
		rc = bench_hear(bench, 1u << MDPW_FINAL, until_ms - zclock_mono(), &said, err);
		if (rc <= 0)
			return rc;
		if (strcmp(said.tag, tag) == 0 || strcmp(said.tag, bench->last_done) != 0)
			break;
		bench_said_done(&said);
	}
	if (strcmp(said.tag, tag) != 0)
		rc = error_set(err, ERR_PROTOCOL, "FINAL with the tag %s, where %s was given", said.tag, tag);
	else
		rc = reply_final_parse(zframe_data(said.body), zframe_size(said.body), final, err) == 0 ? 1 : -1;
	(void)snprintf(bench->last_done, sizeof(bench->last_done), "%s", tag);
	bench_said_done(&said);
	return rc;
}
