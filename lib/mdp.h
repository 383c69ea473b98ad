/* mdp: Majordomo 0.2 (ZeroMQ RFC 18), what broker, workers and clients have in common. docs/protocol.md shows every frame.
 *
 * Version 0.2 has no empty frame in front. [..] is one frame:
 *   client → broker   ["MDPC02"][0x01 REQUEST][service][body]
 *   broker → client   ["MDPC02"][0x02 PARTIAL | 0x03 FINAL][service][body]
 *   worker → broker   ["MDPW02"][0x01 READY][service]                            (our workers: and one frame of JSON)
 *                     ["MDPW02"][0x03 PARTIAL | 0x04 FINAL][client address][][body]
 *   broker → worker   ["MDPW02"][0x02 REQUEST][client address][][body]
 *   both ways         ["MDPW02"][0x05 HEARTBEAT]   ["MDPW02"][0x06 DISCONNECT]
 * On a ROUTER the peer's identity is one more frame in front.
 *
 * Jobs come from the broker itself, so their client address is a tag of ours that every Majordomo worker sends back
 * unread: "<job ID>#<attempt>". So the fencing number comes back with each PARTIAL and FINAL, even from a worker that
 * knows nothing of it. READY's JSON names the jobs in hand by the same tags; a cancel REQUEST bears the job's tag too.
 *
 * A DISCONNECT answers a valid command of an unknown worker (a HEARTBEAT to a broker that has just been started): the
 * worker opens a new socket and sends READY again, with its jobs in hand.
 *
 * threads: sockets belong to one thread at a time; the functions keep no state. */
#ifndef AOB_MDP_H
#define AOB_MDP_H

#include <czmq.h>

#include "lib/config.h"
#include "lib/error.h"

#define MDP_CLIENT "MDPC02"
#define MDP_WORKER "MDPW02"

enum mdp_client_command { MDPC_REQUEST = 0x01, MDPC_PARTIAL = 0x02, MDPC_FINAL = 0x03 };

enum mdp_worker_command {
	MDPW_READY = 0x01,
	MDPW_REQUEST = 0x02,
	MDPW_PARTIAL = 0x03,
	MDPW_FINAL = 0x04,
	MDPW_HEARTBEAT = 0x05,
	MDPW_DISCONNECT = 0x06
};

#define MDP_HEARTBEAT_MS 2500 /* both sides send one after so long without another command */
#define MDP_LIVENESS 4        /* so many intervals without any command: the peer is gone */
#define MDP_EXPIRY_MS ((int64_t)MDP_LIVENESS * MDP_HEARTBEAT_MS)

/* How long after its last word (after the broker's own start, if later) a worker that is gone keeps its job. Then the broker gives
 * the job out again with the next attempt number. Ours are back within 5 s of a broker's return. Plain workers give a job up
 * after so long without a broker. A DISCONNECT of the worker gives it back at once. */
#define MDP_LEASE_MS 20000

#define MDP_MESSAGE_MAX (1 << 20) /* bytes of one frame; longer ones end the connection (ZMQ_MAXMSGSIZE) */
#define MDP_REPLY_MAX (16 << 20)  /* the same for what a client takes from its broker: lists of many generations */
#define MDP_FRAMES_MAX 16         /* frames of one message, a ROUTER's identity included; more is dropped */
#define MDP_QUEUE_MAX 1000        /* messages waiting, each way and peer (ZMQ_SNDHWM, ZMQ_RCVHWM) */
#define MDP_HANDSHAKE_MS 5000     /* a connection that has not shaken hands by then is closed */
#define MDP_FAR_BEAT_MS 5000      /* between two questions over tcp whether the other end is there */
#define MDP_FAR_DEAD_MS 15000     /* without an answer the connection is closed */
#define MDP_LINGER_MS 1000        /* how long closing waits for what was sent */
#define MDP_JOB_SIZE 128          /* room for a job ID and its NUL */
#define MDP_TAG_SIZE 144          /* room for a tag and its NUL */

