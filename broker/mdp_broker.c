#include "broker/mdp_broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/log_limit.h"
#include "lib/mdp_client.h"
#include "lib/pace.h"

#define TURN_MESSAGES_MAX 256
#define COMPLAINTS_PER_MINUTE 20
/* Messages that wait, from and to one peer: a worker tells of its progress twice a second, and hears a heartbeat every 2.5 s and a job at a time; a client asks one thing at a
 * time. Whoever floods us, or does not read, costs no more memory than these. */
#define FROM_PEER_MAX 64
#define TO_PEER_MAX 16

struct mdp_broker {
	zsock_t *socket;
	struct service_table *services;
	const struct mdp_broker_hooks *hooks;
	void *cookie;
	int64_t now_ms;
	struct log_limit complaints;
};

int mdp_broker_new(const char *endpoint, struct security *security, const struct mdp_broker_hooks *hooks, void *cookie,
                   struct mdp_broker **mdp, struct error *err)
{
	struct mdp_broker *made = calloc(1, sizeof(*made));

	*mdp = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "the broker's socket");
	made->hooks = hooks;
	made->cookie = cookie;
	made->services = service_table_new();
	made->socket = zsock_new(ZMQ_ROUTER);
	if (made->services == NULL || made->socket == NULL) {
		(void)error_sys(err, errno, "the broker's socket");
		goto out;
	}
	mdp_socket_limits(made->socket);
	zsock_set_rcvhwm(made->socket, FROM_PEER_MAX);
	zsock_set_sndhwm(made->socket, TO_PEER_MAX);
	/* So that a peer that is gone is noticed at the next heartbeat, long before it would expire. */
	zsock_set_router_mandatory(made->socket, 1);
	if (security_bind(security, made->socket, endpoint, err) != 0)
		goto out;
	*mdp = made;
	return 0;
out:
	mdp_broker_destroy(&made);
	return -1;
}

void mdp_broker_destroy(struct mdp_broker **mdp)
{
	if (*mdp == NULL)
		return;
	zsock_destroy(&(*mdp)->socket);
	service_table_destroy(&(*mdp)->services);
	free(*mdp);
	*mdp = NULL;
}

void *mdp_broker_handle(struct mdp_broker *mdp)
{
	return zsock_resolve(mdp->socket);
}

struct service_table *mdp_broker_services(struct mdp_broker *mdp)
{
	return mdp->services;
}

static void complain(struct mdp_broker *mdp, const char *what)
{
	if (log_limit_passes(&mdp->complaints, COMPLAINTS_PER_MINUTE, mdp->now_ms, "messages dropped"))
		log_line(LOG_WARNING, "message dropped: %s", what);
}

static int send_to(struct mdp_broker *mdp, const void *identity, size_t identity_bytes, zmsg_t **msg, struct error *err)
{
	(void)zmsg_pushmem(*msg, identity, identity_bytes);
	return mdp_send(mdp->socket, true, msg, err);
}

static void send_disconnect(struct mdp_broker *mdp, zframe_t *identity)
{
	zmsg_t *msg = mdp_worker_message(MDPW_DISCONNECT);
	struct error err;

	(void)send_to(mdp, zframe_data(identity), zframe_size(identity), &msg, &err);
}

static void remove_worker(struct mdp_broker *mdp, struct worker **worker, bool said_so)
{
	mdp->hooks->gone(mdp->cookie, *worker, said_so);
	service_remove(mdp->services, worker);
}

void mdp_broker_drop(struct mdp_broker *mdp, struct worker **worker)
{
	zmsg_t *msg = mdp_worker_message(MDPW_DISCONNECT);
	struct error err;

	(void)send_to(mdp, (*worker)->identity, (*worker)->identity_bytes, &msg, &err);
	remove_worker(mdp, worker, false);
}

int mdp_broker_request(struct mdp_broker *mdp, struct worker *worker, const char *tag, const char *body,
                       struct error *err)
{
	zmsg_t *msg = mdp_worker_job(MDPW_REQUEST, tag, body, strlen(body));

	if (send_to(mdp, worker->identity, worker->identity_bytes, &msg, err) != 0)
		return -1;
	worker->beat_ms = mdp->now_ms + pace_ms(MDP_HEARTBEAT_MS);
	service_use(mdp->services, worker, tag);
	return 0;
}

