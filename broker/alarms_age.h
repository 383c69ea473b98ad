/* alarms_age: how a pipeline's age begins, and when it begins anew. The second part of alarms.h, on the same rows of the store.
 *
 * threads: one. */
#ifndef AOB_BROKER_ALARMS_AGE_H
#define AOB_BROKER_ALARMS_AGE_H

#include "broker/broker.h"
#include "broker/figures.h"

/* alarms_age_of_copies: does it make copies, that is, has it a transfer? Else a run that ended well is all that can be known. Pure. */
bool alarms_age_of_copies(const struct config_pipeline *pipeline);

/* alarms_age_max_s: the pipeline's max_age in whole seconds, rounded up; 0: any age will do. Pure. */
int64_t alarms_age_max_s(const struct config_pipeline *pipeline);

/* alarms_age_before: the steady clock's time (alarms_now_s), old_s before now_s; old_s is a difference of wall clocks, and so is held between 0 and
 * ten years. Pure. */
int64_t alarms_age_before(int64_t now_s, int64_t old_s);

/* alarms_age_begin: for a pipeline whose age is not known; all that the store tells is a wall clock's time. In a transaction. */
int alarms_age_begin(struct broker *broker, const char *pipeline, struct figures_age *age, struct error *err);

/* alarms_age_look: if nothing of it lies in its vault (another one is configured now, or all is gone there), its age begins anew; likewise if something does again.
 * In a transaction. */
int alarms_age_look(struct broker *broker, const struct config_pipeline *pipeline, struct error *err);

#endif
