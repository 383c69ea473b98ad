#include "lib/mdp_worker.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mdp.h"
#include "lib/pace.h"
#include "lib/stage_msg.h"
#include "lib/version.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 32000

/* A FINAL has certainly reached a broker that still speaks so long after it; one that was killed before is silent. */
#define SETTLED_MS (2 * (int64_t)MDP_HEARTBEAT_MS)

struct mdp_worker {
	struct mdp_worker_options options;
	zsock_t *socket;      /* NULL: waiting for open_at */
	int64_t open_at;      /* no new socket before */
	int64_t backoff_ms;   /* grows while brokers send us away */
	int64_t heard_at;     /* last command of the broker */
	int64_t heartbeat_at; /* next heartbeat of ours */
	bool heard;           /* anything, on this socket */
	bool outage_told;
	char tag[MDP_TAG_SIZE]; /* of the job in hand; "" none */
	char job[MDP_JOB_SIZE];
	unsigned attempt;
	bool cancelled;
	zframe_t *request;
	char *final;      /* sent, but perhaps not received; belongs to final_tag */
	bool final_again; /* sent behind this socket's READY */
	char final_tag[MDP_TAG_SIZE];
	int64_t final_at;
};

static void send_msg(struct mdp_worker *worker, zmsg_t *msg, int64_t now_ms)
{
	struct error err;

	if (worker->socket == NULL) {
		zmsg_destroy(&msg);
		return;
	}
	/* A full queue means that the broker has been away for long: it is noticed by its silence. */
	if (mdp_send(worker->socket, false, &msg, &err) != 0)
		log_error(LOG_INFO, &err, "to the broker");
	worker->heartbeat_at = now_ms + pace_ms(MDP_HEARTBEAT_MS);
}

static void forget_final(struct mdp_worker *worker)
{
	free(worker->final);
	worker->final = NULL;
}

static void send_final(struct mdp_worker *worker, int64_t now_ms)
{
	send_msg(worker, mdp_worker_job(MDPW_FINAL, worker->final_tag, worker->final, strlen(worker->final)), now_ms);
}

