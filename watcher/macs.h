/* macs: the Macs that back up below one source: their bundles found, read, told apart, and put together: have all come to rest, who keeps the source awake?
 * The decision about each is mac.h's. Bundles that Time Machine has left no mark in (somebody's own disk image) are listed too, as they may become a Mac's, but
 * what happens in them counts as what happens to any other file.
 *
 * lifetime: macs_init / macs_done. threads: one. */
#ifndef AOB_MACS_H
#define AOB_MACS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/time_machine.h"
#include "watcher/idle.h"
#include "watcher/mac.h"
#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"

struct macs_one {
	struct time_machine marks; /* as last read */
	struct mac mac;
	struct mac_verdict verdict;
	int64_t newest_s; /* its last change before the watch began; 0: not known */
	int64_t read_ms;
	bool to_read; /* written to since */
	uint64_t handles_hash;
	bool handles_seen;
};

struct macs {
	struct macs_one *list; /* in the order of their paths */
	size_t n;
	bool more;        /* there are bundles beside these, see time_machine_find */
	int64_t found_ms; /* when they were looked for; -1: never */
};

/* What the broker remembers of a bundle: of an earlier watch, and of the last clean generation. */
struct macs_past {
	char bundle[TIME_MACHINE_PATH_SIZE];
	int64_t used_at_s;  /* 0: nothing */
	int64_t clean_at_s; /* its completion in the last clean generation; 0: not in it */
};

void macs_init(struct macs *macs);
void macs_done(struct macs *macs);

/* macs_any: does Time Machine back up to one of them? A disk image of another kind alone makes no Time Machine source. */
bool macs_any(const struct macs *macs);

/* macs_find: look for the bundles anew; those that are known stay as they are, also under another name. One that comes to a watch under way with a completion is judged as
 * those that are there when the watch begins, by what came behind that. errors: by errno, ERR_SYSTEM */
int macs_find(struct macs *macs, int folder_fd, const struct mac_quiet *quiet, int64_t now_ms, int64_t wall_s,
              struct error *err);

/* macs_catch_up: what happened before the watch began. Reads all bundles that were written to since the last clean generation file by file, so once only.
 * since: the subvolume's counter at the last clean generation; 0: there is none, or it was of another subvolume
 * below: where in its subvolume the source lies; "" */
void macs_catch_up(struct macs *macs, int folder_fd, const struct macs_past *past, size_t n_past, uint64_t since,
                   const char *below, const struct mac_quiet *quiet);

/* What is no Mac's. */
struct macs_others {
	uint64_t bundles; /* told of a bundle that is not in the list (yet); bits as in signal_told */
	bool files;       /* told of one that is no Mac's */
};
/* macs_told: what inotify has told of the bundles. */
struct macs_others macs_told(struct macs *macs, const struct signal_inotify *inotify, const struct signal_told *told,
                             const struct mac_quiet *quiet, int64_t now_ms);
/* macs_unknown: something has changed, and nobody knows where. wrote: it must be taken for a write. */
void macs_unknown(struct macs *macs, bool wrote, const struct mac_quiet *quiet, int64_t now_ms);
/* macs_ask: btrfs tells which bundles were written to since a value of the subvolume's counter, of what is written back. below: as macs_catch_up. Returns whether any
 * was. */
bool macs_ask(struct macs *macs, int folder_fd, uint64_t since, const char *below, const struct mac_quiet *quiet,
              int64_t now_ms);

/* macs_handles: who has what open. */
struct macs_changed {
	bool macs;  /* a Mac's set has changed */
	bool files; /* that of another bundle */
};
struct macs_changed macs_handles(struct macs *macs, const struct signal_openfiles *files, const char *folder, dev_t dev,
                                 int64_t now_ms);

/* macs_read: the property lists of those that were written to, if they were last read min_age_ms ago; all: of all. */
void macs_read(struct macs *macs, int folder_fd, bool all, int64_t min_age_ms, int64_t now_ms, int64_t wall_s);

/* macs_decide: of each, and who must be waited for longest. */
struct macs_rest {
	int64_t left_ms, quiet_ms;
	uint64_t need_ms;
	char holder[IDLE_HOLDER_SIZE];
};
struct macs_rest macs_decide(struct macs *macs, const struct mac_quiet *quiet, int64_t now_ms);

#endif
