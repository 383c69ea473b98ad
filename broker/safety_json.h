/* safety_json: how safe a pipeline is, as the members of docs/protocol.md "status": ages, alarms, what waits, space, forecast, totals. Reads only.
 *
 * threads: one. */
#ifndef AOB_BROKER_SAFETY_JSON_H
#define AOB_BROKER_SAFETY_JSON_H

#include <jansson.h>

#include "broker/broker.h"
#include "broker/forecast.h"

/* safety_json_add: into pipeline's object. errors: of the store, ERR_SYSTEM; what is in the object then is not to be used */
int safety_json_add(struct broker *broker, const struct config_pipeline *pipeline, json_t *object, struct error *err);

/* safety_json_forecast: a new reference; NULL: out of memory. */
json_t *safety_json_forecast(const struct forecast *forecast);

/* safety_json_waiting: what the pipeline waits for or does, in words (waiting.h). Returns whether something waits. */
bool safety_json_waiting(struct broker *broker, const struct config_pipeline *pipeline, char *out, size_t size);

#endif
