/* seeding: a first generation on a disk that a person carries to the vault. The run that writes it is one like others, but into another vault, and it makes nothing safe: what is on its
 * way is in no vault yet. From its end until the seed is taken up there, the pipeline's runs wait (the transfer asks the vault), and its snapshot stays.
 *
 * threads: one. */
#ifndef AOB_BROKER_SEEDING_H
#define AOB_BROKER_SEEDING_H

#include <jansson.h>

#include "broker/broker.h"
#include "broker/runs.h"

/* seeding_root_valid: may a seed go there? Only into a folder of a seed's name, by a path without "..". Who may write there the transfer looks at. Pure. */
bool seeding_root_valid(const char *root);

/* seeding_written: the step `transfer` of a run that writes a seed is done. Belongs into the step's change. */
int seeding_written(struct broker *broker, const struct run *run, const char *result_json, const char *snapshot_json,
                    struct error *err);

/* seeding_arrived: does a transfer's result say that the seed was taken up? Then nothing is on its way any more. Belongs into the step's change. */
int seeding_arrived(struct broker *broker, const struct run *run, const char *result_json, struct error *err);

/* seeding_forget: it is lost, or not wanted any more: runs go on over the link. durable. errors: ERR_NOT_FOUND (none is on its way), of the store */
int seeding_forget(struct broker *broker, const char *pipeline, struct error *err);

/* seeding_json: as in status: an object, or null. A new reference; NULL with *err. */
json_t *seeding_json(struct broker *broker, const char *pipeline, struct error *err);

#endif
