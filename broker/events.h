/* events: the broker's XPUB socket with a last-value cache. A subscriber gets, for each cached topic that matches its
 * subscription, the last event first, then what happens.
 *
 * Frames: [topic "aob.<pipeline>.<what>"][CloudEvents 1.0 object, JSON]. A publish reaches all subscribers of the topic, so
 * those that were there already see a cached event again, with the same `id`; CloudEvents calls such an event a duplicate,
 * to be dropped. A subscriber that does not read loses events; nobody waits for it.
 *
 * lifetime: events_new / events_destroy. threads: one.
 * source: zmq_socket(7) XPUB, ZMQ_XPUB_VERBOSE; github.com/cloudevents/spec v1.0 */
#ifndef AOB_BROKER_EVENTS_H
#define AOB_BROKER_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "broker/security.h"
#include "lib/config.h"
#include "lib/error.h"

#define EVENTS_TOPICS_MAX ((size_t)32 * CONFIG_PIPELINES_MAX) /* kinds of events, in the life of a pipeline */
#define EVENTS_TOPIC_SIZE 128
#define EVENTS_NO_PIPELINE "-"

struct events;

int events_new(const char *endpoint, struct security *security, struct events **events, struct error *err);
void events_destroy(struct events **events);

void *events_handle(struct events *events); /* for zmq_poll */
void events_turn(struct events *events);    /* answers new subscriptions from the cache */

/* events_stage: make an event and hold it back until events_flush (or events_drop). what: "run.started". *data is taken.
 * out: topic and body, to be kept in the store with the change that they tell of; valid until flush or drop.
 * errors: ERR_SYSTEM; then nothing is held back. */
int events_stage(struct events *events, const char *pipeline, const char *what, json_t **data, const char **topic,
                 const char **body, struct error *err);
void events_flush(struct events *events);
void events_drop(struct events *events);

/* events_emit: stage and flush at once, for what changes nothing durable. *data is taken; out of memory: logged. */
void events_emit(struct events *events, const char *pipeline, const char *what, json_t **data);

/* events_restore: put a kept event into the cache, without publishing it. */
int events_restore(struct events *events, const char *topic, const char *body, struct error *err);

/* events_forget: drop from the cache what keep(cookie, pipeline) does not want. */
void events_forget(struct events *events, bool (*keep)(void *cookie, const char *pipeline), void *cookie);

#endif
