/* wire_pair: a client's and a receiver's end of one conversation, in one process. For tests. */
#ifndef AOB_TEST_WIRE_PAIR_H
#define AOB_TEST_WIRE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/wire.h"

struct pair {
	int fds[2];
	struct wire *client;
	struct wire *receiver;
};

/* The sanitizers count what is not given back. */
static inline void open_pair(struct pair *pair, const struct wire_hooks *hooks)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair->fds), 0);
	assert_int_equal(wire_new(pair->fds[0], pair->fds[0], 'C', hooks, &pair->client, NULL), 0);
	assert_int_equal(wire_new(pair->fds[1], pair->fds[1], 'R', NULL, &pair->receiver, NULL), 0);
}

static inline void close_end(struct pair *pair, unsigned end)
{
	if (pair->fds[end] >= 0)
		assert_int_equal(close(pair->fds[end]), 0);
	pair->fds[end] = -1;
}

static inline void close_pair(struct pair *pair)
{
	wire_destroy(&pair->client);
	wire_destroy(&pair->receiver);
	assert_null(pair->client);
	close_end(pair, 0);
	close_end(pair, 1);
}

/* What the receiver's end writes, byte by byte as given; then it ends. */
static inline void say(struct pair *pair, const void *bytes, size_t n)
{
	assert_int_equal(send(pair->fds[1], bytes, n, MSG_NOSIGNAL), n);
	assert_int_equal(shutdown(pair->fds[1], SHUT_WR), 0);
}

static inline void assert_frame(struct wire *wire, unsigned type, const void *payload, size_t n)
{
	struct frame frame;
	struct error err = { 0 };
	int rc = wire_receive(wire, &frame, &err);

	if (rc != 1)
		fail_msg("%d: %s", rc, err.text);
	assert_int_equal(frame.type, type);
	assert_int_equal(frame.len_bytes, n);
	assert_memory_equal(frame.payload, payload, n);
}

static inline void cross_both_ways(struct pair *pair)
{
	assert_int_equal(wire_send(pair->client, FRAME_PRUNE, "name", 4, NULL), 0);
	assert_int_equal(wire_send(pair->client, FRAME_LIST, NULL, 0, NULL), 0);
	assert_int_equal(wire_flush(pair->client, NULL), 0);
	assert_frame(pair->receiver, FRAME_PRUNE, "name", 4);
	assert_frame(pair->receiver, FRAME_LIST, "", 0);
	assert_int_equal(wire_send(pair->receiver, FRAME_ENTRY, "\0\1\2", 3, NULL), 0);
	assert_int_equal(wire_send(pair->receiver, FRAME_LIST_END, "12345678", 8, NULL), 0);
	assert_int_equal(wire_flush(pair->receiver, NULL), 0);
	assert_frame(pair->client, FRAME_ENTRY, "\0\1\2", 3);
	assert_frame(pair->client, FRAME_LIST_END, "12345678", 8);
}

#endif
