/* notify_child: a program that takes a text on its standard input, for the drivers that run one. */
#ifndef AOB_MONITOR_NOTIFY_CHILD_H
#define AOB_MONITOR_NOTIFY_CHILD_H

#include <stdatomic.h>

#include "lib/error.h"

/* notify_child_run: never through a shell. What it prints is read and dropped, but for the last line of its standard error, which goes into err.
 * errors: ERR_CANCELLED (stop), ERR_SYSTEM (it ended with another status than 0, or did not end within NOTIFY_DRIVER_TRY_MS), ERR_NOT_FOUND,
 *         ERR_PERMISSION */
int notify_child_run(const char *const *argv, const char *text, const atomic_bool *stop, struct error *err);

#endif
