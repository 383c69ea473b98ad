/* peer: a scripted broker, a ROUTER on ipc in a folder of its own, for the tests of what speaks Majordomo with it. */
#ifndef AOB_TEST_PEER_H
#define AOB_TEST_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mdp.h"
#include "tests/unit/scratch.h"

#define PEER_WAIT_MS 10000 /* for what must come; generous, machines are busy */

struct peer {
	char folder[80]; /* short: a socket lies in it */
	char endpoint[256];
	zsock_t *router;
	uint8_t id[256]; /* of who sent the last message */
	size_t id_bytes;
};

static inline void peer_bind(struct peer *peer)
{
	peer->router = zsock_new(ZMQ_ROUTER);
	assert_non_null(peer->router);
	zsock_set_linger(peer->router, 0);
	assert_int_equal(zsock_bind(peer->router, "%s", peer->endpoint), 0);
}

static inline void peer_folder(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	assert_int_equal(scratch_make(peer->folder, sizeof(peer->folder), "peer"), 0);
	(void)snprintf(peer->endpoint, sizeof(peer->endpoint), "ipc://%s/b", peer->folder);
}

static inline void peer_open(struct peer *peer)
{
	mdp_start();
	peer_folder(peer);
	peer_bind(peer);
}

static inline bool peer_takes_calls(const struct peer *peer)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = -1;

	assert_true(fd >= 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", peer->endpoint + strlen("ipc://"));
	rc = connect(fd, (const struct sockaddr *)&at, sizeof(at));
	(void)close(fd);
	return rc == 0;
}

/* As after kill -9: whoever was connected is not known any more, and nobody gets through. The library closes in a thread of
 * its own: who called in that moment would talk with the dead, and what it said were lost. */
static inline void peer_die(struct peer *peer)
{
	zsock_destroy(&peer->router);
	for (int waited_ms = 0; peer_takes_calls(peer); waited_ms++) {
		if (waited_ms == PEER_WAIT_MS)
			fail_msg("%s still takes calls", peer->endpoint);
		zclock_sleep(1);
	}
}

static inline void peer_close(struct peer *peer)
{
	zsock_destroy(&peer->router);
	(void)unlink(peer->endpoint + strlen("ipc://"));
	(void)rmdir(peer->folder);
}

/* The next message of anyone, without the identity; NULL after so long. */
static inline zmsg_t *peer_receive(struct peer *peer, int wait_ms)
{
	zmq_pollitem_t item = { zsock_resolve(peer->router), 0, ZMQ_POLLIN, 0 };

	if (zmq_poll(&item, 1, wait_ms) <= 0)
		return NULL;
	zmsg_t *msg = zmsg_recv(peer->router);
	zframe_t *id = zmsg_pop(msg);

	peer->id_bytes = zframe_size(id);
	memcpy(peer->id, zframe_data(id), peer->id_bytes);
	zframe_destroy(&id);
	return msg;
}

/* As the worker's protocol has it: header and command checked and taken off; with a job, tag and empty frame too. */
static inline zmsg_t *peer_expect(struct peer *peer, enum mdp_worker_command command, const char *tag)
{
	zmsg_t *msg = peer_receive(peer, PEER_WAIT_MS);
	zframe_t *frame = NULL;

	if (msg == NULL)
		fail_msg("no message; want command %d", command);
	frame = zmsg_pop(msg);
	assert_true(mdp_frame_is(frame, MDP_WORKER));
	zframe_destroy(&frame);
	frame = zmsg_pop(msg);
	assert_int_equal(mdp_frame_command(frame), command);
	zframe_destroy(&frame);
	if (tag == NULL)
		return msg;
	frame = zmsg_pop(msg);
	assert_true(mdp_frame_is(frame, tag));
	zframe_destroy(&frame);
	frame = zmsg_pop(msg);
	assert_non_null(frame);
	assert_int_equal(zframe_size(frame), 0);
	zframe_destroy(&frame);
	assert_int_equal(zmsg_size(msg), 1);
	return msg;
}

/* The only frame that is left, as text. */
static inline void peer_expect_text(struct peer *peer, enum mdp_worker_command command, const char *tag, char *text,
                                    size_t size)
{
	zmsg_t *msg = peer_expect(peer, command, tag);
	zframe_t *body = zmsg_first(msg);

	assert_non_null(body);
	assert_true(zframe_size(body) < size);
	memcpy(text, zframe_data(body), zframe_size(body));
	text[zframe_size(body)] = '\0';
	zmsg_destroy(&msg);
}

/* READY of service; its JSON to text. */
static inline void peer_expect_ready(struct peer *peer, const char *service, char *text, size_t size)
{
	zmsg_t *msg = peer_expect(peer, MDPW_READY, NULL);
	char *json = NULL;

	assert_int_equal(zmsg_size(msg), 2);
	assert_true(mdp_frame_is(zmsg_first(msg), service));
	free(zmsg_popstr(msg));
	json = zmsg_popstr(msg);
	(void)snprintf(text, size, "%s", json);
	free(json);
	zmsg_destroy(&msg);
}

/* To who sent the last message. */
static inline void peer_send(struct peer *peer, zmsg_t *msg)
{
	(void)zmsg_pushmem(msg, peer->id, peer->id_bytes);
	assert_int_equal(zmsg_send(&msg, peer->router), 0);
}

static inline void peer_send_job(struct peer *peer, const char *tag, const char *body)
{
	peer_send(peer, mdp_worker_job(MDPW_REQUEST, tag, body, strlen(body)));
}

static inline void peer_send_command(struct peer *peer, enum mdp_worker_command command)
{
	peer_send(peer, mdp_worker_message(command));
}

#endif
