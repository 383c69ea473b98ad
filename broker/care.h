/* care: what lies in the vaults is looked after, by runs of one step that go on beside the pipelines' own runs, count as none of them, and hold none of them up, one at a time a pipeline: `verify`, a share of a
 * round each night (verifier/), and `rehearse`, now and then (rehearser/). What comes of it is an alarm, `damaged`, if something can't be mended, or `not-restorable`, and is told by events. One that fails is
 * begun again, not sooner than after an hour.
 *
 * threads: one. source: docs/configuration.md "Verifying", "Rehearsing" */
#ifndef AOB_BROKER_CARE_H
#define AOB_BROKER_CARE_H

#include "broker/broker.h"
#include "broker/runs.h"

/* care_turn: begins what is due: where something lies in the vault, a worker is there for it, and nothing of the pipeline is in flight. */
void care_turn(struct broker *broker);

/* care_check: is what a worker answered of the form that care_done takes? errors: ERR_PROTOCOL */
int care_check(const struct run *run, const char *result_json, struct error *err);

/* care_done: a run of care has ended well: to be called in a change, with what care_check has passed. errors: of the store */
int care_done(struct broker *broker, const struct run *run, const char *result_json, struct error *err);

/* care_told: a client has done it by itself. service: which kind; result: as that stage's. errors: those of care_check, of the store */
int care_told(struct broker *broker, const struct config_pipeline *pipeline, const char *service, const json_t *result,
              struct error *err);

/* care_json: for status: a member for each kind, named after its service: what was done, how it was, and the failure since, if there was one. errors: of the store, ERR_SYSTEM */
int care_json(struct broker *broker, const struct config_pipeline *pipeline, json_t *json, struct error *err);

#endif
