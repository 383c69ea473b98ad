/* broker: the parts put together: what the modules of this folder share. broker.c opens, loops and closes.
 *
 * Changes of what is durable go by broker_begin … broker_commit: the store's transaction and the events that tell of it, so
 * that an event is published exactly if its change is committed. threads: one. */
#ifndef AOB_BROKER_BROKER_H
#define AOB_BROKER_BROKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/events.h"
#include "broker/history_trim.h"
#include "broker/mdp_broker.h"
#include "broker/run_store.h"
#include "broker/security.h"
#include "broker/steady.h"
#include "lib/by_name.h"
#include "lib/config.h"
#include "lib/error.h"
#include "lib/log_limit.h"

#define BROKER_STORE_RETRY_MS 5000

struct alarms_clock;
struct hold_note;
struct process_watch;
struct run;
struct watch_state;

struct broker {
	const char *path; /* of the configuration; borrowed */
	struct config *config;
	struct run_store *store;
	struct security *security;
	struct events *events;
	struct mdp_broker *mdp;
	struct run *runs;            /* in flight; one a pipeline, and one of care */
	struct watch_state *watches; /* one a pipeline */
	struct hold_note *hold_notes;
	struct by_name runs_of, care_of,
	        run_ids; /* the same runs: those that are no care, and care, by pipeline; all, by ID */
	struct by_name watch_names, clock_names, note_names; /* the same watches, clocks and notes, by pipeline */
	struct process_watch *processes;                     /* those that die */
	int64_t holds_ms;                                    /* when the disks are looked at next */
	struct alarms_clock *clocks;                         /* one a pipeline */
	struct steady steady;                                /* what ages are counted on */
	int64_t alarms_up_s;                                 /* on it: since when this broker is up */
	int64_t alarms_ms, outlook_ms;                       /* when they are looked at next */
	int64_t care_ms;                                     /* likewise what is due in the vaults */
	bool alarms_stale;                                   /* the store knows more than one of the clocks */
	uint64_t queued;                                     /* counter for the order of jobs */
	int64_t now_ms;                                      /* monotonic, of this turn */
	int64_t lease_ms;
	int64_t trim_at_ms, give_back_at_ms;
	struct history_trim trim; /* how far the pass under way has come */
	int64_t store_retry_ms;   /* the store failed: nothing is changed by timers before */
	bool store_trouble;
	int64_t store_trouble_ms;                   /* since when */
	struct error store_error;                   /* which */
	struct log_limit comings, goings, outdated; /* of what any peer can cause as often as it likes */
	int64_t started_at;                         /* wall clock */
	int signal_fd;
};

/* broker_open: everything loaded, checked, locked and bound; runs that were in flight are taken up.
 * in:      path of the configuration, borrowed for the broker's life; lease_ms: how long jobs wait for their worker (MDP_LEASE_MS)
 * errors:  ERR_CONFIG (faults on stderr), ERR_LOCKED, ERR_DAMAGED, ERR_PERMISSION, … */
int broker_open(const char *path, int64_t lease_ms, struct broker **broker, struct error *err);

/* broker_loop: until SIGTERM or SIGINT. errors: ERR_SYSTEM. */
int broker_loop(struct broker *broker, struct error *err);
void broker_close(struct broker **broker);

int64_t broker_wall(void); /* seconds since 1970, for display */

int broker_begin(struct broker *broker, struct error *err);
/* broker_event: stage an event inside a change and keep it as its topic's last. *data is taken. */
int broker_event(struct broker *broker, const char *pipeline, const char *what, json_t **data, struct error *err);
/* broker_commit: on failure everything is undone, held back events too, as by broker_undo. */
int broker_commit(struct broker *broker, struct error *err);
/* broker_drop: what the change has done so far is undone, held back events too. */
void broker_drop(struct broker *broker);
/* broker_undo: and remember that the store is in trouble, for err, which is logged once. */
void broker_undo(struct broker *broker, const struct error *err);

#endif
