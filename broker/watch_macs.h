/* watch_macs: the Macs of one source, as the watcher tells them, as JSON of docs/protocol.md, and what is remembered of them for the watcher. Part of watch_state.
 *
 * threads: one. */
#ifndef AOB_BROKER_WATCH_MACS_H
#define AOB_BROKER_WATCH_MACS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "broker/history_macs.h"

struct watch_macs_one {
	char bundle[HISTORY_MACS_BUNDLE_SIZE];
	char name[HISTORY_MACS_NAME_SIZE];
	char state[16]; /* "running", "finished", "interrupted" */
	char trouble[HISTORY_MACS_NAME_SIZE];
	bool finished, attached, verification_failed;
	int64_t completed_at, used_at, wrote_at, handles;
};

struct watch_macs {
	struct watch_macs_one *list;
	size_t n;
};

/* watch_macs_parse: the list `macs` of a report (NULL: none). out: *macs, watch_macs_done. errors: ERR_INPUT, ERR_SYSTEM */
int watch_macs_parse(json_t *list, struct watch_macs *macs, struct error *err);
void watch_macs_done(struct watch_macs *macs);

/* As `status` shows them, and as a snapshot's request has them. New references; NULL: out of memory. */
json_t *watch_macs_json(const struct watch_macs *macs);
json_t *watch_macs_rest_json(const struct watch_macs *macs);

/* watch_macs_remember: used_at of all goes into the store, in place of what was there; of none: that stays. errors: of the store */
int watch_macs_remember(struct broker *broker, const char *pipeline, const struct watch_macs *now, struct error *err);

/* watch_macs_past: what the watcher is told when it begins: [{"bundle", "used_at", "clean_at"}], and the last clean generation, whose ctransid is 0 if there is
 * none. errors: of the store, ERR_SYSTEM */
int watch_macs_past(struct broker *broker, const char *pipeline, json_t **list, struct history_generation *clean,
                    struct error *err);

#endif
