/* signal_inotify: wakes up when something is written below a folder. A hint, fast but not the truth: it does not see writes by mmap, and only so
 * many folders can be watched; btrfs's counter sees all, later. Does not disturb access times.
 *
 * lifetime: signal_inotify_new / signal_inotify_destroy. threads: one. source: inotify(7) */
#ifndef AOB_SIGNAL_INOTIFY_H
#define AOB_SIGNAL_INOTIFY_H

#include <stdbool.h>

#include "lib/error.h"

#define SIGNAL_INOTIFY_FOLDERS_MAX 4096

struct signal_inotify;

/* signal_inotify_new: path is copied. The folders nearest to it are watched first. errors: ERR_SYSTEM, by errno */
int signal_inotify_new(const char *path, struct signal_inotify **signal, struct error *err);
void signal_inotify_destroy(struct signal_inotify **signal);

int signal_inotify_fd(const struct signal_inotify *signal); /* for poll(2) */

/* signal_inotify_take: reads what has come; true if anything was written. New folders are watched from then on. */
bool signal_inotify_take(struct signal_inotify *signal);

/* signal_inotify_all: are all folders watched? */
bool signal_inotify_all(const struct signal_inotify *signal);

#endif
