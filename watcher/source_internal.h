/* source_internal: what the parts of a source share: source.c (its life, and the decision), source_hold.c (taking hold of it, and letting go), source_signals.c (what its
 * signals tell). For these three alone. */
#ifndef AOB_SOURCE_INTERNAL_H
#define AOB_SOURCE_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"
#include "lib/tree_scan.h"
#include "watcher/source.h"

struct source {
	struct source_order order;
	char real[PATH_MAX];
	char below[PATH_MAX]; /* where it lies in its subvolume */
	bool held;            /* the watch has begun, on this folder: */
	bool pass_stale;      /* written to since the scan's pass under way began */
	dev_t dev;
	ino_t ino;
	struct signal_inotify *inotify;
	struct tree_scan *scan;     /* instead of btrfs's counter; NULL: on btrfs */
	int64_t scan_due_ms;        /* when a pass is due though nothing happened */
	int64_t pass_ms;            /* when the pass under way began */
	struct subvolume subvolume; /* as last read; a scan's fingerprint stands for its counter */
	bool read_once;
	bool explained; /* inotify told of writes since the counter last moved */
	bool settled;   /* synced in this quiet time: what is written from now on moves the counter */
	bool confirmed;
	bool wrote_unseen;        /* inotify told of writes that the counter may not show yet */
	int64_t last_activity_ms; /* of files outside of Macs' bundles; where there are no Macs, of all */
	enum idle_sign sign;      /* what that was */
	int64_t changed_since_ms; /* -1: not changed */
	struct macs macs;
	/* Where inotify can't tell which bundle is written to, btrfs is asked. */
	bool lost;      /* events were lost since it was asked behind a sync */
	bool to_ask;    /* the counter moved since it was asked */
	uint64_t asked; /* what changed up to this value of the counter is known */
	int64_t asked_ms;
	uint64_t handles_hash;
	int64_t handles_ms; /* when they were looked at; -1: not since the watch began */
	int64_t state_since_s;
	enum idle_state state;
	bool to_find;      /* folders came or went since bundles were looked for */
	bool said_failing; /* that it can't be watched: once, not at each look */
	bool said_more;    /* that there are more bundles than are looked after */
};

/* What one look works with. */
struct look {
	struct source *source;
	struct signal_openfiles *files;
	int fd; /* of the source's folder */
	int64_t now_ms, wall_s;
};

/* source_hold_open: the folder is opened for each look and not held, so that its disk can be unmounted. errors: by errno */
int source_hold_open(struct source *source, int *fd, struct stat *st, struct error *err);
/* source_hold_take: the watch begins. errors: by errno, ERR_CONFIG, ERR_NOT_FOUND (another disk lies there) */
int source_hold_take(const struct look *look, const struct stat *st, struct error *err);
/* source_hold_is_other: another folder lies in its place: a subvolume that was rolled back, a disk mounted over it. */
bool source_hold_is_other(const struct look *look, const struct stat *st);
/* source_hold_name: what stands for the subvolume's UUID where there is none. It stays the one that the last generation was recorded with, if this is that file system: else a name
 * that can be told better by now would look like another disk. */
void source_hold_name(const struct look *look, char name[SUBVOLUME_UUID_SIZE]);
/* source_hold_let_go: as if the watch had not begun. */
void source_hold_let_go(struct source *source);

/* source_signals_…: each takes in what its signal tells. errors: by errno */
void source_signals_events(const struct look *look);
int source_signals_find(const struct look *look, struct error *err); /* bundles, anew */
int source_signals_counter(const struct look *look, struct error *err);
void source_signals_handles(const struct look *look, int64_t every_ms);
int source_signals_sync(const struct look *look,
                        struct error *err); /* the file system: all is written back, and btrfs's transaction ends */
/* In the middle of the quiet time: a write within btrfs's open transaction does not move the counter a second time, one after a sync does. So an
 * unseen writer (mmap) shows by the next look. */
int source_signals_settle(const struct look *look, struct error *err);
/* Makes sure that the quiet is real: everything is written back, and the counter has not moved by it unexplained; the handles are still the same, and
 * the bundles say what they said. */
int source_signals_confirm(const struct look *look, struct error *err);
/* Passes over a source that nobody keeps count of: one at first, one now and then, and one that began after the quiet time and finds nothing new. */
int source_signals_look_through(const struct look *look, const struct macs_rest *rest, struct error *err);
/* A sign that files are not at rest. */
void source_signals_active(struct source *source, enum idle_sign sign, int64_t now_ms);
/* Between looks at what is open, and readings of property lists, a part of the time that must be quiet, where that is short. */
int64_t source_signals_every(int64_t usual_ms, uint64_t need_ms);

/* source_is_time_machine, source_is_changed: as far as known. */
bool source_is_time_machine(const struct source *source);
bool source_is_changed(const struct source *source);

#endif
