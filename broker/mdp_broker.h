/* mdp_broker: the broker's ROUTER for workers and clients: Majordomo 0.2 (ZeroMQ RFC 18; frames in lib/mdp.h and
 * docs/protocol.md), mmi.service (RFC 8), heartbeats and liveness by the monotonic clock. It knows workers and messages, and
 * nothing of runs: what happens is told to hooks.
 *
 * Every message comes from outside: malformed ones are dropped and logged (at a bounded rate), unexpected ones answered with
 * DISCONNECT.
 *
 * lifetime: mdp_broker_new / mdp_broker_destroy. threads: one. Times: zclock_mono(). */
#ifndef AOB_BROKER_MDP_BROKER_H
#define AOB_BROKER_MDP_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/reply.h"
#include "broker/security.h"
#include "broker/service.h"
#include "lib/error.h"

struct mdp_broker;

struct mdp_broker_hooks {
	/* A new worker; ready->tags is what it has in hand. It is idle unless the hook gives it a tag (service_use). */
	void (*ready)(void *cookie, struct worker *worker, const struct reply_ready *ready);
	void (*partial)(void *cookie, struct worker *worker, const void *body, size_t len_bytes);
	/* The answer to tag; the worker is idle again. worker NULL: from one that is not known (any more), but bears a tag. */
	void (*final)(void *cookie, struct worker *worker, const char *tag, const void *body, size_t len_bytes);
	/* The worker is removed after this. said_so: by DISCONNECT; else it fell silent. */
	void (*gone)(void *cookie, struct worker *worker, bool said_so);
	/* A client's request to aob.broker. Returns the reply, free(3); NULL: none is sent. */
	char *(*ask)(void *cookie, const void *body, size_t len_bytes);
};

/* mdp_broker_new: bound to endpoint. hooks and cookie are borrowed. errors: as security_bind. */
int mdp_broker_new(const char *endpoint, struct security *security, const struct mdp_broker_hooks *hooks, void *cookie,
                   struct mdp_broker **mdp, struct error *err);
void mdp_broker_destroy(struct mdp_broker **mdp);

void *mdp_broker_handle(struct mdp_broker *mdp); /* for zmq_poll */
int64_t mdp_broker_wait_ms(struct mdp_broker *mdp, int64_t now_ms);

/* mdp_broker_turn: receive what waits (a bounded number), then heartbeats and expiry. errors: ERR_SYSTEM. */
int mdp_broker_turn(struct mdp_broker *mdp, int64_t now_ms, struct error *err);

struct service_table *mdp_broker_services(struct mdp_broker *mdp);

/* mdp_broker_request: give the worker a job. errors: ERR_LINK: the worker can't be reached; mdp_broker_drop it. */
int mdp_broker_request(struct mdp_broker *mdp, struct worker *worker, const char *tag, const char *body,
                       struct error *err);
/* mdp_broker_cancel: ask the worker to stop what it has in hand; nothing if it does not know how to. */
void mdp_broker_cancel(struct mdp_broker *mdp, struct worker *worker);
/* mdp_broker_drop: DISCONNECT, the hook `gone`, and away with it. */
void mdp_broker_drop(struct mdp_broker *mdp, struct worker **worker);

#endif
