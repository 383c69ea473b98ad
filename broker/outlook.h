/* outlook: what the stages measured (totals, free space, speed of the link), and the forecast that follows from it (forecast.h), told by an event when a
 * warning begins or ends.
 *
 * threads: one. */
#ifndef AOB_BROKER_OUTLOOK_H
#define AOB_BROKER_OUTLOOK_H

#include "broker/alarms.h"
#include "broker/broker.h"
#include "broker/runs.h"

#define OUTLOOK_LOOK_MS 60000

/* outlook_measured: what a step that is done measured. Belongs into the step's change. */
int outlook_measured(struct broker *broker, const struct run *run, const char *service, const char *result_json,
                     struct error *err);

void outlook_turn(struct broker *broker); /* of alarms_turn */

/* outlook_words: the warnings as text: "never-caught-up, vault-full"; "" for none. Returns out. */
const char *outlook_words(unsigned warnings, char *out, size_t size);

#endif