/* mdp_endpoint_check: tcp://… or ipc://…, an ipc path that fits into sockaddr_un. errors: ERR_CONFIG with the remedy. */
int mdp_endpoint_check(const char *endpoint, struct error *err);

/* mdp_start: once in each process that uses ZeroMQ, before its threads: signals stay the process's own (CZMQ would take SIGINT
 * and SIGTERM over), and CZMQ's own warnings go to stderr. */
void mdp_start(void);

/* mdp_socket_limits: the limits above, on a socket that is neither bound nor connected yet. Sending never waits: a full queue
 * is a failed send. */
void mdp_socket_limits(zsock_t *socket);

/* mdp_socket_far: of a tcp endpoint, before it is bound or connected: ZeroMQ itself asks the other end for a sign of life. A machine that was cut off or lost its power
 * says no good-bye: without this a subscriber would listen to it for ever, and the broker keep its connection. */
void mdp_socket_far(zsock_t *socket);

/* mdp_connect: a socket of type ZMQ_DEALER (or ZMQ_SUB, for the events) with the limits, connected to endpoint; over tcp with
 * the CURVE keys of config (own certificate with its secret part, the server's public part). Does not wait for the peer.
 * in:      frame_max_bytes: MDP_MESSAGE_MAX or MDP_REPLY_MAX
 * out:     *socket, the caller's, zsock_destroy
 * errors:  ERR_CONFIG (endpoint, a certificate that cannot be read), ERR_SYSTEM */
int mdp_connect(int type, const char *endpoint, const struct config_curve *curve, int64_t frame_max_bytes,
                zsock_t **socket, struct error *err);

/* mdp_receive: the message that waits on socket, traced. Malformed ones (too many frames, fewer than two) are read to their
 * end, dropped and logged.
 * out:     *msg, the caller's, NULL if there is none (any more): look for that, not for the return value
 * errors:  -1 only if the socket is of no use any more (ERR_SYSTEM); an interrupting signal is no error */
int mdp_receive(zsock_t *socket, bool router, zmsg_t **msg, struct error *err);

/* mdp_send: send, trace and consume *msg, whether it works or not. Never waits.
 * router:  the first frame is the peer's identity
 * errors:  ERR_LINK (queue full, peer gone), ERR_SYSTEM */
int mdp_send(zsock_t *socket, bool router, zmsg_t **msg, struct error *err);

/* New messages, without a ROUTER's identity; the body's bytes are copied. Prepend the identity with zmsg_pushmem.
 * mdp_worker_job is for REQUEST, PARTIAL and FINAL, the address being a tag or any client's. */
zmsg_t *mdp_client_message(enum mdp_client_command command, const char *service, const void *body, size_t len_bytes);
zmsg_t *mdp_worker_message(enum mdp_worker_command command);
zmsg_t *mdp_worker_job(enum mdp_worker_command command, const char *address, const void *body, size_t len_bytes);

/* mdp_frame_is: the frame holds exactly these characters. NULL frame: false. */
bool mdp_frame_is(zframe_t *frame, const char *text);

/* mdp_frame_command: the value of a frame of one byte, else -1. NULL frame: -1. */
int mdp_frame_command(zframe_t *frame);

/* mdp_frame_text: copy a frame of printable ASCII as a string. 0; -1 if it is empty, has other bytes, or does not fit. */
int mdp_frame_text(zframe_t *frame, char *text, size_t size);

/* mdp_tag_make: "<job>#<attempt>"; mdp_tag_parse: the reverse, attempt 0 if there is no '#'. 0, or -1: too long, malformed. */
int mdp_tag_make(const char *job, unsigned attempt, char tag[MDP_TAG_SIZE]);
int mdp_tag_parse(const char *tag, char job[MDP_JOB_SIZE], unsigned *attempt);

#endif