void mdp_broker_cancel(struct mdp_broker *mdp, struct worker *worker)
{
	char job[MDP_JOB_SIZE];
	char body[MDP_JOB_SIZE + 32];
	unsigned attempt = 0;
	struct error err;
	zmsg_t *msg = NULL;

	if (!worker->can_cancel || mdp_tag_parse(worker->tag, job, &attempt) != 0)
		return;
	/* A tag of a READY can hold anything; what needs escaping in JSON is no job of ours. */
	if (strpbrk(job, "\"\\") != NULL)
		return;
	(void)snprintf(body, sizeof(body), "{\"v\":1,\"cancel\":\"%s\"}", job);
	msg = mdp_worker_job(MDPW_REQUEST, worker->tag, body, strlen(body));
	if (send_to(mdp, worker->identity, worker->identity_bytes, &msg, &err) != 0)
		log_error(LOG_INFO, &err, "cancelling %s", worker->tag);
}

static void on_ready(struct mdp_broker *mdp, zframe_t *identity, zmsg_t *msg)
{
	struct reply_ready ready = { .n_tags = 0 };
	char service[CONFIG_NAME_MAX + 1];
	zframe_t *name = zmsg_next(msg);
	zframe_t *json = zmsg_next(msg);
	struct worker *worker = NULL;
	struct error err;

	if (mdp_frame_text(name, service, sizeof(service)) != 0 || zmsg_size(msg) > 5) {
		complain(mdp, "READY without a service, or with too many frames");
		return;
	}
	if (json != NULL && reply_ready_parse(zframe_data(json), zframe_size(json), &ready, &err) != 0) {
		complain(mdp, err.text);
		return;
	}
	if (strncmp(service, "aob.", 4) == 0 || strncmp(service, "mmi.", 4) == 0) {
		complain(mdp, "READY for a service that is the broker's own");
		send_disconnect(mdp, identity);
		return;
	}
	worker = service_add(mdp->services, zframe_data(identity), zframe_size(identity), service);
	if (worker == NULL) {
		complain(mdp, "READY: too many workers");
		send_disconnect(mdp, identity);
		return;
	}
	memcpy(worker->name, ready.worker, sizeof(worker->name));
	memcpy(worker->host, ready.host, sizeof(worker->host));
	memcpy(worker->version, ready.version, sizeof(worker->version));
	worker->can_cancel = ready.can_cancel;
	worker->heard_ms = mdp->now_ms;
	worker->beat_ms = mdp->now_ms; /* at once: it tells the worker that it is known */
	mdp->hooks->ready(mdp->cookie, worker, &ready);
}

static void on_reply(struct mdp_broker *mdp, struct worker *worker, zframe_t *identity, int command, zmsg_t *msg)
{
	char tag[MDP_TAG_SIZE];
	int rc = mdp_frame_text(zmsg_next(msg), tag, sizeof(tag));
	zframe_t *empty = zmsg_next(msg);
	zframe_t *body = zmsg_next(msg);

	if (rc != 0 || empty == NULL || zframe_size(empty) != 0 || body == NULL) {
		complain(mdp, "PARTIAL or FINAL without address, empty frame or body");
		return;
	}
	/* Two frames can't be one JSON object: as a body it is a wrong answer, not a malformed message. */
	if (zmsg_size(msg) != 6)
		(void)zframe_reset(body, "", 0);
	if (worker == NULL) {
		if (command == MDPW_FINAL)
			mdp->hooks->final(mdp->cookie, NULL, tag, zframe_data(body), zframe_size(body));
		send_disconnect(mdp, identity);
	} else if (strcmp(worker->tag, tag) == 0) {
		if (command == MDPW_PARTIAL) {
			mdp->hooks->partial(mdp->cookie, worker, zframe_data(body), zframe_size(body));
			return;
		}
		service_use(mdp->services, worker, "");
		mdp->hooks->final(mdp->cookie, worker, tag, zframe_data(body), zframe_size(body));
	} else if (worker->tag[0] == '\0' && command == MDPW_FINAL) {
		complain(mdp, "FINAL from a worker without a job");
		mdp_broker_drop(mdp, &worker);
	} else {
		complain(mdp, "PARTIAL or FINAL of a job that this worker does not have (an outdated attempt)");
	}
}

static void on_worker(struct mdp_broker *mdp, zframe_t *identity, zmsg_t *msg)
{
	struct worker *worker = service_find(mdp->services, zframe_data(identity), zframe_size(identity));
	int command = mdp_frame_command(zmsg_next(msg));

	if (worker != NULL)
		worker->heard_ms = mdp->now_ms;
	switch (command) {
	case MDPW_READY:
		if (worker == NULL) {
			on_ready(mdp, identity, msg);
		} else {
			complain(mdp, "a second READY");
			mdp_broker_drop(mdp, &worker);
		}
		break;
	case MDPW_PARTIAL:
	case MDPW_FINAL:
		on_reply(mdp, worker, identity, command, msg);
		break;
	case MDPW_HEARTBEAT:
		if (worker == NULL)
			send_disconnect(mdp, identity);
		break;
	case MDPW_DISCONNECT:
		if (worker != NULL)
			remove_worker(mdp, &worker, true);
		break;
	default:
		complain(mdp, "not a command of a Majordomo worker");
		break;
	}
}

