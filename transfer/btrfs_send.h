/* btrfs_send: asks the kernel what differs between two read-only snapshots, without the data: BTRFS_IOC_SEND with BTRFS_SEND_FLAG_NO_FILE_DATA, in a thread
 * of its own, as the call only returns when all is written.
 *
 * lifetime: btrfs_send_open / btrfs_send_close. threads: read and close by the one that opened. source: linux/btrfs.h, btrfs_ioctl_send_args */
#ifndef AOB_BTRFS_SEND_H
#define AOB_BTRFS_SEND_H

#include <stddef.h>

#include "lib/error.h"

struct btrfs_send;

/* btrfs_send_open: from anchor to snapshot, both the open roots of read-only snapshots, which stay the caller's, open until close.
 * busy: called each second that nothing comes, as the kernel may have to read much first; -1 ends the reading.
 * errors: ERR_SYSTEM, by errno. What the kernel refuses is told by btrfs_send_close. */
int btrfs_send_open(int snapshot_fd, int anchor_fd, int (*busy)(void *context, struct error *err), void *context,
                    struct btrfs_send **send, struct error *err);

/* btrfs_send_read: context: the struct btrfs_send; as send_stream_new wants it. */
int btrfs_send_read(void *context, void *buffer, size_t size, size_t *got, struct error *err);

/* btrfs_send_close: also in the middle: the kernel then stops. errors: the kernel's own, if it failed by itself: ERR_PERMISSION without CAP_SYS_ADMIN, by errno */
int btrfs_send_close(struct btrfs_send **send, struct error *err);

#endif
