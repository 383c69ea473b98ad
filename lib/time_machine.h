/* time_machine: the bundles that Macs back up to below a source, and what their property lists say. The same for the live source (watcher) and for a
 * snapshot of it (snapshotter).
 *
 * What lies there was written by whoever may write to the share: everything read is bounded, no symlink is followed, no other file system entered, no
 * access time moved (btrfs's counter would move by it).
 *
 * threads: none shared. source: docs/idleness.md "Time Machine" */
#ifndef AOB_TIME_MACHINE_H
#define AOB_TIME_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define TIME_MACHINE_BUNDLES_MAX 64      /* of one source; with more of them it never is clean */
#define TIME_MACHINE_DEPTH 3             /* a bundle is looked for in the source's own folder, and in those two below */
#define TIME_MACHINE_FOLDERS_MAX 20000   /* that are looked into … */
#define TIME_MACHINE_ENTRIES_MAX 2000000 /* … and names in them */
#define TIME_MACHINE_SWEEP_MAX 500000
#define TIME_MACHINE_AHEAD_S 86400 /* dates further ahead of our clock are those of a clock that was wrong */
#define TIME_MACHINE_PATH_SIZE 512
#define TIME_MACHINE_NAME_SIZE 128
#define TIME_MACHINE_TROUBLE_SIZE 128

enum time_machine_history {
	TIME_MACHINE_HISTORY_READ,
	TIME_MACHINE_HISTORY_MISSING,    /* not there (any more, or yet), or being replaced just now */
	TIME_MACHINE_HISTORY_UNREADABLE, /* damaged */
};

struct time_machine {
	char path[TIME_MACHINE_PATH_SIZE]; /* below the source */
	char name[TIME_MACHINE_NAME_SIZE]; /* the Mac's, from the bundle's name */
	uint64_t inode;                    /* of its folder: it stays when that is renamed … */
	int64_t born_ns; /* … and with its birth time (0: the file system knows none) tells it from a later one */
	bool is_backup;  /* Time Machine has left its marks: not just somebody's disk image, or a download */
	bool preparing;  /* "….incomplete": the very first backup has not begun to copy */
	enum time_machine_history history;
	int64_t completed_at_s; /* the newest backup that Time Machine reported as complete; 0: none, or not known */
	int running;            /* Results.plist: 1, 0, or -1: not known. A hint only, it may stick */
	bool verification_failed;
	bool encrypted;
	uint64_t band_bytes;                     /* 0: not known */
	char trouble[TIME_MACHINE_TROUBLE_SIZE]; /* why what is missing above is not known; "" */
};

/* time_machine_is_bundle: by its name. */
bool time_machine_is_bundle(const char *name);
/* time_machine_bundle_of: how many bytes of the path (relative, below a source) lead to a bundle, its own name included; 0: it is in none. */
size_t time_machine_bundle_of(const char *path);
/* time_machine_mac_name: "Anna's MacBook" from "folder/Anna's MacBook.sparsebundle"; without what netatalk puts behind it (_ and the network address). */
void time_machine_mac_name(const char *path, char name[TIME_MACHINE_NAME_SIZE]);

/* time_machine_find: the bundles' paths, names and numbers, in the order of their paths; the rest of each is empty. folder_fd: the source's folder. *more: there are, or may
 * be, others that are not in the list: more than TIME_MACHINE_BUNDLES_MAX, with names that can't be told (control characters, no UTF-8), or behind more folders than are
 * looked into. Cost: a listing of the folders down to TIME_MACHINE_DEPTH.
 * errors: by errno, of the source's own folder; others that can't be read are left out */
int time_machine_find(int folder_fd, struct time_machine list[TIME_MACHINE_BUNDLES_MAX], size_t *n, bool *more,
                      struct error *err);

/* time_machine_read: what the bundle at its path says now. Cost: up to four small files, a listing of its own folder. now_s (wall clock): dates more than a day ahead of it are no evidence
 * (a Mac's clock was wrong), unless there are no others. errors: none; what can't be read is said in it */
void time_machine_read(int folder_fd, int64_t now_s, struct time_machine *bundle);

/* time_machine_sweep: when was the bundle last changed, by the change times (which no client can set) of all its files? Cost: a stat of each, up to
 * TIME_MACHINE_SWEEP_MAX; 100,000 take 0.2 to 1 s. *history_s: of SnapshotHistory.plist; 0: none.
 * errors: ERR_NOT_FOUND, ERR_SYSTEM (too many), by errno */
int time_machine_sweep(int folder_fd, const char *path, int64_t *newest_s, int64_t *history_s, struct error *err);

#endif
