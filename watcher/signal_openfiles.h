/* signal_openfiles: who has files below a folder open for writing. A set that changes means work; one that stays the same does not: smbd keeps
 * the handles of a sleeping Mac open for hours. source: proc(5), /proc/PID/fd, fdinfo */
#ifndef AOB_SIGNAL_OPENFILES_H
#define AOB_SIGNAL_OPENFILES_H

#include <stddef.h>
#include <stdint.h>

struct signal_openfiles {
	size_t n;      /* handles open for writing */
	uint64_t hash; /* of the set: process, descriptor, path; 0 for none */
};

/* signal_openfiles_scan: folder: absolute, without symlinks. Handles of other users are seen only with CAP_SYS_PTRACE; this process's own are not
 * counted. Never fails: what can't be seen isn't there. */
struct signal_openfiles signal_openfiles_scan(const char *folder);

#endif
