/* mdp_worker: the broker's counterpart in a stage: a Majordomo 0.2 worker (RFC 18, docs/protocol.md) that has one job in hand
 * at a time and does not lose it when the broker goes and comes back.
 *
 * It does no work and never waits; its owner polls mdp_worker_handle, and calls mdp_worker_turn when that is readable or
 * mdp_worker_wait_ms has passed. A FINAL is kept until the broker has been heard from for a while after it, and is sent
 * again to a broker that was away; the fencing number in its tag makes a second one harmless.
 *
 * lifetime: mdp_worker_new / mdp_worker_destroy. threads: one. Times are of the monotonic clock, zclock_mono(). */
#ifndef AOB_MDP_WORKER_H
#define AOB_MDP_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

struct mdp_worker;

struct mdp_worker_options { /* all borrowed for the worker's life */
	const char *endpoint;
	const struct config_curve *curve;
	const char *service;
	const char *worker; /* a name for people: `aob status` */
	const char *host;
};

enum mdp_worker_event {
	MDP_WORKER_NOTHING,
	MDP_WORKER_JOB,   /* mdp_worker_request is the new job in hand */
	MDP_WORKER_CANCEL /* the job in hand is not wanted any more; a FINAL is still due */
};

/* mdp_worker_new: connects and says READY; does not wait for the broker. errors: ERR_CONFIG, ERR_SYSTEM. */
int mdp_worker_new(const struct mdp_worker_options *options, struct mdp_worker **worker, struct error *err);

/* mdp_worker_destroy: says DISCONNECT: a job in hand goes back to the broker, which gives it out again. */
void mdp_worker_destroy(struct mdp_worker **worker);

/* The socket to poll for ZMQ_POLLIN; NULL while there is none. Changes from turn to turn. */
void *mdp_worker_handle(const struct mdp_worker *worker);
int64_t mdp_worker_wait_ms(const struct mdp_worker *worker, int64_t now_ms);

/* mdp_worker_turn: receive what has come, up to the first event; send heartbeats; find out that the broker is gone, and
 * connect anew. Call again until it is MDP_WORKER_NOTHING. errors: ERR_SYSTEM. */
int mdp_worker_turn(struct mdp_worker *worker, int64_t now_ms, enum mdp_worker_event *event, struct error *err);

/* The request of the job in hand, valid until its FINAL; NULL if there is none. */
const void *mdp_worker_request(const struct mdp_worker *worker, size_t *len_bytes);

/* mdp_worker_partial, mdp_worker_final: progress or the reply of the job in hand, as JSON text; nothing without a job. A
 * PARTIAL that cannot be sent is dropped, a FINAL is kept and sent later. */
void mdp_worker_partial(struct mdp_worker *worker, const char *json, int64_t now_ms);
void mdp_worker_final(struct mdp_worker *worker, const char *json, int64_t now_ms);

#endif
