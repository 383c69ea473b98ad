/* status_json: the broker's state as the JSON objects of docs/protocol.md (results of the verbs status, run-info,
 * generations, watch-report). Reads only. Each returns a new reference, or NULL with *err set. threads: one. */
#ifndef AOB_BROKER_STATUS_JSON_H
#define AOB_BROKER_STATUS_JSON_H

#include <jansson.h>

#include "broker/broker.h"

/* status_json_error: {"code", "message"}, or null for ERR_NONE. Control characters are escaped, lines are kept. */
json_t *status_json_error(const struct error *error);
/* status_json_running: a run in flight; null: none. */
json_t *status_json_running(const struct broker *broker, const struct run *run);

json_t *status_json(struct broker *broker, struct error *err);
json_t *status_json_run(struct broker *broker, const char *run, struct error *err);
json_t *status_json_generations(struct broker *broker, const char *pipeline, struct error *err);
json_t *status_json_watched(struct broker *broker, const char *host, struct error *err);

#endif
