/* tree_scan: whether anything below a folder has changed, where no file system keeps count of it: a fingerprint of all names, sizes, times and inode numbers, made
 * in small steps, so that neither the watch nor the machine waits for it. What is changed without its size, times and number changing is not seen.
 *
 * lifetime: tree_scan_new / tree_scan_destroy. threads: one. */
#ifndef AOB_TREE_SCAN_H
#define AOB_TREE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define TREE_SCAN_DEPTH_MAX 4096 /* folders deeper than that are left out */
#define TREE_SCAN_STEP 5000      /* entries at a time: some 10 ms */
#define TREE_SCAN_REST 1000      /* a pass is followed by at least so many times its own CPU time: 0.1 % of a core */

struct tree_scan;

struct tree_scan *tree_scan_new(void); /* NULL: out of memory */
void tree_scan_destroy(struct tree_scan **scan);

/* tree_scan_begin: a new pass over the folder; one under way is dropped. errors: by errno */
int tree_scan_begin(struct tree_scan *scan, int folder_fd, struct error *err);
/* tree_scan_busy: is a pass under way? */
bool tree_scan_busy(const struct tree_scan *scan);
/* tree_scan_step: a piece of it. True: the pass is done, and *fingerprint is what it found, 1 to 2^63 - 1. */
bool tree_scan_step(struct tree_scan *scan, uint64_t *fingerprint);
/* tree_scan_cost_ms: the CPU time of the last whole pass. */
int64_t tree_scan_cost_ms(const struct tree_scan *scan);

/* tree_scan_all: a whole pass at once, for who waits for it. busy: NULL, or called between its steps; returns -1 (err set) to give up. errors: by errno, ERR_SYSTEM, busy's */
int tree_scan_all(int folder_fd, int (*busy)(void *context, struct error *err), void *context, uint64_t *fingerprint,
                  struct error *err);

#endif
