/* host_probe: what a program of this machine says, and no longer than it may take. For what apt, smartctl and the like know.
 *
 * threads: one at a time. */
#ifndef AOB_HOST_PROBE_H
#define AOB_HOST_PROBE_H

#include <stddef.h>
#include <stdint.h>

#define HOST_PROBE_FAILED (-1) /* not there, not allowed */
#define HOST_PROBE_LATE (-2)

/* host_probe_run: runs argv (argv[0] is looked for on PATH, /usr/sbin and /sbin) in plain English, and gives each line of its output to `line`, which may be NULL.
 * returns: its exit status; HOST_PROBE_FAILED; HOST_PROBE_LATE: it took longer than within_ms, and was ended */
int host_probe_run(const char *const *argv, uint64_t within_ms, void (*line)(void *context, const char *text),
                   void *context);

#endif
