/* send_stream: reads what BTRFS_IOC_SEND writes: a stream of commands, protocol versions 1 and 2, one change at a time. Every command's checksum, lengths
 * and paths are looked at before anything is said of it; memory is bounded by the greatest command.
 *
 * lifetime: send_stream_new / send_stream_destroy. threads: one. source: linux fs/btrfs/send.h; docs.kernel.org, "Btrfs send stream format" */
#ifndef AOB_SEND_STREAM_H
#define AOB_SEND_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

enum send_op {
	SEND_MAKE_FILE = 1,
	SEND_MAKE_FOLDER,
	SEND_MAKE_OTHER, /* symlink, fifo, socket, device */
	SEND_RENAME,     /* path becomes to */
	SEND_LINK,       /* path is a new name of what lies at to */
	SEND_UNLINK,
	SEND_RMDIR,
	SEND_EXTENT,   /* the content of a range may differ: written, cloned, punched, allocated */
	SEND_TRUNCATE, /* the size is len_bytes now */
	SEND_META      /* owner, mode, times, attributes may differ */
};

struct send_change {
	enum send_op op;
	const char *path; /* relative to the subvolume; "": its root */
	const char *to;   /* SEND_RENAME, SEND_LINK; else "" */
	uint64_t inode;   /* SEND_MAKE_*; else 0 */
	uint64_t offset_bytes, len_bytes;
};

struct send_stream;

/* send_stream_new: read: fills at most size bytes, *got 0 at the end; -1 with err. context: borrowed. Nothing is read yet. */
int send_stream_new(int (*read)(void *context, void *buffer, size_t size, size_t *got, struct error *err),
                    void *context, struct send_stream **stream, struct error *err);
void send_stream_destroy(struct send_stream **stream);

/* send_stream_next: 1: *change, its strings valid until the next call; 0: the stream's own end was met; -1.
 * errors: ERR_PROTOCOL (what and at which byte: no stream, another version, a bad checksum, cut short, …), read's own */
int send_stream_next(struct send_stream *stream, struct send_change *change, struct error *err);

#endif
