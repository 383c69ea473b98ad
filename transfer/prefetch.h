/* prefetch: a thread that opens the files of a plan a little ahead and asks the kernel to read them, so that the disk works while the files before them are sent: one after
 * the other, small files would wait for it each.
 *
 * lifetime: prefetch_new / prefetch_destroy. threads: used by one; the thread inside reads the plan through a descriptor of its own. */
#ifndef AOB_PREFETCH_H
#define AOB_PREFETCH_H

#include <stdint.h>

#include "lib/error.h"
#include "transfer/plan.h"

struct prefetch;

/* prefetch_new: of PLAN_FILES, which is complete. folder_fd: of the source folder; borrowed until destroyed. errors: ERR_SYSTEM, by errno */
int prefetch_new(struct plan *plan, int folder_fd, struct prefetch **prefetch, struct error *err);
void prefetch_destroy(struct prefetch **prefetch);

/* prefetch_done: one more file is dealt with: another one may be read ahead. */
void prefetch_done(struct prefetch *prefetch, uint64_t size_bytes);

#endif
