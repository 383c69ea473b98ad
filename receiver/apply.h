/* apply: the changes of the client, put into the incoming tree. Never in place: a file may be shared with older generations by its inode, so
 * whatever changes, metadata included, is made as a new object in parts/ and renamed over the old. Each is safe to repeat. */
#ifndef AOB_APPLY_H
#define AOB_APPLY_H

#include <stdint.h>
#include <sys/stat.h>

#include "lib/entry.h"
#include "receiver/incoming.h"

/* apply_remove: path and all in it. Not there: nothing to do. errors: ERR_PROTOCOL (the root), by errno */
int apply_remove(struct incoming *incoming, const char *path, struct error *err);

/* apply_make: a folder (one that is there stays and gets the metadata), symlink, fifo or device; what lies there of another kind goes. */
int apply_make(struct incoming *incoming, const struct entry *entry, struct error *err);

/* apply_link: path becomes another name of `existing`, which is no folder. */
int apply_link(struct incoming *incoming, const char *path, const char *existing, struct error *err);

/* apply_meta: the metadata of what is there. errors: ERR_PROTOCOL: it is of another type */
int apply_meta(struct incoming *incoming, const struct entry *entry, struct error *err);

/* apply_put: parts/<part>, which has its metadata, takes its place in the tree, and is counted (tally.h) as `now`, of which type, size and inode are looked at;
 * kept_bytes: of the content of the file that is there now, in the new one's. */
int apply_put(struct incoming *incoming, const char *part, const char *path, const struct stat *now,
              uint64_t kept_bytes, struct error *err);

#endif
