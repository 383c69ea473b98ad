/* signal_inotify: wakes up when something is written below a folder. A hint, fast but not the truth: it does not see writes by mmap, and only so
 * many folders can be watched; btrfs's counter sees all, later. Does not disturb access times.
 *
 * lifetime: signal_inotify_new / signal_inotify_destroy. threads: one. source: inotify(7) */
#ifndef AOB_SIGNAL_INOTIFY_H
#define AOB_SIGNAL_INOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define SIGNAL_INOTIFY_FOLDERS_MAX 4096

struct signal_inotify;

/* What has come since the last look. */
struct signal_told {
	bool lost;        /* there was more than the kernel could hold: anything may have been written */
	bool folders;     /* folders came, went or were renamed */
	bool others;      /* something outside of Time Machine bundles was written */
	uint64_t bundles; /* bit i: the bundle of number i was written to */
	/* Likewise, but times or attributes were set, or a handle was closed that was open for writing: smbd does both long after the last write. */
	uint64_t stirred;
};

/* signal_inotify_new: path is copied. The folders of bundles are watched before all others, the nearest first. Where the system allows no inotify any more, it tells nothing, and
 * signal_inotify_all says so. errors: ERR_SYSTEM, by errno */
int signal_inotify_new(const char *path, struct signal_inotify **signal, struct error *err);
void signal_inotify_destroy(struct signal_inotify **signal);

int signal_inotify_fd(const struct signal_inotify *signal); /* for poll(2); -1: none */

/* signal_inotify_take: reads what has come. New folders are watched from then on. */
void signal_inotify_take(struct signal_inotify *signal, struct signal_told *told);

/* signal_inotify_bundle: the path, below the source, of the bundle of that number; NULL: there is none. Borrowed until the next signal_inotify_take. A bundle's number stays as long
 * as that is there. */
const char *signal_inotify_bundle(const struct signal_inotify *signal, size_t number);

/* signal_inotify_all: are all folders watched? */
bool signal_inotify_all(const struct signal_inotify *signal);
/* signal_inotify_bundles: are all folders watched that lie in bundles, or might hold some? */
bool signal_inotify_bundles(const struct signal_inotify *signal);
/* signal_inotify_foreign: how many folders were left out because another file system or subvolume begins there. */
size_t signal_inotify_foreign(const struct signal_inotify *signal);

#endif