static char *answer_mmi(struct mdp_broker *mdp, const char *service, zframe_t *body)
{
	char name[CONFIG_NAME_MAX + 1];

	if (strcmp(service, "mmi.service") != 0)
		return strdup("501");
	if (mdp_frame_text(body, name, sizeof(name)) != 0)
		return strdup("404");
	return strdup(strcmp(name, MDP_SERVICE_BROKER) == 0 || service_known(mdp->services, name, NULL) ? "200"
	                                                                                                : "404");
}

static void on_client(struct mdp_broker *mdp, zframe_t *identity, zmsg_t *msg)
{
	char service[CONFIG_NAME_MAX + 1];
	int command = mdp_frame_command(zmsg_next(msg));
	int rc = mdp_frame_text(zmsg_next(msg), service, sizeof(service));
	zframe_t *body = zmsg_next(msg);
	char *answer = NULL;
	zmsg_t *reply = NULL;
	struct error err;

	if (command != MDPC_REQUEST || rc != 0 || body == NULL || zmsg_size(msg) != 5) {
		complain(mdp, "not a REQUEST of a Majordomo client");
		return;
	}
	if (strcmp(service, MDP_SERVICE_BROKER) == 0)
		answer = mdp->hooks->ask(mdp->cookie, zframe_data(body), zframe_size(body));
	else if (strncmp(service, "mmi.", 4) == 0)
		answer = answer_mmi(mdp, service, body);
	else /* Stages work on runs, which are recorded; a request past the store could not be kept. */
		answer = strdup("{\"status\":\"fail\",\"error\":{\"code\":\"not-found\",\"message\":"
		                "\"clients may ask aob.broker and mmi.service; stages are given work by runs only\"}}");
	if (answer == NULL)
		return;
	reply = mdp_client_message(MDPC_FINAL, service, answer, strlen(answer));
	if (send_to(mdp, zframe_data(identity), zframe_size(identity), &reply, &err) != 0) {
		(void)error_prefix(&err, "an answer to a client that reads none, or is gone");
		complain(mdp, err.text);
	}
	free(answer);
}

static void on_message(struct mdp_broker *mdp, zmsg_t *msg)
{
	zframe_t *identity = zmsg_first(msg);
	zframe_t *header = zmsg_next(msg);

	if (mdp_frame_is(header, MDP_WORKER))
		on_worker(mdp, identity, msg);
	else if (mdp_frame_is(header, MDP_CLIENT))
		on_client(mdp, identity, msg);
	else
		complain(mdp, "neither Majordomo worker nor client, version 0.2");
}

static void tend_workers(struct mdp_broker *mdp)
{
	size_t i = 0;

	for (;;) {
		struct worker *worker = service_at(mdp->services, i);
		struct error err;
		bool lost;

		if (worker == NULL)
			break;
		lost = mdp->now_ms - worker->heard_ms >= pace_ms(MDP_EXPIRY_MS);
		if (!lost && mdp->now_ms >= worker->beat_ms) {
			zmsg_t *msg = mdp_worker_message(MDPW_HEARTBEAT);

			worker->beat_ms = mdp->now_ms + pace_ms(MDP_HEARTBEAT_MS);
			lost = send_to(mdp, worker->identity, worker->identity_bytes, &msg, &err) != 0;
		}
		if (lost)
			remove_worker(mdp, &worker, false); /* another is at i now */
		else
			i++;
	}
}

int mdp_broker_turn(struct mdp_broker *mdp, int64_t now_ms, struct error *err)
{
	unsigned n = 0;

	mdp->now_ms = now_ms;
	for (; n < TURN_MESSAGES_MAX; n++) {
		zmsg_t *msg = NULL;

		if (mdp_receive(mdp->socket, true, &msg, err) != 0)
			return -1;
		if (msg == NULL)
			break;
		on_message(mdp, msg);
		zmsg_destroy(&msg);
	}
	/* After a pause of our own (SIGSTOP, a slow disk) the workers' signs of life wait in the socket: first read them all. */
	if (n < TURN_MESSAGES_MAX)
		tend_workers(mdp);
	return 0;
}

int64_t mdp_broker_wait_ms(struct mdp_broker *mdp, int64_t now_ms)
{
	int64_t wait_ms = pace_ms(MDP_HEARTBEAT_MS);

	for (size_t i = 0;; i++) {
		struct worker *worker = service_at(mdp->services, i);

		if (worker == NULL)
			break;
		if (worker->beat_ms - now_ms < wait_ms)
			wait_ms = worker->beat_ms - now_ms;
	}
	return wait_ms > 0 ? wait_ms : 0;
}
