/* source: one watched source: its signals put together into the facts that idle.h decides by.
 *
 * lifetime: source_new / source_destroy. threads: one. */
#ifndef AOB_SOURCE_H
#define AOB_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"
#include "lib/room.h"
#include "lib/subvolume.h"
#include "watcher/idle.h"
#include "watcher/macs.h"

struct source;

/* What the broker says of it. */
struct source_order {
	char pipeline[65];
	char path[4096];
	enum config_kind kind;
	bool snapshots; /* it must lie on btrfs: the pipeline makes snapshots of it. A folder on another file system is an empty mount point then */
	uint64_t idle_ms, max_wait_ms;
	struct mac_quiet quiet; /* of Macs */
	uint64_t apart_ms;      /* between two snapshots of what Macs back up to */
	bool running, paused;
	bool room;                                    /* the broker can't see how full its disk is */
	uint64_t last_ctransid;                       /* of the last generation; 0: none */
	char last_source_uuid[SUBVOLUME_UUID_SIZE];   /* ""; */
	char last_snapshot_uuid[SUBVOLUME_UUID_SIZE]; /* likewise */
	int64_t last_taken_s;
	int64_t waiting_since_s; /* wall clock: since when there is something that no run has made a generation of; 0: not known */
	uint64_t clean_ctransid; /* of the last clean generation; 0: none */
	char clean_source_uuid[SUBVOLUME_UUID_SIZE];
	struct macs_past *past; /* what is known of its Macs; source_order_done */
	size_t n_past;
};
void source_order_done(struct source_order *order);

struct source_report {
	const char *pipeline; /* borrowed, as long as the source lives */
	struct idle_verdict verdict;
	int64_t since_s; /* wall clock: when this state began */
	int64_t wall_s;  /* now */
	uint64_t ctransid;
	bool time_machine;
	char uuid[SUBVOLUME_UUID_SIZE]; /* of the subvolume, or of what takes its place; "" */
	const struct macs *macs;        /* borrowed until the next look; NULL: none */
	bool room_seen;                 /* as the broker wants it: */
	struct room room;
};

struct source *source_new(void); /* NULL: out of memory */
void source_destroy(struct source **source);

const char *source_pipeline(const struct source *source);
/* source_update: what the broker says now; another path begins the watch anew. Takes order->past. */
void source_update(struct source *source, struct source_order *order);
/* source_fd: readable when something was written; -1: none. */
int source_fd(const struct source *source);
/* source_look: read all signals, decide. Call once a second and whenever source_fd is readable. A source that can't be read is `unknown`, with the
 * cause as the reason, and is tried again. files: one for all sources. wall_s: the wall clock. */
struct source_report source_look(struct source *source, struct signal_openfiles *files, int64_t now_ms, int64_t wall_s);

#endif
