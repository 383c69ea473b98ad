/* sdnotify: tells the service manager how the process is, as sd_notify(3) does; does nothing where there is none. */
#ifndef AOB_SDNOTIFY_H
#define AOB_SDNOTIFY_H

#include <stdint.h>

/* sdnotify_send: "READY=1", "STOPPING=1", "WATCHDOG=1", "RELOADING=1", "STATUS=…". Best effort, any thread.
 * source: sd_notify(3), "Standalone Implementations" */
void sdnotify_send(const char *state);

/* sdnotify_status: "STATUS=" and what the process does just now, for `systemctl status`; sent when it differs from the last. One thread. */
void sdnotify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* sdnotify_reloading: that the configuration is being read anew; READY=1 follows when it has been. */
void sdnotify_reloading(void);

/* sdnotify_alive: for a loop that goes round, before it waits: says WATCHDOG=1, if one is due: three times in $WATCHDOG_USEC, so that one that comes a little
 * late is still more than twice as often as asked. Returns how long the loop may wait then: most_ms, or less. Without $WATCHDOG_USEC, or of another process
 * ($WATCHDOG_PID), it says nothing. One thread, the loop's own: what is stuck says nothing either. */
int64_t sdnotify_alive(int64_t most_ms);

#endif
