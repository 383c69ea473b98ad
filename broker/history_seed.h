/* history_seed: what the run store knows of a seed that is on its way: a generation on a disk that a person carries to the vault. One a pipeline, the newest. Part of history.h;
 * changes belong into a transaction. */
#ifndef AOB_BROKER_HISTORY_SEED_H
#define AOB_BROKER_HISTORY_SEED_H

#include "broker/history.h"

#define HISTORY_SEED_ROOT_SIZE 4096

struct history_seed {
	char pipeline[CONFIG_NAME_MAX + 1];
	char run[RUN_ID_SIZE];
	char generation[HISTORY_TEXT_SIZE];
	char snapshot_uuid[HISTORY_TEXT_SIZE]; /* the first run's anchor; "": given up */
	char root[HISTORY_SEED_ROOT_SIZE];
	char root_hash[HISTORY_TEXT_SIZE]; /* as this machine computed it; "": not known */
	int64_t taken_at, written_at;
	int64_t files, bytes;
};

/* history_seed: 1: found, 0: none is on its way, -1. */
int history_seed(struct run_store *store, const char *pipeline, struct history_seed *seed, struct error *err);
/* history_seed_keep: in the place of one before. */
int history_seed_keep(struct run_store *store, const struct history_seed *seed, struct error *err);
/* history_seed_drop: it was taken up, or is given up. 1: there was one, 0, -1. */
int history_seed_drop(struct run_store *store, const char *pipeline, struct error *err);
/* history_seed_give_up: its snapshot goes; the seed itself is on its way all the same. */
int history_seed_give_up(struct run_store *store, const char *pipeline, struct error *err);

#endif
