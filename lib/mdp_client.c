#include "lib/mdp_client.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mdp.h"

struct mdp_client {
	const struct config *config;
	zsock_t *socket;                  /* NULL: the next question opens a fresh one */
	int64_t (*hook)(int64_t most_ms); /* NULL: none */
};

int mdp_client_new(const struct config *config, struct mdp_client **client, struct error *err)
{
	*client = NULL;
	if (mdp_endpoint_check(config->endpoint, err) != 0)
		return -1;
	mdp_start();
	struct mdp_client *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->config = config;
	*client = made;
	return 0;
}

void mdp_client_meanwhile(struct mdp_client *client, int64_t (*hook)(int64_t most_ms))
{
	client->hook = hook;
}

/* An answer that comes after its question was given up arrives at a socket that is gone, so it is never taken for the
 * next one's. What was not sent yet is not worth waiting for either. */
static void hang_up(struct mdp_client *client)
{
	if (client->socket != NULL)
		zsock_set_linger(client->socket, 0);
	zsock_destroy(&client->socket);
}

void mdp_client_destroy(struct mdp_client **client)
{
	if (*client == NULL)
		return;
	hang_up(*client);
	free(*client);
	*client = NULL;
}

static int dial(struct mdp_client *client, struct error *err)
{
	const struct config *config = client->config;

	if (client->socket != NULL)
		return 0;
	return mdp_connect(ZMQ_DEALER, config->endpoint, &config->curve, MDP_REPLY_MAX, &client->socket, err);
}

static int no_answer(const struct mdp_client *client, uint64_t timeout_ms, struct error *err)
{
	const char *endpoint = client->config->endpoint;
	const char *path = strncmp(endpoint, "ipc://", 6) == 0 ? endpoint + 6 : NULL;
	const char *remedy = "is aob-broker running, and do the CURVE keys match?";

	if (path != NULL && access(path, F_OK) != 0)
		remedy = errno == EACCES ? "no permission to its folder: join the broker's group"
		                         : "the socket is not there: start aob-broker";
	else if (path != NULL && access(path, R_OK | W_OK) != 0)
		remedy = "no permission to the socket: join the broker's group";
	else if (path != NULL)
		remedy = "is aob-broker running?";
	return error_set(err, ERR_LINK, "no answer from the broker at %s within %.1f s: %s", endpoint,
	                 (double)timeout_ms / 1000, remedy);
}

/* 1: *reply is set. 0: a PARTIAL. -1: error. */
static int read_reply(const char *service, zmsg_t *msg, char **reply, size_t *reply_bytes, struct error *err)
{
	zframe_t *header = zmsg_first(msg);
	int command = mdp_frame_command(zmsg_next(msg));
	zframe_t *from = zmsg_next(msg);
	zframe_t *body = zmsg_next(msg);

	if (!mdp_frame_is(header, MDP_CLIENT) || (command != MDPC_PARTIAL && command != MDPC_FINAL) ||
	    !mdp_frame_is(from, service) || body == NULL || zmsg_size(msg) != 4)
		return error_set(err, ERR_PROTOCOL, "the broker's answer is no Majordomo 0.2 answer of %s", service);
	if (command == MDPC_PARTIAL)
		return 0;
	size_t len = zframe_size(body);

	if (memchr(zframe_data(body), '\0', len) != NULL)
		return error_set(err, ERR_PROTOCOL, "the broker's answer is no text");
	*reply = malloc(len + 1);
	if (*reply == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	memcpy(*reply, zframe_data(body), len);
	(*reply)[len] = '\0';
	if (reply_bytes != NULL)
		*reply_bytes = len;
	return 1;
}

static int wait_reply(struct mdp_client *client, const char *service, uint64_t timeout_ms, char **reply,
                      size_t *reply_bytes, struct error *err)
{
	int64_t until = zclock_mono() + (int64_t)(timeout_ms < INT_MAX ? timeout_ms : INT_MAX);

	for (;;) {
		zmsg_t *msg = NULL;
		zmq_pollitem_t item = { zsock_resolve(client->socket), 0, ZMQ_POLLIN, 0 };
		int64_t left = until - zclock_mono();

		if (left <= 0)
			return no_answer(client, timeout_ms, err);
		if (client->hook != NULL)
			left = client->hook(left);
		if (zmq_poll(&item, 1, (long)left) < 0) {
			if (zmq_errno() == EINTR)
				return error_set(err, ERR_CANCELLED, "interrupted");
			return error_set(err, ERR_SYSTEM, "waiting for the broker: %s", zmq_strerror(zmq_errno()));
		}
		if (mdp_receive(client->socket, false, &msg, err) != 0)
			return -1;
		if (msg == NULL)
			continue;
		int rc = read_reply(service, msg, reply, reply_bytes, err);

		zmsg_destroy(&msg);
		if (rc != 0)
			return rc > 0 ? 0 : -1;
	}
}

int mdp_client_ask(struct mdp_client *client, const char *service, const char *body, uint64_t timeout_ms, char **reply,
                   size_t *reply_bytes, struct error *err)
{
	zmsg_t *msg = NULL;

	*reply = NULL;
	if (strlen(body) > MDP_MESSAGE_MAX)
		return error_set(err, ERR_INPUT, "a question of %zu bytes: at most %d are sent", strlen(body),
		                 MDP_MESSAGE_MAX);
	if (dial(client, err) != 0)
		return -1;
	msg = mdp_client_message(MDPC_REQUEST, service, body, strlen(body));
	if (mdp_send(client->socket, false, &msg, err) == 0 &&
	    wait_reply(client, service, timeout_ms, reply, reply_bytes, err) == 0)
		return 0;
	hang_up(client);
	return -1;
}
