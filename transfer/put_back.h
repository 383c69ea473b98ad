/* put_back: files whose size and time do not tell what is in them.
 *
 * A program may change a file and put its time back (disk encryption does that to its containers), or replace it by another of the same size and time. While the
 * anchor is here, btrfs's own time of the last change, the inode and the extents tell. */
#ifndef AOB_PUT_BACK_H
#define AOB_PUT_BACK_H

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/inside.h"
#include "transfer/anchor.h"

/* put_back: the vault has a file of the size and the time of this one, and the anchor had one too, at that path or with that inode: may they differ in content all
 * the same? Then only the vault itself can tell whether it has the old or the new one. Costs a stat; and if something about the file has changed, a look at
 * its extents. A file that has another path now is only found with the right to ask btrfs for it (CAP_SYS_ADMIN).
 * in: tree: the source folder in the snapshot; file: an entry of it, read here. returns: 1: they may, 0, -1. errors: by errno
 * source: ioctl_fiemap(2); linux/btrfs.h, BTRFS_IOC_INO_LOOKUP */
int put_back(const struct anchor *anchor, struct inside *tree, const struct entry *file, struct error *err);

#endif
