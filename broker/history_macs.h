/* history_macs: what the run store knows of the Macs that back up to a source: in each generation, and across the watcher's restarts. Belongs to history.h,
 * with the same conventions. */
#ifndef AOB_BROKER_HISTORY_MACS_H
#define AOB_BROKER_HISTORY_MACS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/history.h"

#define HISTORY_MACS_MAX 64 /* of one generation, and of one source */
#define HISTORY_MACS_BUNDLE_SIZE 512
#define HISTORY_MACS_NAME_SIZE 128

struct history_macs_row {                      /* a Mac in a generation */
	char bundle[HISTORY_MACS_BUNDLE_SIZE]; /* path below the source */
	char name[HISTORY_MACS_NAME_SIZE];
	char state[16];       /* "finished", "unfinished", "in-flight" */
	int64_t completed_at; /* its last completed backup, by the Mac's clock; 0: none, or not known */
	bool verification_failed;
};

/* history_macs_add: repeat: safe. */
int history_macs_add(struct run_store *store, const char *pipeline, const char *generation,
                     const struct history_macs_row *mac, struct error *err);
int history_macs_each(struct run_store *store, const char *pipeline, const char *generation,
                      void (*each)(void *cookie, const struct history_macs_row *mac), void *cookie, struct error *err);

/* history_macs_last_clean: the newest clean generation that is not pruned. Returns as history_last_good. */
int history_macs_last_clean(struct run_store *store, const char *pipeline, struct history_generation *generation,
                            struct error *err);

/* What the watcher remembers of a bundle: the completion that stands for no rest any more (macs[].used_at of the protocol). */
int history_macs_used_save(struct run_store *store, const char *pipeline, const char *bundle, int64_t used_at,
                           struct error *err);
int history_macs_used_forget(struct run_store *store, const char *pipeline, struct error *err); /* of all its bundles */
int history_macs_used_each(struct run_store *store, const char *pipeline,
                           void (*each)(void *cookie, const char *bundle, int64_t used_at), void *cookie,
                           struct error *err);

#endif
