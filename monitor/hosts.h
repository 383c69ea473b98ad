/* hosts: what `aob doctor --record` found of the machines: metrics in a file beside the run store, shown with the monitor's own. */
#ifndef AOB_MONITOR_HOSTS_H
#define AOB_MONITOR_HOSTS_H

#include <stddef.h>

#define HOSTS_FILE "doctor.prom"
#define HOSTS_MOST 65536 /* bytes that are looked at */

/* hosts_read: state: the run store's path. returns: its lines that tell aob_host_*, and no other, the caller's, free(3); NULL: there is no such file. */
char *hosts_read(const char *state);

#endif
