/* sdnotify: tells the service manager how the process is, as sd_notify(3) does; does nothing where there is none. */
#ifndef AOB_SDNOTIFY_H
#define AOB_SDNOTIFY_H

#include <stdint.h>

/* All of it is for the one thread whose loop goes round. Nothing here waits: a manager that has much to do, as while a machine boots, may have no room for another
 * message (ten wait, by default); sdnotify_alive says it again then, as one that never hears READY=1 kills what works. */

/* sdnotify_send: "READY=1", "STOPPING=1", "RELOADING=1", …: the last one is what is said again.
 * source: sd_notify(3), "Standalone Implementations"; unix(7); net.unix.max_dgram_qlen */
void sdnotify_send(const char *state);

/* sdnotify_status: "STATUS=" and what the process does just now, for `systemctl status`; sent when it differs from the last. */
void sdnotify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* sdnotify_reloading: that the configuration is being read anew; READY=1 follows when it has been. */
void sdnotify_reloading(void);

/* sdnotify_alive: for a loop that goes round, before it waits: says again what found no room, and WATCHDOG=1, if one is due: three times in $WATCHDOG_USEC, so that one that comes a little
 * late is still more than twice as often as asked. Returns how long the loop may wait then: most_ms, or less. Without $WATCHDOG_USEC, or of another process
 * ($WATCHDOG_PID), it says nothing of that. What is stuck says nothing either. */
int64_t sdnotify_alive(int64_t most_ms);

#endif
