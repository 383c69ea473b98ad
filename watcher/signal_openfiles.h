/* signal_openfiles: which files are open for writing, and by whom. A set that changes means work; one that stays the same does not: smbd keeps the handles of a
 * sleeping Mac open for hours. One scan of /proc serves all sources.
 *
 * A process in a container shows its own paths; there the file system's number and the bundle's name tell where a Time Machine handle belongs.
 *
 * lifetime: signal_openfiles_new / signal_openfiles_destroy. threads: one. source: proc(5), /proc/PID/fd, fdinfo */
#ifndef AOB_SIGNAL_OPENFILES_H
#define AOB_SIGNAL_OPENFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIGNAL_OPENFILES_MAX 16384 /* handles that are remembered; more are counted in `hash` of every source */
#define SIGNAL_OPENFILES_DEVICES_MAX 1024

struct signal_openfiles;

struct signal_handles {
	size_t n;      /* handles open for writing */
	uint64_t hash; /* of the set: process, descriptor, path; 0 for none */
	bool attached; /* a bundle's `lock` is open, for whatever: a Mac has its disk image mounted */
};

struct signal_openfiles *signal_openfiles_new(void); /* NULL: out of memory */
void signal_openfiles_destroy(struct signal_openfiles **files);

/* signal_openfiles_want: what lies on this device is looked at; on others it is not, so that however much is open there is nobody's business. The next scan looks again if it was
 * not wanted before. */
void signal_openfiles_want(struct signal_openfiles *files, dev_t dev);

/* signal_openfiles_scan: look again, unless the last look is younger than max_age_ms. Cost: a readlink for each descriptor of each process, 1 µs or two.
 * Handles of other users are seen only with CAP_SYS_PTRACE; this process's own are not counted. Never fails: what can't be seen isn't there. */
void signal_openfiles_scan(struct signal_openfiles *files, int64_t now_ms, int64_t max_age_ms);
/* signal_openfiles_age: how old the last look is; INT64_MAX: there was none. */
int64_t signal_openfiles_age(const struct signal_openfiles *files, int64_t now_ms);

/* signal_openfiles_of: those below `folder` (absolute, without symlinks).
 * bundle: only those in this bundle (a path below the folder); NULL: only those in no bundle; "" all
 * dev: the file system's number of the folder, to know handles from within containers; 0: do without */
struct signal_handles signal_openfiles_of(const struct signal_openfiles *files, const char *folder, const char *bundle,
                                          dev_t dev);

#endif
