/* alarms_age: how a pipeline's age begins, and when it begins anew. The second part of alarms.h, on the same rows of the store.
 *
 * threads: one. */
#ifndef AOB_BROKER_ALARMS_AGE_H
#define AOB_BROKER_ALARMS_AGE_H

#include "broker/broker.h"
#include "broker/figures.h"

#define ALARMS_AGE_MOST_S ((int64_t)3650 * 86400)

/* alarms_age_of_copies: does it make copies, that is, has it a transfer? Else a run that ended well is all that can be known. Pure. */
bool alarms_age_of_copies(const struct config_pipeline *pipeline);

/* alarms_age_begin: for a pipeline whose age is not known; all that the store tells is a wall clock's time. In a transaction. */
int alarms_age_begin(struct broker *broker, const char *pipeline, struct figures_age *age, struct error *err);

/* alarms_age_look: if nothing of it lies in its vault (another one is configured now, or all is gone there), its age begins anew; likewise if something does again.
 * In a transaction. */
int alarms_age_look(struct broker *broker, const struct config_pipeline *pipeline, struct error *err);

#endif
