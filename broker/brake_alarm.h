/* brake_alarm: the alarm `braked`: a run removed or rewrote so much that the vault holds what is older (docs/vault-format.md "The brake"). The vault decides and
 * remembers; each transfer brings its word, and this is what the broker makes of it. It ends when the vault says that nothing is held, or `aob release` that it
 * has had it released.
 *
 * threads: one. */
#ifndef AOB_BROKER_BRAKE_ALARM_H
#define AOB_BROKER_BRAKE_ALARM_H

#include "broker/runs.h"

/* brake_alarm_told: in: a transfer's result. To be called in a change (runs_change). */
int brake_alarm_told(struct broker *broker, const struct run *run, const char *result_json, struct error *err);

/* brake_alarm_released: a client had the vault release what was held up to this generation; NULL: it found that nothing is held. durable: on return 0. repeat: safe. */
int brake_alarm_released(struct broker *broker, const char *pipeline, const char *generation, struct error *err);

/* brake_alarm_holds: is this generation held, as far as the broker knows? false also if the store can't tell. */
bool brake_alarm_holds(struct broker *broker, const char *pipeline, const char *generation);

#endif