static int send_ready(struct mdp_worker *worker, int64_t now_ms, struct error *err)
{
	const struct mdp_worker_options *o = &worker->options;
	zmsg_t *msg = mdp_worker_message(MDPW_READY);
	const char *tag = NULL;

	if (worker->tag[0] != '\0')
		tag = worker->tag;
	else if (worker->final != NULL)
		tag = worker->final_tag;
	char *json = stage_ready_json(o->worker, o->host, AOB_VERSION, tag);

	if (json == NULL) {
		zmsg_destroy(&msg);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	(void)zmsg_addstr(msg, o->service);
	(void)zmsg_addstr(msg, json);
	free(json);
	send_msg(worker, msg, now_ms);
	return 0;
}

/* READY first, with the job in hand, then a FINAL that an earlier broker perhaps did not get. */
static int open_socket(struct mdp_worker *worker, int64_t now_ms, struct error *err)
{
	if (mdp_connect(ZMQ_DEALER, worker->options.endpoint, worker->options.curve, MDP_MESSAGE_MAX, &worker->socket,
	                err) != 0)
		return -1;
	worker->heard = false;
	worker->heard_at = now_ms;
	if (send_ready(worker, now_ms, err) != 0)
		return -1;
	worker->final_again = worker->final != NULL;
	if (worker->final_again)
		send_final(worker, now_ms);
	return 0;
}

/* What waits in the old socket would reach the next broker late, before or after the new READY: it is dropped. */
static void close_socket(struct mdp_worker *worker)
{
	if (worker->socket != NULL)
		zsock_set_linger(worker->socket, 0);
	zsock_destroy(&worker->socket);
}

int mdp_worker_new(const struct mdp_worker_options *options, struct mdp_worker **worker, struct error *err)
{
	struct mdp_worker *made = calloc(1, sizeof(*made));

	*worker = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	mdp_start();
	made->options = *options;
	if (open_socket(made, zclock_mono(), err) != 0) {
		close_socket(made);
		free(made);
		return -1;
	}
	*worker = made;
	return 0;
}

void mdp_worker_destroy(struct mdp_worker **worker)
{
	struct mdp_worker *w = *worker;

	if (w == NULL)
		return;
	*worker = NULL;
	if (w->socket != NULL)
		send_msg(w, mdp_worker_message(MDPW_DISCONNECT), 0);
	zsock_destroy(&w->socket);
	zframe_destroy(&w->request);
	free(w->final);
	free(w);
}

void *mdp_worker_handle(const struct mdp_worker *worker)
{
	return worker->socket != NULL ? zsock_resolve(worker->socket) : NULL;
}

int64_t mdp_worker_wait_ms(const struct mdp_worker *worker, int64_t now_ms)
{
	int64_t at = worker->open_at;

	if (worker->socket != NULL) {
		at = worker->heard_at + pace_ms(MDP_EXPIRY_MS);
		if (worker->heartbeat_at < at)
			at = worker->heartbeat_at;
	}
	return at > now_ms ? at - now_ms : 0;
}

const void *mdp_worker_request(const struct mdp_worker *worker, size_t *len_bytes)
{
	if (worker->request == NULL)
		return NULL;
	*len_bytes = zframe_size(worker->request);
	return zframe_data(worker->request);
}

void mdp_worker_partial(struct mdp_worker *worker, const char *json, int64_t now_ms)
{
	if (worker->tag[0] != '\0')
		send_msg(worker, mdp_worker_job(MDPW_PARTIAL, worker->tag, json, strlen(json)), now_ms);
}

void mdp_worker_final(struct mdp_worker *worker, const char *json, int64_t now_ms)
{
	if (worker->tag[0] == '\0')
		return;
	free(worker->final);
	worker->final = strdup(json);
	memcpy(worker->final_tag, worker->tag, sizeof(worker->final_tag));
	worker->final_at = now_ms;
	worker->tag[0] = '\0';
	zframe_destroy(&worker->request);
	if (worker->final != NULL)
		send_final(worker, now_ms);
}

/* A second job is none that we could take: it goes back, to be tried later. */
static void refuse_job(struct mdp_worker *worker, const char *tag, int64_t now_ms)
{
	struct error err;

	(void)error_set(&err, ERR_LOCKED, "worker %s has job %s in hand", worker->options.worker, worker->tag);
	char *json = stage_reply_error(&err);

	if (json != NULL)
		send_msg(worker, mdp_worker_job(MDPW_FINAL, tag, json, strlen(json)), now_ms);
	free(json);
}

static enum mdp_worker_event take_job(struct mdp_worker *worker, const char *tag, zframe_t *body, int64_t now_ms)
{
	char job[MDP_JOB_SIZE];
	unsigned attempt = 0;

	if (mdp_tag_parse(tag, job, &attempt) != 0) {
		log_line(LOG_WARNING, "a request with the address \"%s\" dropped: no tag of a job", tag);
		return MDP_WORKER_NOTHING;
	}
	if (worker->tag[0] == '\0') {
		(void)snprintf(worker->tag, sizeof(worker->tag), "%s", tag);
		memcpy(worker->job, job, sizeof(job));
		worker->attempt = attempt;
		worker->cancelled = false;
		worker->request = zframe_dup(body);
		forget_final(worker); /* who gives us the next one has seen the last one's end */
		return MDP_WORKER_JOB;
	}
	if (strcmp(job, worker->job) != 0 || worker->cancelled) {
		refuse_job(worker, tag, now_ms);
	} else if (attempt > worker->attempt) {
		/* Given out again, to us who have it in hand: the work goes on, under the new fencing number. */
		(void)snprintf(worker->tag, sizeof(worker->tag), "%s", tag);
		worker->attempt = attempt;
	}
	return MDP_WORKER_NOTHING;
}

static enum mdp_worker_event on_request(struct mdp_worker *worker, zmsg_t *msg, int64_t now_ms)
{
	char tag[MDP_TAG_SIZE];
	char job[MDP_JOB_SIZE];
	int rc = mdp_frame_text(zmsg_next(msg), tag, sizeof(tag));
	zframe_t *empty = zmsg_next(msg);
	zframe_t *body = zmsg_next(msg);

	if (rc != 0 || empty == NULL || zframe_size(empty) != 0 || body == NULL || zmsg_size(msg) != 5) {
		log_line(LOG_WARNING, "a malformed REQUEST dropped");
		return MDP_WORKER_NOTHING;
	}
	if (!stage_cancel_parse(zframe_data(body), zframe_size(body), job, sizeof(job)))
		return take_job(worker, tag, body, now_ms);
	if (worker->tag[0] == '\0' || strcmp(job, worker->job) != 0 || worker->cancelled)
		return MDP_WORKER_NOTHING; /* finished meanwhile, or not ours */
	worker->cancelled = true;
	return MDP_WORKER_CANCEL;
}

static void on_disconnect(struct mdp_worker *worker, int64_t now_ms)
{
	/* One that we had spoken with has been restarted and does not know us; one that has not said a word does not want us. */
	if (worker->heard)
		worker->backoff_ms = 0;
	else if (worker->backoff_ms == 0)
		worker->backoff_ms = BACKOFF_MIN_MS;
	else
		worker->backoff_ms = worker->backoff_ms * 2 < BACKOFF_MAX_MS ? worker->backoff_ms * 2 : BACKOFF_MAX_MS;
	worker->open_at = now_ms + pace_ms(worker->backoff_ms);
	/* It came behind this connection's first messages, and the FINAL was one: whoever answers has seen it. */
	if (worker->final_again)
		forget_final(worker);
	close_socket(worker);
}

static void on_heard(struct mdp_worker *worker, int64_t now_ms)
{
	worker->heard = true;
	worker->heard_at = now_ms;
	worker->backoff_ms = 0;
	if (worker->outage_told)
		log_line(LOG_NOTICE, "the broker is back");
	worker->outage_told = false;
	if (worker->final != NULL && now_ms - worker->final_at >= pace_ms(SETTLED_MS))
		forget_final(worker);
}

static enum mdp_worker_event on_message(struct mdp_worker *worker, zmsg_t *msg, int64_t now_ms)
{
	zframe_t *header = zmsg_first(msg);
	int command = mdp_frame_command(zmsg_next(msg));

	if (!mdp_frame_is(header, MDP_WORKER)) {
		log_line(LOG_WARNING, "a message dropped: no Majordomo 0.2");
		return MDP_WORKER_NOTHING;
	}
	switch (command) {
	case MDPW_REQUEST:
		on_heard(worker, now_ms);
		return on_request(worker, msg, now_ms);
	case MDPW_HEARTBEAT:
		on_heard(worker, now_ms);
		return MDP_WORKER_NOTHING;
	case MDPW_DISCONNECT:
		on_disconnect(worker, now_ms);
		return MDP_WORKER_NOTHING;
	default:
		log_line(LOG_WARNING, "command %d dropped: the broker may not send it", command);
		return MDP_WORKER_NOTHING;
	}
}

static void reopen(struct mdp_worker *worker, int64_t now_ms)
{
	struct error err;

	if (open_socket(worker, now_ms, &err) == 0)
		return;
	/* Out of descriptors, perhaps: nothing to give a job up for. */
	log_error(LOG_WARNING, &err, "connecting to the broker anew");
	close_socket(worker);
	worker->open_at = now_ms + pace_ms(BACKOFF_MIN_MS);
}

static void timers(struct mdp_worker *worker, int64_t now_ms)
{
	if (worker->socket != NULL && now_ms - worker->heard_at >= pace_ms(MDP_EXPIRY_MS)) {
		if (!worker->outage_told)
			log_line(LOG_WARNING, "no word from the broker at %s for %d s; trying on",
			         worker->options.endpoint, (int)(pace_ms(MDP_EXPIRY_MS) / 1000));
		worker->outage_told = true;
		worker->open_at = now_ms;
		close_socket(worker);
	}
	if (worker->socket == NULL && now_ms >= worker->open_at)
		reopen(worker, now_ms);
	else if (worker->socket != NULL && now_ms >= worker->heartbeat_at)
		send_msg(worker, mdp_worker_message(MDPW_HEARTBEAT), now_ms);
}

int mdp_worker_turn(struct mdp_worker *worker, int64_t now_ms, enum mdp_worker_event *event, struct error *err)
{
	*event = MDP_WORKER_NOTHING;
	while (worker->socket != NULL && *event == MDP_WORKER_NOTHING) {
		zmsg_t *msg = NULL;

		if (mdp_receive(worker->socket, false, &msg, err) != 0)
			return -1;
		if (msg == NULL)
			break;
		*event = on_message(worker, msg, now_ms);
		zmsg_destroy(&msg);
	}
	timers(worker, now_ms);
	return 0;
}
