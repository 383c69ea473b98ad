/* flusher: brings what has arrived to the disk while more arrives: syncfs(2) in a thread of its own, at most every few seconds, so that neither a power cut
 * nor a crash costs more than that, and little is left for the sync before publishing.
 *
 * lifetime: flusher_new / flusher_destroy. threads: used by one; the thread inside touches nothing else. */
#ifndef AOB_FLUSHER_H
#define AOB_FLUSHER_H

#include <stdbool.h>

#include "lib/error.h"

struct flusher;

/* flusher_new: folder_fd: any open folder of the file system; borrowed for this call only. */
int flusher_new(int folder_fd, struct flusher **flusher, struct error *err);
void flusher_destroy(struct flusher **flusher); /* waits for a sync under way */

/* flusher_due: is it time again? flusher_ask: sync what has been written so far, without waiting for it. errors: by errno: that of a sync before */
bool flusher_due(const struct flusher *flusher);
int flusher_ask(struct flusher *flusher, struct error *err);

#endif
