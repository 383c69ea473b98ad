/* history: what the run store knows of the past: generations, last runs, pauses, the watcher's clocks. The other half of
 * run_store.h, on the same struct; changes belong into a transaction as there.
 *
 * Readers return 1 (found), 0 (none), -1 (error). */
#ifndef AOB_BROKER_HISTORY_H
#define AOB_BROKER_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/run_store.h"

#define HISTORY_ROWS_MAX 2000 /* of one answer */
#define HISTORY_DAYS_MAX 400  /* of one answer */
#define HISTORY_TEXT_SIZE 128
#define HISTORY_REASON_SIZE 512 /* of the watcher, escaped */

struct history_generation {
	char pipeline[CONFIG_NAME_MAX + 1];
	char generation[HISTORY_TEXT_SIZE];
	char run[RUN_ID_SIZE];
	char state[32];
	char vault[CONFIG_NAME_MAX + 1];
	char snapshot_uuid[HISTORY_TEXT_SIZE];
	char source_uuid[HISTORY_TEXT_SIZE];
	int64_t taken_at, published_at;
	int64_t files, bytes, literal_bytes, wire_sent;
	int64_t ctransid;
	bool pruned;
	char root[65];  /* to be recorded; "": not compared. Of one that was read, history_root tells it */
	bool unchanged; /* not in the store: an older generation, found to hold this snapshot's content too */
};

struct history_run {
	char run[RUN_ID_SIZE];
	char pipeline[CONFIG_NAME_MAX + 1];
	bool whole;
	char trigger[16];
	bool dry_run;
	enum run_state state;
	int64_t started_at;
	int64_t ended_at; /* 0: has not */
	struct error error;
};

struct history_watch {
	char state[16];
	char reason[HISTORY_REASON_SIZE];
	int64_t since;
	int64_t ctransid;
	int64_t reported_at;
};

/* history_publish: repeat: safe; the first time of publishing stays, what it is known to be the state of (snapshot time and counter) is the last's,
 * but a counter that is not known (0) takes no known one of the same source away. */
int history_publish(struct run_store *store, const struct history_generation *generation, struct error *err);
/* history_root: the root hash of a generation; "" if none is known. returns 0, -1 */
int history_root(struct run_store *store, const char *pipeline, const char *generation, char root[65],
                 struct error *err);

/* history_prune: mark as gone. Returns 1 if it was there and not marked yet, 0 if not, -1. */
int history_prune(struct run_store *store, const char *pipeline, const char *generation, struct error *err);
/* history_vault_has: what the vault has is known: its generations (a JSON array of names) are not marked, all others of the pipeline are.
 * gone: called for each that is marked now; 0 or -1 (stops). errors: of the store, gone's own */
int history_vault_has(struct run_store *store, const char *pipeline, const char *names_json,
                      int (*gone)(void *cookie, const char *generation, struct error *err), void *cookie,
                      struct error *err);
/* The newest generation that is not pruned. */
int history_last_good(struct run_store *store, const char *pipeline, struct history_generation *generation,
                      struct error *err);
/* history_last_good_in: likewise, of those in the vault of that name: what lies in the one that the configuration named before makes nothing safe in this one. */
int history_last_good_in(struct run_store *store, const char *pipeline, const char *vault,
                         struct history_generation *generation, struct error *err);
/* history_last_rest: of a pipeline that makes no generations: the newest rest that a run which ended well was asked for at; fills ctransid, source_uuid, and taken_at: when it
 * began. Returns 1, 0 (none; *rest is left alone), -1. */
int history_last_rest(struct run_store *store, const char *pipeline, struct history_generation *rest,
                      struct error *err);
/* history_anchor: the newest generation, if the snapshot that it was made of is known and was not given up: the anchor. */
int history_anchor(struct run_store *store, const char *pipeline, struct history_generation *anchor, struct error *err);
/* history_give_up: the anchor of this UUID is counted on no more. */
int history_give_up(struct run_store *store, const char *pipeline, const char *snapshot_uuid, int64_t now,
                    struct error *err);
/* history_generations: newest first, pruned ones last, at most HISTORY_ROWS_MAX; pipeline NULL: of all. out: *left_out: so many more are not pruned, older ones */
int history_generations(struct run_store *store, const char *pipeline,
                        void (*each)(void *cookie, const struct history_generation *generation), void *cookie,
                        int64_t *left_out, struct error *err);

struct history_day { /* of UTC */
	int64_t day; /* since 1970 */
	int64_t generations, literal_bytes, wire_sent;
	int64_t bytes; /* of the newest of its generations */
};
/* history_days: the last HISTORY_DAYS_MAX days with generations, pruned ones too, newest first: what a list of generations, which is cut, can't tell. */
int history_days(struct run_store *store, const char *pipeline,
                 void (*each)(void *cookie, const struct history_day *day), void *cookie, struct error *err);

int history_run(struct run_store *store, const char *run, struct history_run *found, struct error *err);
/* The newest whole, real run of a pipeline. */
int history_last_run(struct run_store *store, const char *pipeline, struct history_run *found, struct error *err);
int history_steps(struct run_store *store, const char *run,
                  void (*each)(void *cookie, const struct run_step *step, const char *result_json,
                               const struct error *error),
                  void *cookie, struct error *err);

int history_paused(struct run_store *store, const char *pipeline, struct error *err);
int history_pause(struct run_store *store, const char *pipeline, bool pause, int64_t now, struct error *err);

int history_watch(struct run_store *store, const char *pipeline, struct history_watch *watch, struct error *err);
int history_watch_save(struct run_store *store, const char *pipeline, const struct history_watch *watch,
                       struct error *err);

#endif
