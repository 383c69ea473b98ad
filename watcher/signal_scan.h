/* signal_scan: whether anything below a folder has changed, where no file system keeps count of it: a fingerprint of all names, sizes, times and inode numbers, made
 * in small steps, so that neither the watch nor the machine waits for it. What is changed without its size, times and number changing is not seen.
 *
 * lifetime: signal_scan_new / signal_scan_destroy. threads: one. */
#ifndef AOB_SIGNAL_SCAN_H
#define AOB_SIGNAL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define SIGNAL_SCAN_DEPTH_MAX 4096 /* folders deeper than that are left out */
#define SIGNAL_SCAN_STEP 5000      /* entries at a time: some 10 ms */
#define SIGNAL_SCAN_REST 1000      /* a pass is followed by at least so many times its own CPU time: 0.1 % of a core */

struct signal_scan;

struct signal_scan *signal_scan_new(void); /* NULL: out of memory */
void signal_scan_destroy(struct signal_scan **scan);

/* signal_scan_begin: a new pass over the folder; one under way is dropped. errors: by errno */
int signal_scan_begin(struct signal_scan *scan, int folder_fd, struct error *err);
/* signal_scan_busy: is a pass under way? */
bool signal_scan_busy(const struct signal_scan *scan);
/* signal_scan_step: a piece of it. True: the pass is done, and *fingerprint is what it found, 1 to 2^63 - 1. */
bool signal_scan_step(struct signal_scan *scan, uint64_t *fingerprint);
/* signal_scan_cost_ms: the CPU time of the last whole pass. */
int64_t signal_scan_cost_ms(const struct signal_scan *scan);

#endif
