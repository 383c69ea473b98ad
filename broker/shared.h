/* shared: several pipelines of one source, each into a vault of its own: which of its snapshots others count on, so that whoever removes some leaves them, and whoever needs one
 * may use one of them. threads: one. */
#ifndef AOB_BROKER_SHARED_H
#define AOB_BROKER_SHARED_H

#include <jansson.h>

#include "broker/broker.h"

/* shared_json: the UUIDs of snapshots of the pipeline's source that other pipelines of the same source and host count on: held by a run in flight, an anchor, one of a seed on its
 * way; none twice. NULL: memory is out, or the store can't be read, *err says which. */
json_t *shared_json(struct broker *broker, const char *pipeline, struct error *err);

/* shared_check: a snapshotter answered with another pipeline's snapshot: does that one still count on it? Since it was asked, what it was told may have changed, and the
 * snapshot be about to go. in: result_json: of the step; one that shares nothing is good. errors: ERR_INTERNAL (to be tried again) */
int shared_check(struct broker *broker, const char *pipeline, const char *result_json, struct error *err);

/* shared_source: may both back up the same folder of the same machine? A pipeline without `host` may be of any. Pure. */
bool shared_source(const struct config_pipeline *a, const struct config_pipeline *b);

#endif
