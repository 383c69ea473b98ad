/* confine: after its start this process gives up what a receiver never needs, so that a fault in it that a hostile client finds is worth little: new rights
 * (no_new_privs), files outside of the vault's root (Landlock, where the kernel has it), and running programs, talking to networks, touching other processes,
 * mounts, modules and namespaces (seccomp). docs/reliability.md and SECURITY.md tell what that stops.
 *
 * A list of what is refused, and not of what is allowed: a libc of another machine or year may use calls that nobody has heard of here, and a backup
 * that stops after an upgrade is lost for certain. source: landlock(7), seccomp(2), prctl(2) */
#ifndef AOB_CONFINE_H
#define AOB_CONFINE_H

#include <stdbool.h>

struct confined {
	bool no_new_privs, seccomp;
	int landlock; /* the version of its interface that is in force; 0: none */
};

/* confine_process: for good, for this thread and those that it starts; call before any other. root: what stays in reach, with the folder for temporary files.
 * also: another folder, to be read, or (also_written) to be taken from; NULL: none.
 * What the kernel does not have is left out. Opened files stay open. */
struct confined confine_process(const char *root, const char *also, bool also_written);

#endif
