/* monitor: the loop: hears events, asks the broker, keeps the state, wakes the server.
 *
 * It asks the broker with the same verbs as `aob`, from this one thread, and never more than one question at a time, so that it can delay nothing. The server has
 * a thread of its own and answers also while the broker is gone.
 *
 * lifetime: monitor_open / monitor_close. threads: one; SIGTERM and SIGINT are to be blocked before any thread is made, which monitor_open does. */
#ifndef AOB_MONITOR_MONITOR_H
#define AOB_MONITOR_MONITOR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/config.h"
#include "lib/error.h"

struct monitor;

/* monitor_open: config is borrowed for its life. file: stat(2) of its file from before it was read: when the broker says that it has loaded a configuration, only another file is
 * news. (Not the event's time: that is of the broker's clock, which need not be ours. Nor the event itself: each subscriber hears the last one again.)
 * errors: those of http_open, mdp_connect, mdp_client_new. */
int monitor_open(const struct config *config, const struct stat *file, struct monitor **monitor, struct error *err);
void monitor_close(struct monitor **monitor);

/* monitor_loop: until SIGTERM or SIGINT, or until the broker has taken over a new configuration.
 * out: *reload: it was the latter: the monitor is to be opened anew, with that. errors: ERR_SYSTEM */
int monitor_loop(struct monitor *monitor, bool *reload, struct error *err);

#endif
