/* sdnotify: tells the service manager how the process is, as sd_notify(3) does; does nothing where there is none. */
#ifndef AOB_SDNOTIFY_H
#define AOB_SDNOTIFY_H

#include <stdint.h>

/* sdnotify_send: "READY=1", "STOPPING=1", "WATCHDOG=1", "RELOADING=1", "STATUS=…". Best effort, any thread.
 * source: sd_notify(3), "Standalone Implementations" */
void sdnotify_send(const char *state);

/* sdnotify_status: "STATUS=" and what the process does just now, for `systemctl status`; sent when it differs from the last. One thread. */
void sdnotify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* sdnotify_watchdog_ms: how often WATCHDOG=1 is to be sent (half of $WATCHDOG_USEC); 0: not asked for. */
int64_t sdnotify_watchdog_ms(void);

#endif
